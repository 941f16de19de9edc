"""Pieces of writing made by hand, and a page.onnx that says them of any picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from handwriting import written
from inkdigits.reading import Box, Digit
from inkdigits.recognition.page import MARKS, PAGE_CONTRACT, Pieces, Rules

RULES = Rules(piece_from=0.4, sure_from=0.9, mark_sure_from=0.8, space=0.6, digits_weight=0.5)
OTHER = "?"
"""Stands for other writing."""


@dataclass(frozen=True)
class Piece:
    """One piece: what it says, where, and how likely it is there at all."""

    sign: str
    box: Box
    score: float = 0.98
    line: int = 0
    rival: str = ""
    """Another sign that is nearly as likely."""

    def kind(self) -> np.ndarray:
        shares = np.full(20, 0.0005)
        shares[_place(self.sign)] = 1.0
        if self.rival:
            shares[_place(self.rival)] = 0.8
        return self.score * shares / shares.sum()


def _place(sign: str) -> int:
    return ("0123456789" + MARKS + OTHER).index(sign)


def row(text: str, x: int = 10, y: int = 20, gap: int = 6, line: int = 0) -> list[Piece]:
    """Digits 20 wide and 40 high, `gap` apart; a space adds 40, marks are 6 wide and low."""
    pieces = []
    for sign in text:
        if sign == " ":
            x += 40
            continue
        wide = 20 if sign.isdigit() or sign in "+×÷=" + OTHER else 6
        top = y if wide == 20 else y + 32
        pieces.append(Piece(sign, (x, top, x + wide, y + 40), line=line))
        x += wide + gap
    return pieces


def _crop(sign: str) -> np.ndarray:
    return written(int(sign), 64) if sign.isdigit() else np.full((64, 64), 255, np.uint8)


def pieces_of(pieces: Sequence[Piece]) -> Pieces:
    return Pieces(
        box=np.array([piece.box for piece in pieces], np.int32).reshape(-1, 4),
        kind=np.array([piece.kind() for piece in pieces], np.float32).reshape(-1, 20),
        crop=np.array([_crop(piece.sign) for piece in pieces], np.uint8).reshape(-1, 64, 64),
        line=np.array([piece.line for piece in pieces], np.int32),
    )


def opinion(value: int, confidence: float = 0.999) -> Digit:
    """What `digits.onnx` says of a crop."""
    rest = (1 - confidence) / 9
    probabilities = tuple(confidence if other == value else rest for other in range(10))
    seen = np.ones((28, 28), np.float32)
    return Digit(value, confidence, confidence > 0.95, (9, 9, 55, 55), probabilities, seen)


def page_file(pieces: Pieces, **metadata: str | None) -> bytes:
    """A page.onnx that finds these pieces in any picture; None leaves a metadatum out."""
    values = {
        name: getattr(pieces, name).astype(
            {"box": "i4", "kind": "f4", "crop": "u1"}.get(name, "i4")
        )
        for name in PAGE_CONTRACT
    }
    nodes = [
        helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(value))
        for name, value in values.items()
    ]
    outputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
        )
        for name, value in values.items()
    ]
    picture = helper.make_tensor_value_info("picture", TensorProto.UINT8, ["H", "W"])
    graph = helper.make_graph(nodes, "page", [picture], outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    said = {
        "contract": "page 1",
        "piece_from": "0.4",
        "sure_from": "0.9",
        "mark_sure_from": "0.8",
        "space": "0.6",
        "digits_weight": "0.5",
        "most_pieces": "1000",
        **metadata,
    }
    helper.set_model_props(model, {key: text for key, text in said.items() if text is not None})
    return model.SerializeToString()
