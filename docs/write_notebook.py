"""Write docs/how-it-works.ipynb, the notebook of how-it-works.md: python docs/write_notebook.py

What its cells put out is what stands on the page, where a test holds it to what the code prints.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PAGE = Path(__file__).with_name("how-it-works.md")
NOTEBOOK = PAGE.with_suffix(".ipynb")
BLOCK = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.DOTALL)
EXERCISE = re.compile(r"(?=^\*\*\d+\. \w)", re.MULTILINE)
HERE = "# Here is room for your answer."


def notebook() -> nbformat.NotebookNode:
    """The page as a notebook, with an empty cell below each exercise."""
    cells = []
    prose, *blocks = BLOCK.split(PAGE.read_text("utf-8"))
    cells += _prose(prose)
    for code, printed, prose in zip(*[iter(blocks)] * 3, strict=True):
        outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
        cells.append(new_code_cell(code.rstrip("\n"), outputs=outputs))
        cells += _prose(prose)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # else it is random
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _prose(text: str) -> list[nbformat.NotebookNode]:
    """Cells with the text, of which exercises begin with a number and a title in bold."""
    before, *exercises = EXERCISE.split(text)
    cells = [new_markdown_cell(before.strip())] if before.strip() else []
    for exercise in exercises:
        task, *after = re.split(r"(?=^## )", exercise, flags=re.MULTILINE)
        cells += [new_markdown_cell(task.strip()), new_code_cell(HERE)]
        cells += [new_markdown_cell(section.strip()) for section in after]
    return cells


if __name__ == "__main__":
    nbformat.write(notebook(), NOTEBOOK)
