"""`digits.onnx` at work: pictures of one digit each, and whether a picture is of one alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.reading import Box, Digit
from inkdigits.recognition.fingerprint import version_of
from inkdigits.recognition.session import (
    answer_to,
    broken,
    check_contract,
    check_shares,
    model_content,
    number_in,
    open_session,
)

Grey = NDArray[np.uint8]
Outputs = dict[str, NDArray[Any]]
"""By the names of the contract, each (N, ...)."""

CONTRACT = {
    "probabilities": ("tensor(float)", 2),
    "seen": ("tensor(float)", 3),
    "box": ("tensor(int32)", 2),
    "has_ink": ("tensor(bool)", 1),
    "sure": ("tensor(bool)", 1),
}
"""Each output of a model file, with its element type and number of axes; the only input is
`picture`, uint8 (N, H, W)."""

CONTRACT_VERSION = "1"

WHICH_WEIGHT = (0, 10)
"""The least and the most; see `inkdigits.recognition.page.Rules`."""
NUMBERS = {"temperature": (1e-3, 1e3), "sure_from": (0, 1), "which_weight": WHICH_WEIGHT}
"""What a model file's metadata may say, with the least and the most of each."""

MOST_PIXELS_A_RUN = 3 * 2**18
"""Larger batches are run in parts: what a processor keeps near it is small."""
LARGE_RUN = 2**21
"""Pixels. What a larger run took is given back; below that, keeping it for the next is faster."""
PIXELS_A_PICTURE = 10_000
"""What each picture takes beside its own pixels, in pixels."""

ALONE_FROM = 0.999
"""A picture is taken for one digit from this confidence on, which most clean digits reach, and few
letters. What does not is looked at as a page, which takes longer and knows letters."""
WIDEST = 1.3
"""A digit that is wider than so many times its height may be two that touch."""
LEAST_SHARE = 1 / 8
"""A digit whose longer side is less of the picture's is seen better from near."""
CLEAN = 0.3
"""Nothing around the digit differs from the paper by more than this share of the contrast."""
INK = 0.3
"""From here on a pixel of `seen` is ink."""


class DigitsFile:
    """A model file that reads one digit in each picture; of None the one that ships.

    Raises InvalidModel: the file is missing, is not ONNX or breaks the contract.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | None,
        threads: int = 1,
        optimize: bool = True,
    ) -> None:
        self._name, content = name, _ = model_content(model, "digits.onnx")
        self._session = open_session(name, content, threads, optimize)
        self._giving_back = run_options_that_give_memory_back()
        check_contract(name, self._session, CONTRACT, CONTRACT_VERSION)
        _check_on_two_pictures(name, self._session)
        self.version = version_of(content)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        for key, (least, most) in NUMBERS.items():
            if key in self.metadata:
                number_in(name, self.metadata, key, least, most)

    def run(self, pictures: Grey) -> Iterator[tuple[int, Outputs]]:
        """All that the file says of (N, H, W), in parts: each part's first, and its outputs.

        Raises InvalidModel if it answers with what is no probability.
        """
        height, width = pictures.shape[1:]
        step = max(1, MOST_PIXELS_A_RUN // (height * width + PIXELS_A_PICTURE))
        for start in range(0, max(len(pictures), 1), step):  # of none there are outputs, too
            part = pictures[start : start + step]
            options = self._giving_back if part.size > LARGE_RUN else None
            values = self._session.run(list(CONTRACT), {"picture": part}, options)
            outputs = dict(zip(CONTRACT, values, strict=True))
            answers = outputs["probabilities"][outputs["has_ink"]]
            check_shares(self._name, "probabilities", answers)
            yield start, outputs

    def read(self, pictures: Grey) -> Iterator[Digit | None]:
        """The digit in each of (N, H, W); None where nothing is written."""
        for _, outputs in self.run(pictures):
            for row in range(len(outputs["has_ink"])):
                yield _digit({name: values[row] for name, values in outputs.items()})


def _digit(outputs: Outputs) -> Digit | None:
    if not outputs["has_ink"]:
        return None
    value = int(outputs["probabilities"].argmax())
    x0, y0, x1, y1 = map(int, outputs["box"])
    probabilities = tuple(outputs["probabilities"].tolist())
    seen = outputs["seen"].copy()  # so that it does not hold on to the batch it was part of
    seen.flags.writeable = False
    return Digit(
        value, probabilities[value], bool(outputs["sure"]), (x0, y0, x1, y1), probabilities, seen
    )


def is_alone(picture: Grey, digit: Digit) -> bool:
    """Whether a picture (H, W) surely holds that one digit and nothing else.

    Its ink is one connected piece, as two digits and a digit with a point never are unless they
    touch, and there is nothing but clean paper around its box.
    """
    x0, y0, x1, y1 = digit.box
    width, height = x1 - x0, y1 - y0
    return (
        digit.sure
        and digit.confidence >= ALONE_FROM
        and width <= WIDEST * height
        and max(width, height) >= LEAST_SHARE * max(picture.shape)
        and is_clean_around(picture, digit.box)
        and _is_connected(digit.seen > INK)
    )


def is_clean_around(picture: Grey, box: Box) -> bool:
    """Whether there is nothing but clean paper around a box in a picture (H, W)."""
    x0, y0, x1, y1 = box
    step = max(picture.shape) // 48 + 1
    paper = float(np.median(picture[::step, ::step]))

    def farthest(part: Grey) -> float:
        return max(int(part.max()) - paper, paper - int(part.min()))

    contrast = farthest(picture[y0:y1, x0:x1])
    soft = round(0.03 * max(x1 - x0, y1 - y0)) + 1
    around = picture.copy()
    around[max(y0 - soft, 0) : y1 + soft, max(x0 - soft, 0) : x1 + soft] = round(paper)
    return farthest(around) <= CLEAN * contrast


def _is_connected(ink: NDArray[np.bool_]) -> bool:
    """Whether all ink (28, 28) is one piece; diagonals connect."""
    width = 32  # bits: no row's end is next to the start of another
    pixels = int.from_bytes(np.packbits(ink, axis=1).tobytes(), "big")
    before, reached = 0, pixels & -pixels
    while reached != before:
        before = reached
        reached |= reached << 1 | reached >> 1
        reached |= reached << width | reached >> width
        reached &= pixels
    return reached == pixels


def run_options_that_give_memory_back() -> Any:
    """For a run that takes much memory."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _check_on_two_pictures(name: str, session: Any) -> None:
    """Raise InvalidModel unless the model does what its contract says on two small pictures, and on
    two of another size."""
    probe = np.full((2, 9, 7), 255, np.uint8)
    probe[:, 2:7, 3] = 0
    _check_on(name, session, probe, [3, 2, 4, 7])
    larger = probe.repeat(5, axis=1).repeat(6, axis=2)
    _check_on(name, session, larger, [18, 10, 24, 35])


def _check_on(name: str, session: Any, probe: Grey, box: list[int]) -> None:
    values = dict(zip(CONTRACT, answer_to(name, session, list(CONTRACT), probe), strict=True))
    shapes = {"probabilities": (2, 10), "seen": (2, 28, 28), "box": (2, 4)}
    for output in CONTRACT:
        shape = shapes.get(output, (2,))
        if values[output].shape != shape:
            raise broken(
                name, f"for two pictures {output} must be {shape}, and is {values[output].shape}"
            )
    probabilities = values["probabilities"]
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or (probabilities < 0).any():
        raise broken(name, "its probabilities do not sum to 1")
    if not values["has_ink"].all() or (values["box"] != box).any():
        raise broken(name, "it does not find the ink in two small pictures")
