"""Reader: a model file in, Readings out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from inkdigits.errors import InkDigitsError, NoInk
from inkdigits.picture import PictureSource, read_picture, stack_of
from inkdigits.picture.sources import exists, shown
from inkdigits.reading import Digit, Expect, Mark, Reading, check_hints
from inkdigits.recognition import views
from inkdigits.recognition.digits import (
    CONTRACT,
    MOST_PIXELS_A_RUN,
    DigitsFile,
    Grey,
    is_alone,
    is_clean_around,
)
from inkdigits.recognition.lines import in_lines
from inkdigits.recognition.looks import Look, agreed, likeliest
from inkdigits.recognition.page import PageFile, Pieces, Rules
from inkdigits.recognition.text import is_as_expected, perhaps_digits

LARGEST, GLANCE = 1600, 560
"""A picture is read at a size at which its longer side is at most so many pixels, and looked at for
a single digit at the second."""
ONE_PICTURE = (str, bytes, bytearray, memoryview, os.PathLike, Image.Image)
"""What is no collection of pictures, though some of it can be iterated over."""
TURNED_FROM = 0.75
"""A page is read turned if at least this share of what is on it is sure then."""
AT_ONCE = 24
"""So many pieces say which way a page lies; the rest is then looked at only that way."""
TELLING = {1: "23457", 2: "347", 3: "23457"}
"""Digits that are none if the page lies otherwise by so many quarters: nobody can tell 9181 from
1816 turned, and many a 2 or 5 is one upside down. Two of them, if sure, tell how a page lies."""

WIDTHS = 0.85, 1.15
"""A doubtful picture is seen so many times as wide, too, and the likeliest digits count."""
MOST_PIECES = 100
"""With more of them, that would take too long."""


class Reader:
    """Reads handwritten digits: one in a picture, or numbers on a page.

    Threads may share one Reader. Loading the model takes some milliseconds: make one Reader and
    keep it.

    Args:
        model: a model file's path or its bytes, or the folder of a training run or of versions; the
            model that ships if left out.
        threads: how many threads ONNX Runtime uses for one picture or batch.
        optimize: let ONNX Runtime fuse operations first; without it, loading is quicker and
            reading slower, which is right for a process that reads a few pictures and ends.
        page: the model file that finds what is written where; the one that ships if left out. It
            is loaded when it is first needed.
        isolate: decode every picture file in a process of its own, as is right for files of
            strangers: one of which a decoder dies, or takes over 1.5 seconds or 1.5 GB, is no
            more than an UnreadablePicture. Arrays and PIL images are decoded already.

    Raises:
        InvalidModel: the file is missing, is not ONNX or breaks the model file's contract.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | None = None,
        threads: int = 1,
        *,
        optimize: bool = True,
        page: str | os.PathLike[str] | bytes | None = None,
        isolate: bool = False,
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}; it must be 1 or more.")
        self._arguments: dict[str, Any] = {
            "model": model,
            "threads": threads,
            "optimize": optimize,
            "page": page,
            "isolate": isolate,
        }
        self._decode = partial(read_picture, isolate=isolate)
        if isolate:
            from inkdigits.picture.apart import start_ahead  # imports subprocess

            start_ahead()  # while the model is loaded
        self._digits = DigitsFile(model, threads, optimize)
        self.metadata = self._digits.metadata

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, as for another process, opens the same model files anew."""
        return partial(type(self), **self._arguments), ()

    def read(
        self, picture: PictureSource, *, expect: Expect = None, length: int | None = None
    ) -> Reading:
        """Read what is written in one picture: a digit, a number, or lines of numbers.

        Args:
            picture: a path, bytes, a file object, a base64 string, a data URL, a PIL image or
                an array (see `inkdigits.picture.read_picture`).
            expect: "digit" if it holds one digit: the largest and clearest is read, and the rest
                is skipped; "number" if it holds one number, of which no gap makes two. What turns
                out otherwise is read as well as it goes, and not sure.
            length: how many digits it holds, if that is known.

        Raises:
            UnreadablePicture: it is not a picture, or is too large.
            NoInk: nothing is written in it.
            ValueError: `expect` and `length` are not possible, or not together.
        """
        return self.read_array(self._decode(picture), expect=expect, length=length)

    def read_array(
        self, picture: Grey, *, expect: Expect = None, length: int | None = None
    ) -> Reading:
        """Read a grey picture (H, W) that `read_picture` has decoded; see `read`."""
        check_hints(expect, length)
        [result] = self._read_batch([picture], expect, length)
        if isinstance(result, InkDigitsError):
            raise result
        return result

    @overload
    def read_many(
        self,
        pictures: Iterable[PictureSource],
        batch_size: int = ...,
        *,
        errors: Literal["raise"] = ...,
        expect: Expect = ...,
        length: int | None = ...,
    ) -> Iterator[Reading]: ...

    @overload
    def read_many(
        self,
        pictures: Iterable[PictureSource],
        batch_size: int = ...,
        *,
        errors: Literal["return"],
        expect: Expect = ...,
        length: int | None = ...,
    ) -> Iterator[Reading | InkDigitsError]: ...

    def read_many(
        self,
        pictures: Iterable[PictureSource],
        batch_size: int = 64,
        *,
        errors: Literal["raise", "return"] = "raise",
        expect: Expect = None,
        length: int | None = None,
    ) -> Iterator[Reading | InkDigitsError]:
        """Read any number of pictures, in order, holding one batch in memory at a time.

        Args:
            pictures: any iterable of what `read` takes; it is consumed as readings are taken.
            batch_size: how many pictures are decoded at a time; those of one shape run together.
            errors: "raise" stops at the first picture that cannot be read, and says which it is,
                counted from 0; "return" gives its error in the place of its reading and goes on.
                What is no picture by its type, and what the iterable itself raises, always stops.
            expect, length: what each picture holds; see `read`.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be 1 or more.")
        if errors not in ("raise", "return"):
            raise ValueError(f'errors is {errors!r}; it must be "raise" or "return".')
        check_hints(expect, length)
        if isinstance(pictures, ONE_PICTURE) or hasattr(pictures, "read"):
            raise TypeError(
                "read_many takes several pictures, such as a list, and "
                f"{type(pictures).__name__} is one. Give it as [picture], or to read."
            )
        return self._read_all(pictures, batch_size, errors == "raise", expect, length)

    def predict(self, pictures: ArrayLike) -> NDArray[np.int64]:
        """The digit in each of `pictures` (N, H, W), as (N,) integers; see `predict_proba`."""
        digits: NDArray[np.int64] = self.predict_proba(pictures).argmax(axis=1)
        return digits

    def predict_proba(self, pictures: ArrayLike) -> NDArray[np.float32]:
        """The calibrated probabilities (N, 10) of `pictures` (N, H, W), one digit each.

        Raises:
            UnreadablePicture: the array's shape or values are not those of pictures.
            NoInk: some of the pictures are blank; the message names the first.
        """
        array = stack_of(pictures)
        probabilities = np.empty((len(array), 10), np.float32)
        for start, outputs in self._digits.run(array):
            blank = np.flatnonzero(~outputs["has_ink"])
            if blank.size:
                raise NoInk(f"Nothing is written in picture {start + blank[0]}. Leave it out.")
            probabilities[start : start + len(outputs["probabilities"])] = outputs["probabilities"]
        return probabilities

    def outputs(self, pictures: ArrayLike) -> dict[str, NDArray[Any]]:
        """All that the model file says of `pictures` (N, H, W), by the names of its contract.

        probabilities (N, 10), seen (N, 28, 28), box (N, 4), has_ink (N,) and sure (N,). Where
        has_ink is False, the rest means nothing.

        Raises:
            UnreadablePicture: the array's shape or values are not those of pictures.
        """
        parts = [outputs for _, outputs in self._digits.run(stack_of(pictures))]
        return {name: np.concatenate([part[name] for part in parts]) for name in CONTRACT}

    @cached_property
    def _page(self) -> PageFile:
        page, threads, optimize = (self._arguments[it] for it in ("page", "threads", "optimize"))
        return PageFile(page, threads, optimize)

    def _read_all(
        self,
        pictures: Iterable[PictureSource],
        batch_size: int,
        stops: bool,
        expect: Expect,
        length: int | None,
    ) -> Iterator[Reading | InkDigitsError]:
        """As `read_many`; the first error `stops` it, and says in which picture it was."""
        paths: deque[str] = deque()  # of those whose results are still to come
        results = (
            result
            for batch in _batches(map(self._decoded, _noted(pictures, paths)), batch_size)
            for result in self._read_batch(batch, expect, length)
        )
        for number, result in enumerate(results):
            path = paths.popleft()
            if stops and isinstance(result, InkDigitsError):
                path = f", {path}" if path and path not in str(result) else ""
                result.args = (f"Picture {number}{path}: {result}",)
                raise result
            yield result

    def _decoded(self, picture: PictureSource) -> Grey | InkDigitsError:
        try:
            return self._decode(picture)
        except InkDigitsError as error:
            return error

    def _read_batch(
        self, batch: Sequence[Grey | InkDigitsError], expect: Expect, length: int | None
    ) -> list[Reading | InkDigitsError]:
        """Read each picture of the batch, and keep their order.

        All are looked at for a single digit first, those of one shape together.
        """
        results: dict[int, Reading | InkDigitsError] = {}
        by_shape: dict[tuple[int, ...], list[tuple[int, Grey, Grey]]] = {}
        for place, picture in enumerate(batch):
            if isinstance(picture, InkDigitsError):
                results[place] = picture
            else:
                glance = views.reduced(picture, GLANCE)
                by_shape.setdefault(glance.shape, []).append((place, picture, glance))
        for group in by_shape.values():
            digits = self._digits.read(np.stack([glance for _, _, glance in group]))
            for (place, picture, glance), digit in zip(group, digits, strict=True):
                is_one = digit and length in (None, 1) and is_alone(glance, digit)
                alone = views.scaled(_of_one(digit), GLANCE, picture) if digit else None
                results[place] = (
                    alone if alone and is_one else self._read_page(picture, alone, expect, length)
                )
        return [self._signed(results[place]) for place in range(len(batch))]

    def _signed(self, result: Reading | InkDigitsError) -> Reading | InkDigitsError:
        """With the version that read it."""
        if isinstance(result, InkDigitsError):
            return result
        return replace(result, model=self._digits.version)

    def _read_page(
        self, picture: Grey, at_a_glance: Reading | None, expect: Expect, length: int | None
    ) -> Reading | NoInk:
        """Read a picture of anything (H, W); `at_a_glance` is what it is if it is one digit."""
        small = views.reduced(picture, LARGEST)
        look = self._look(small)
        pieces, reading = look.pieces, look.read(self._rules, expect, length)
        # It may lie on its side if most of what is on it is not sure.
        if expect != "digit" and len(pieces.box) > 1 and _share_sure(reading) <= 0.5:
            reading = self._turned(small, pieces, reading, expect, length)
        is_doubtful = reading and reading.digits and not reading.sure and not reading.turned
        if reading and is_doubtful and expect != "digit" and len(pieces.box) <= MOST_PIECES:
            reading = self._of_most(small, look, reading, expect, length)
        if reading:
            believed = reading if is_as_expected(reading, expect, length) else reading.doubted()
            return views.scaled(believed, LARGEST, picture)
        if at_a_glance:
            [digit] = at_a_glance.digits
            if len(pieces.box) or digit.sure or is_clean_around(picture, digit.box):
                # There is ink, too odd for the page's file.
                return at_a_glance.doubted()
        return NoInk(
            "Nothing is written in the picture. Write digits, dark on light or light on dark."
        )

    @property
    def _rules(self) -> Rules:
        return self._page.rules.beside(self.metadata)

    def _look(self, picture: Grey, most: int | None = None) -> Look:
        """At the picture, or at most so many pieces of it."""
        pieces = in_lines(self._page(picture)).first(most)
        places = perhaps_digits(pieces)
        opinions = zip(places.tolist(), self._digits.read(pieces.crop[places]), strict=True)
        return Look(pieces, dict(opinions))

    def _of_most(
        self, picture: Grey, look: Look, reading: Reading, expect: Expect, length: int | None
    ) -> Reading:
        """The doubtful reading, which is sure if it is nearly so in other widths, too; or one of
        another width if these are likelier."""
        rules = self._rules.nearly()
        readings, nearly = [reading], [look.read(rules, expect, length)]
        for share in WIDTHS:
            other = self._look(views.stretched(picture, share)).read(rules, expect, length)
            nearly.append(other)
            if other:
                readings.append(views.narrowed(other, share, picture).doubted())
        return agreed(nearly) or likeliest(readings)

    def _turned(
        self,
        picture: Grey,
        pieces: Pieces,
        reading: Reading | None,
        expect: Expect,
        length: int | None,
    ) -> Reading | None:
        """What is read if the page is turned, if that is far clearer, or else the same reading."""
        # Signs that lie on their side are taken for others, or several for one: looked at anew.
        is_small = len(pieces.box) <= AT_ONCE
        part = picture if is_small else picture[: pieces.box[:AT_ONCE, 3].max()]

        def turned(picture: Grey, quarters: int, most: int | None = None) -> Reading | None:
            look = self._look(views.turned_upright(picture, quarters), most)
            return look.read(self._rules, expect, length)

        shares = {quarters: _share_sure(turned(part, quarters, AT_ONCE)) for quarters in (2, 1, 3)}
        best = max(shares, key=lambda quarters: shares[quarters])
        better = turned(picture, best) if shares[best] >= TURNED_FROM else None
        if (
            better is None
            or _share_sure(better) < TURNED_FROM
            or (reading and better.confidence <= reading.confidence)
            or sum(digit.sure and str(digit.value) in TELLING[best] for digit in better.digits) < 2
        ):
            return reading
        return views.turned_back(better, best, picture)


def _noted(pictures: Iterable[PictureSource], paths: deque[str]) -> Iterator[PictureSource]:
    """The pictures; as each is taken, `paths` gets its path, or "" if it has none."""
    for picture in pictures:
        is_path = isinstance(picture, os.PathLike) or (isinstance(picture, str) and exists(picture))
        paths.append(shown(str(picture)) if is_path else "")
        yield picture


def _batches(
    pictures: Iterator[Grey | InkDigitsError], batch_size: int
) -> Iterator[list[Grey | InkDigitsError]]:
    """Decoded pictures, at most `batch_size` at a time and fewer if they are large."""
    batch: list[Grey | InkDigitsError] = []
    pixels = 0
    for picture in pictures:
        batch.append(picture)
        pixels += 0 if isinstance(picture, InkDigitsError) else picture.size
        if len(batch) == batch_size or pixels >= MOST_PIXELS_A_RUN:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _of_one(digit: Digit) -> Reading:
    return Reading(str(digit.value), digit.confidence, digit.sure, (digit,))


def _share_sure(reading: Reading | None) -> float:
    """The share of sure signs among all that are there."""
    if reading is None:
        return 0
    signs: list[Digit | Mark] = [*reading.digits, *reading.marks]
    return sum(sign.sure for sign in signs) / max(len(signs) + len(reading.skipped), 1)
