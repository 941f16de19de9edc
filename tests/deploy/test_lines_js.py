"""The browser's lines.js puts pieces on the lines on which Python's lines.py puts them."""

import json
import subprocess
from importlib import resources

import numpy as np

from inkdigits.recognition.lines import in_lines
from inkdigits.recognition.page import Pieces

LINES_JS = resources.files("inkdigits.deploy") / "static" / "reader" / "lines.js"
SCRIPT = """
const { inLines } = await import(process.argv[1]);
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = cases.map((it) => inLines({ ...it, crop: Uint8Array.from(it.crop) }));
console.log(JSON.stringify(answers.map((it) => ({ ...it, crop: [...it.crop] }))));
"""


def test_pieces_of_sloping_pages_are_on_the_same_lines(node_path: str) -> None:
    rng = np.random.default_rng(0)
    cases = [some_page(rng) for _ in range(150)]
    asked = [{name: getattr(pieces, name).tolist() for name in FIELDS} for pieces in cases]
    command = [node_path, "--input-type=commonjs", "-e", f"(async () => {{{SCRIPT}}})()"]
    done = subprocess.run(
        [*command, str(LINES_JS)], input=json.dumps(asked), capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    moved = 0
    for pieces, answer in zip(cases, json.loads(done.stdout), strict=True):
        expected = in_lines(pieces)
        assert {name: getattr(expected, name).tolist() for name in FIELDS} == answer
        moved += expected is not pieces
    assert 40 < moved < 140


FIELDS = ("box", "kind", "crop", "line")


def some_page(rng: np.random.Generator) -> Pieces:
    """Rows of digits and marks that go up or down, or do not; a crop is one pixel here."""
    rows, columns = rng.integers(0, 5), rng.integers(1, 14)
    slope = rng.uniform(-0.15, 0.15) * (rng.random() < 0.7)
    x, y = (at.ravel() for at in np.meshgrid(np.arange(columns) * 50, np.arange(rows) * 70))
    count = x.size
    high = rng.choice([6, 28, 30, 34], count, p=[0.1, 0.3, 0.3, 0.3])
    top = y + slope * x + rng.normal(0, 3, count) + 40 - high
    box = np.stack([x, top, x + rng.integers(5, 30, count), top + high], 1).astype(np.int32)
    kind = rng.dirichlet(np.full(20, 0.1), count) * rng.choice(
        [0.25, 0.9], (count, 1), p=[0.1, 0.9]
    )
    return Pieces(
        box=box,
        kind=kind.astype(np.float32),
        crop=rng.integers(0, 256, (count, 1, 1)).astype(np.uint8).reshape(count),
        line=y.astype(np.int32) // 70,
    )
