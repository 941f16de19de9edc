"""Reader: a model file in, Readings out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkdigits.errors import InkDigitsError, NoInk, UnreadablePicture
from inkdigits.ink_network import InkNetwork
from inkdigits.model_session import broken, check_contract, model_content, open_session
from inkdigits.number_reader import NumberReader
from inkdigits.one_digit import is_one_digit, is_tiny
from inkdigits.page_reader import PageReader
from inkdigits.picture import PictureSource, read_picture, to_uint8
from inkdigits.reading import Digit, Expect, Reading

T = TypeVar("T")

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

MOST_PIXELS_A_RUN = 2**22
"""Larger batches are run in parts, as each pixel takes memory while it is normalised."""
LARGE_RUN = 2**21
"""Pixels. What a larger run took is given back; below that, keeping it for the next is faster."""
PIXELS_A_PICTURE = 10_000
"""What each picture takes beside its own pixels, in pixels."""


class Reader:
    """Reads handwritten digits: one in a picture, or numbers on a page.

    Threads may share one Reader. Loading the model takes some milliseconds: make one Reader and
    keep it.

    Args:
        model: a model file's path or its bytes; the model that ships if left out.
        threads: how many threads ONNX Runtime uses for one picture or batch.
        optimize: let ONNX Runtime fuse operations first; without it, loading is quicker and
            reading slower, which is right for a process that reads a few pictures and ends.
        numbers, ink: model files for digits that touch, and for finding ink; those that ship if
            left out. They are loaded when they are first needed.

    Raises:
        InvalidModel: the file is missing, is not ONNX or breaks the model file's contract.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | None = None,
        threads: int = 1,
        *,
        optimize: bool = True,
        numbers: str | os.PathLike[str] | bytes | None = None,
        ink: str | os.PathLike[str] | bytes | None = None,
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}; it must be 1 or more.")
        name, content = model_content(model, "digits.onnx")
        self._session = open_session(name, content, threads, optimize)
        self._giving_back = _run_options_that_give_memory_back()
        check_contract(name, self._session, CONTRACT, CONTRACT_VERSION)
        _check_on_two_pictures(name, self._session)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        sure_from = float(self.metadata.get("sure_from", 0.9))
        number_reader = _Once(lambda: NumberReader(numbers, threads))
        ink_network = _Once(lambda: InkNetwork(ink, threads))
        self._pages = PageReader(self._digits, sure_from, number_reader, ink_network)

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
        """
        return self.read_array(read_picture(picture), expect=expect, length=length)

    def read_array(
        self, picture: NDArray[np.uint8], *, expect: Expect = None, length: int | None = None
    ) -> Reading:
        """Read a grey picture (H, W) that `read_picture` has decoded; see `read`."""
        _check_hints(expect, length)
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
            errors: "raise" stops at the first picture that cannot be read; "return" gives its
                error in the place of its reading and goes on. What is no picture by its type, and
                what the iterable itself raises, always stops.
            expect, length: what each picture holds; see `read`.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be 1 or more.")
        _check_hints(expect, length)
        results = (
            result
            for batch in _batches(iter(pictures), batch_size)
            for result in self._read_batch(batch, expect, length)
        )
        return results if errors == "return" else map(_raised, results)

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
        array = _stack(pictures)
        probabilities = np.empty((len(array), 10), np.float32)
        for start, outputs in self._run(array):
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
        parts = [outputs for _, outputs in self._run(_stack(pictures))]
        return {name: np.concatenate([part[name] for part in parts]) for name in CONTRACT}

    def _read_batch(
        self, batch: list[NDArray[np.uint8] | InkDigitsError], expect: Expect, length: int | None
    ) -> list[Reading | InkDigitsError]:
        """Read each picture of the batch, and keep their order.

        What looks like one digit is read as it is, those of one shape together.
        """
        results: list[Reading | InkDigitsError | None] = [None] * len(batch)
        by_shape: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}
        for place, picture in enumerate(batch):
            if isinstance(picture, InkDigitsError):
                results[place] = picture
            elif length in (None, 1) and is_one_digit(picture):
                by_shape.setdefault(picture.shape, []).append((place, picture))
            else:
                results[place] = self._read_page(picture, expect, length)
        for group in by_shape.values():
            readings = self._read_same_shape(np.stack([picture for _, picture in group]))
            for (place, picture), reading in zip(group, readings, strict=True):
                results[place] = reading
                if isinstance(reading, Reading) and not (reading.sure or is_tiny(picture)):
                    # What is not surely one digit may be several that touch.
                    box = reading.digits[0].box
                    results[place] = self._pages.read_piece(picture, box, expect, length)
        return [result for result in results if result is not None]

    def _read_page(
        self, picture: NDArray[np.uint8], expect: Expect, length: int | None
    ) -> Reading | InkDigitsError:
        try:
            return self._pages.read(picture, expect, length)
        except InkDigitsError as error:
            return error

    def _digits(self, pictures: NDArray[np.uint8]) -> list[Digit | None]:
        """One digit for each of the pictures (N, H, W); none for a blank one."""
        readings = self._read_same_shape(pictures)
        return [None if isinstance(r, NoInk) else r.digits[0] for r in readings]

    def _read_same_shape(self, pictures: NDArray[np.uint8]) -> Iterator[Reading | NoInk]:
        for _, outputs in self._run(pictures):
            for row in range(len(outputs["has_ink"])):
                yield _reading({name: values[row] for name, values in outputs.items()})

    def _run(self, pictures: NDArray[np.uint8]) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """Run the model over (N, H, W) in parts: the index of each part's first, its outputs."""
        height, width = pictures.shape[1:]
        step = max(1, MOST_PIXELS_A_RUN // (height * width + PIXELS_A_PICTURE))
        for start in range(0, len(pictures), step):
            part = pictures[start : start + step]
            options = self._giving_back if part.size > LARGE_RUN else None
            values = self._session.run(list(CONTRACT), {"picture": part}, options)
            yield start, dict(zip(CONTRACT, values, strict=True))


class _Once(Generic[T]):
    """Makes something when it is first asked for, once, whichever thread asks first."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._lock = make, Lock()
        self._made: T | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


def _check_hints(expect: Expect, length: int | None) -> None:
    if expect not in (None, "digit", "number"):
        raise ValueError(f'expect is {expect!r}; it must be "digit", "number" or None.')
    if length is not None and length < 1:
        raise ValueError(f"length is {length}; it must be 1 or more.")
    if expect == "digit" and length not in (None, 1):
        raise ValueError(f'expect is "digit" and length {length}; a digit has length 1.')


def _raised(result: Reading | InkDigitsError) -> Reading:
    if isinstance(result, InkDigitsError):
        raise result
    return result


def _stack(pictures: ArrayLike) -> NDArray[np.uint8]:
    array = to_uint8(np.asarray(pictures))
    if array.ndim != 3 or 0 in array.shape[1:]:
        raise UnreadablePicture(
            f"The array has the shape {array.shape}. Give pictures as (N, H, W)."
        )
    return array


def _batches(
    pictures: Iterator[PictureSource], batch_size: int
) -> Iterator[list[NDArray[np.uint8] | InkDigitsError]]:
    """Decoded pictures, at most `batch_size` at a time and fewer if they are large."""
    batch: list[NDArray[np.uint8] | InkDigitsError] = []
    pixels = 0
    for picture in map(_decoded, pictures):
        batch.append(picture)
        pixels += 0 if isinstance(picture, InkDigitsError) else picture.size
        if len(batch) == batch_size or pixels >= MOST_PIXELS_A_RUN:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _decoded(picture: PictureSource) -> NDArray[np.uint8] | InkDigitsError:
    try:
        return read_picture(picture)
    except InkDigitsError as error:
        return error


def _reading(outputs: dict[str, NDArray[Any]]) -> Reading | NoInk:
    if not outputs["has_ink"]:
        return NoInk(
            "Nothing is written in the picture. Write one digit, dark on light or light on dark."
        )
    probabilities = tuple(float(p) for p in outputs["probabilities"])
    value = int(outputs["probabilities"].argmax())
    x0, y0, x1, y1 = (int(edge) for edge in outputs["box"])
    digit = Digit(
        value=value,
        confidence=probabilities[value],
        sure=bool(outputs["sure"]),
        box=(x0, y0, x1, y1),
        probabilities=probabilities,
        seen=_unchangeable(outputs["seen"]),
    )
    return Reading(str(value), digit.confidence, digit.sure, (digit,))


def _unchangeable(values: NDArray[Any]) -> NDArray[Any]:
    """A copy that does not hold on to the batch it was part of."""
    values = values.copy()
    values.flags.writeable = False
    return values


def _run_options_that_give_memory_back() -> Any:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _check_on_two_pictures(name: str, session: Any) -> None:
    """Raise InvalidModel unless the model does on two small pictures what its contract says."""
    probe = np.full((2, 9, 7), 255, np.uint8)
    probe[:, 2:7, 3] = 0
    count = len(probe)
    try:
        values = dict(zip(CONTRACT, session.run(list(CONTRACT), {"picture": probe}), strict=True))
    except Exception as error:
        raise broken(name, f"it fails on two small pictures ({error})") from error
    shapes = {
        "probabilities": (count, 10),
        "seen": (count, 28, 28),
        "box": (count, 4),
        "has_ink": (count,),
        "sure": (count,),
    }
    for output, shape in shapes.items():
        if values[output].shape != shape:
            raise broken(
                name, f"for two pictures {output} must be {shape}, and is {values[output].shape}"
            )
    probabilities = values["probabilities"]
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or (probabilities < 0).any():
        raise broken(name, "its probabilities do not sum to 1")
    if not values["has_ink"].all() or (values["box"] != [3, 2, 4, 7]).any():
        raise broken(name, "it does not find the ink in two small pictures")
