"""docs/deployment.md: its variables, its files, its code."""

import re
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

import inkdigits
from handwriting import png, written
from runnable import missing_targets

PAGE = Path(__file__).parents[1] / "docs" / "deployment.md"


def test_every_variable_that_the_source_reads_is_named() -> None:
    sources = Path(inkdigits.__file__).parent.rglob("*.py")
    read = {name for file in sources for name in re.findall(r"INKDIGITS_[A-Z_]+", file.read_text())}
    assert "INKDIGITS_MODEL" in read
    assert read <= set(re.findall(r"`(INKDIGITS_[A-Z_]+)`", PAGE.read_text()))


def test_the_files_that_it_names_are_there() -> None:
    assert not missing_targets(PAGE)


def test_the_app_is_mounted_in_another_as_it_says() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    client = TestClient(names["app"])
    page = client.get("/ink/")
    [script] = re.findall(r'<script type="module" src="([^"]+)"', page.text)
    assert client.get(f"/ink/{script}").status_code == 200
    assert client.post("/ink/api/read", content=png(written(7))).json()["text"] == "7"
    assert 'path="/api/read",status="200"} 1.0' in client.get("/ink/metrics").text
