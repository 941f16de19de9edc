"""The browser's text.js makes of pieces what Python's text.py makes of them."""

import json
import subprocess
from dataclasses import asdict, replace
from importlib import resources
from typing import Any

import numpy as np

from inkdigits.reading import Digit, Reading
from inkdigits.recognition.page import Pieces
from inkdigits.recognition.text import perhaps_digits, read_pieces
from pieces import RULES, opinion

TEXT_JS = resources.files("inkdigits.deploy") / "static" / "reader" / "text.js"
SCRIPT = """
const { perhapsDigits, readPieces } = await import(process.argv[1]);
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = cases.map(({ pieces, opinions, rules, hints }) => {
  const said = new Map(Object.entries(opinions).map(([place, digit]) => [Number(place), digit]));
  return [perhapsDigits(pieces), readPieces(pieces, said, rules, hints)];
});
console.log(JSON.stringify(answers));
"""
ADDED = ("number", "numbers", "model")
HINTS: list[dict[str, Any]] = [
    *({}, {}, {}, {"expect": "digit"}, {"expect": "number"}),
    *({"length": 1}, {"length": 3}, {"length": 9}, {"expect": "number", "length": 4}),
]


def test_pieces_of_any_kind_become_the_same_text(node_path: str) -> None:
    rng = np.random.default_rng(0)
    cases = [
        (
            *some_pieces(rng),
            replace(RULES, which_weight=2.0 * (number % 5 == 0)),
            HINTS[number % len(HINTS)],
        )
        for number in range(600)
    ]
    asked = [
        {
            "pieces": {name: getattr(pieces, name).tolist() for name in ("box", "kind", "line")},
            "opinions": {
                place: digit and digit.to_dict(seen=True) for place, digit in said.items()
            },
            "rules": asdict(rules),
            "hints": hints,
        }
        for pieces, said, rules, hints in cases
    ]
    command = [node_path, "--input-type=commonjs", "-e", f"(async () => {{{SCRIPT}}})()"]
    done = subprocess.run(
        [*command, str(TEXT_JS)], input=json.dumps(asked), capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    texts = set()
    answers = json.loads(done.stdout)
    for (pieces, said, rules, hints), (places, answer) in zip(cases, answers, strict=True):
        assert places == perhaps_digits(pieces).tolist()
        reading = read_pieces(pieces, said, rules, **hints)
        assert of_text_alone(reading) == rounded(answer)
        texts.add(reading and reading.text)
    assert len(texts) > 300


def some_pieces(rng: np.random.Generator) -> tuple[Pieces, dict[int, Digit | None]]:
    """Up to eight pieces of all sizes, some within others, and what is said of their crops."""
    count = int(rng.integers(0, 9))
    steps = rng.choice([24, 26, 28, 60, 90], count).cumsum()
    corner = np.stack([steps, rng.integers(0, 20, count)], 1)
    size = np.stack([rng.integers(4, 24, count), rng.integers(4, 44, count)], 1)
    kind = rng.dirichlet(np.full(20, 0.02), count) * rng.choice([0.2, 0.35, 0.9, 0.99], (count, 1))
    pieces = Pieces(
        box=np.concatenate([corner, corner + size], 1).astype(np.int32),
        kind=kind.astype(np.float32),
        crop=np.zeros((count, 64, 64), np.uint8),
        line=np.sort(rng.integers(0, 3, count)).astype(np.int32),
    )
    said: dict[int, Digit | None] = {}
    for place in perhaps_digits(pieces).tolist():
        value = int(kind[place, :10].argmax()) if rng.random() < 0.8 else int(rng.integers(10))
        said[place] = (
            opinion(value, float(rng.choice([0.5, 0.99]))) if rng.random() < 0.95 else None
        )
    return pieces, said


def of_text_alone(reading: Reading | None) -> Any:
    """Without what others add: numbers, and which model file it was."""
    if reading is None:
        return None
    answer = reading.to_dict(seen=True)
    return rounded({key: it for key, it in answer.items() if key not in ADDED})


def rounded(answer: Any) -> Any:
    """Numbers to what float32 is good for, so that a sum's order makes no difference."""
    return json.loads(json.dumps(answer), parse_float=lambda text: round(float(text), 6))
