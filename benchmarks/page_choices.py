"""What the choices in `page.onnx` and around it buy: how closely it looks, what its crops are
worth, in which widths a doubtful picture is seen.

    python benchmarks/page_choices.py RUN --real FOLDER

RUN is what `inkdigits train page --out RUN` leaves, with its checkpoint; FOLDER holds labelled
pictures, as of `real_pictures.py`. Each row changes one choice in what ships and nothing else; a
column is the share of pictures in each folder of which all digits are read right, then the
milliseconds that a picture takes on one thread (mean), and of all how many are sure, and sure and
wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import inkdigits.reader
from inkdigits import InkDigitsError, Reader
from inkdigits.modelfile.build import Facts
from inkdigits.recognition import page
from inkdigits.training.page_export import network_of_run, page_model
from real_pictures import Judged, answer_of, rows_of

CHOICES: dict[str, dict[str, float]] = {
    "as it ships": {},
    "digits 22 px high": {"height": 22.0},
    "digits 26 px high": {"height": 26.0},
    "digits 36 px high": {"height": 36.0},
    "digits 44 px high": {"height": 44.0},
    "the first look at 192 px": {"first": 192.0},
    "the first look at 256 px": {"first": 256.0},
    "the first look reduces as it likes": {"reduced": 100.0},
    "one look": {"looks": 1},
    "two looks": {"looks": 2},
    "boxes may overlap by 0.5": {"overlap": 0.5},
    "boxes may overlap by 0.65": {"overlap": 0.65},
    "pieces from a score of 0.5 on": {"piece_from": 0.5},
    "pieces from a score of 0.6 on": {"piece_from": 0.6},
    "pieces from a score of 0.8 on": {"piece_from": 0.8},
    "ink need not be its own": {"own": 1e-6},
    "the crops count for nothing": {"digits_weight": 0.0},
    "the crops count a quarter": {"digits_weight": 0.25},
    "the crops count as much": {"digits_weight": 1.0},
    "the doubtful in their own width alone": {},
    "the doubtful in 0.7 and 1.3, too": {},
    "widths that agree make nothing sure": {},
    "they do from 4 times the doubt on": {},
}
WIDTHS: dict[str, tuple[float, ...]] = {
    "the doubtful in their own width alone": (),
    "the doubtful in 0.7 and 1.3, too": (0.7, 0.85, 1.15, 1.3),
}
"""In which a doubtful picture is seen beside its own, where that is another choice."""
NEARLY = {"widths that agree make nothing sure": 0.0, "they do from 4 times the doubt on": 4.0}
"""How much less sure the widths may be that agree, likewise."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--only", default="", help="only the choices with this in their names")
    options = parser.parse_args()
    network, ships, rules = network_of_run(options.run)
    rows = rows_of(options.real)
    print(f"{'':38}" + "".join(f"{name:>10}" for name in rows) + "      ms   sure  sure and wrong")
    for name, changed in CHOICES.items():
        if options.only not in name:
            continue
        of_rules = {key: value for key, value in changed.items() if key in rules}
        look = replace(ships, **{k: v for k, v in changed.items() if k not in rules})  # type: ignore[arg-type]
        model = page_model(network, Facts("page", "0"), look, {**rules, **of_rules})
        reader = Reader(page=model.SerializeToString())
        line, judged, start = f"{name:38}", [], time.perf_counter()
        for pictures in rows.values():
            widths = WIDTHS.get(name, inkdigits.reader.WIDTHS)
            nearly = NEARLY.get(name, page.NEARLY)
            with (
                mock.patch.object(inkdigits.reader, "WIDTHS", widths),
                mock.patch.object(page, "NEARLY", nearly),
            ):
                answers = [Judged(p, answer_of(reader, p.path)) for p in pictures]
            judged += answers
            line += f"{sum(a.right for a in answers) / len(answers):9.1%} "
        each = (time.perf_counter() - start) / len(judged) * 1000
        sure = [answer for answer in judged if answer.answer.sure]
        wrong = sum(not answer.right for answer in sure)
        print(f"{line}{each:7.1f} {len(sure):6} {wrong:6}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
