"""`page.onnx` at work: a picture of anything -> pieces of writing in reading order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from inkdigits.recognition.digits import (
    LARGE_RUN,
    WHICH_WEIGHT,
    Grey,
    run_options_that_give_memory_back,
)
from inkdigits.recognition.session import (
    answer_to,
    broken,
    check_contract,
    check_shares,
    model_content,
    number_in,
    open_session,
)

PAGE_CONTRACT = {
    "box": ("tensor(int32)", 2),
    "kind": ("tensor(float)", 2),
    "crop": ("tensor(uint8)", 3),
    "line": ("tensor(int32)", 1),
}
"""Each output of the file, with its element type and number of axes; the only input is `picture`,
uint8 (H, W)."""

PAGE_CONTRACT_VERSION = "page 1"

MARKS = ".,-+×÷/=:"
"""The kinds of piece: ten digits, these marks in this order, other writing."""

NEARLY = 2.5
"""Where several looks agree, a digit may in each of them be wrong so many times as likely as one
that is sure at the first."""


@dataclass(frozen=True)
class Pieces:
    """What is written in a picture, piece by piece in reading order; also what is hardly there."""

    box: NDArray[np.int32]
    """(K, 4) x0, y0, x1, y1 in the picture's pixels; x1 and y1 are exclusive."""
    kind: NDArray[np.float32]
    """(K, 20) how likely it is each kind; a row sums to how likely there is a piece at all."""
    crop: Grey
    """(K, 64, 64) the piece alone, dark on white."""
    line: NDArray[np.int32]
    """(K,) from 0."""

    def first(self, most: int | None) -> Pieces:
        """At most so many of them; all for None."""
        return Pieces(self.box[:most], self.kind[:most], self.crop[:most], self.line[:most])


@dataclass(frozen=True)
class Rules:
    """What the file says of how its pieces become a text; shares are in 0..1."""

    piece_from: float
    """From this score on a piece belongs to the text."""
    sure_from: float
    """From this confidence on a digit is sure."""
    mark_sure_from: float
    """From this confidence on a mark is sure."""
    space: float
    """A gap that is less of the digits' height never parts two numbers."""
    digits_weight: float
    """Of what `digits.onnx` says of a crop, against what this file says of the piece."""
    most_pieces: float = 1000
    """If there are more, only the best are given."""
    which_weight: float = 0.0
    """As `digits_weight`, if it is more, between the ten digits alone: a `digits.onnx` that has
    learned from corrections knows better which digit it is, though not whether it is one."""

    def beside(self, digits: Mapping[str, str]) -> Rules:
        """The same beside a `digits.onnx` that has these metadata."""
        return replace(self, which_weight=float(digits.get("which_weight", self.which_weight)))

    def nearly(self) -> Rules:
        """The same for several looks at one picture that agree: each may be less sure."""
        return replace(self, sure_from=1 - NEARLY * (1 - self.sure_from))


RANGES = {"most_pieces": (1, 10**6), "which_weight": WHICH_WEIGHT}
"""The least and the most of what is no share, which is in 0..1."""


class PageFile:
    """A model file that finds what is written on a page; of None the one that ships.

    Raises InvalidModel: the file is missing, is not ONNX or breaks the contract.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | None,
        threads: int = 1,
        optimize: bool = True,
    ) -> None:
        self._name, content = name, _ = model_content(model, "page.onnx")
        self._session = open_session(name, content, threads, optimize)
        self._giving_back = run_options_that_give_memory_back()
        check_contract(name, self._session, PAGE_CONTRACT, PAGE_CONTRACT_VERSION, ("H", "W"))
        answer_to(name, self._session, list(PAGE_CONTRACT), np.full((8, 8), 255, np.uint8))
        self.rules = _rules(name, self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, picture: Grey) -> Pieces:
        """The pieces in a grey picture (H, W).

        Raises InvalidModel if the file answers with what is no probability.
        """
        options = self._giving_back if picture.size > LARGE_RUN // 4 else None
        values = self._session.run(list(PAGE_CONTRACT), {"picture": picture}, options)
        pieces = Pieces(**dict(zip(PAGE_CONTRACT, values, strict=True)))
        check_shares(self._name, "kind", pieces.kind)
        return pieces


def _rules(name: str, metadata: dict[str, str]) -> Rules:
    known = [field.name for field in fields(Rules) if field.name in metadata]
    try:
        return Rules(
            **{key: number_in(name, metadata, key, *RANGES.get(key, (0, 1))) for key in known}
        )
    except TypeError as error:
        raise broken(name, f"its metadata do not say what makes a text ({error})") from error
