"""Reader: a model file in, Readings out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkdigits.errors import InkDigitsError, InvalidModel, NoInk, UnreadablePicture
from inkdigits.picture import PictureSource, read_picture, to_uint8

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


@dataclass(frozen=True)
class Digit:
    """One digit that was read."""

    value: int
    """0 to 9."""
    confidence: float
    """The calibrated probability of `value`, in 0..1."""
    sure: bool
    """Whether the confidence is above the point where 99 % of real digits are accepted."""
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1 of the ink in the upright picture's pixels; x1 and y1 are exclusive."""
    probabilities: tuple[float, ...]
    """The calibrated probability of each digit from 0 to 9."""
    seen: NDArray[np.float32] = field(repr=False, compare=False)
    """What the network saw: (28, 28) in 0..1, ink bright."""

    def to_dict(self, *, seen: bool = False) -> dict[str, Any]:
        """Everything that JSON can hold; `seen=True` adds the picture as nested lists."""
        row: dict[str, Any] = {
            "value": self.value,
            "confidence": self.confidence,
            "sure": self.sure,
            "box": list(self.box),
            "probabilities": list(self.probabilities),
        }
        if seen:
            row["seen"] = self.seen.round(3).astype(float).tolist()
        return row


@dataclass(frozen=True)
class Reading:
    """What is written in one picture."""

    text: str
    confidence: float
    sure: bool
    digits: tuple[Digit, ...]

    def to_dict(self, *, seen: bool = False) -> dict[str, Any]:
        """Everything that JSON can hold; `seen=True` adds to each digit what the network saw."""
        return {
            "text": self.text,
            "confidence": self.confidence,
            "sure": self.sure,
            "digits": [digit.to_dict(seen=seen) for digit in self.digits],
        }


class Reader:
    """Reads handwritten digits with a model file.

    Threads may share one Reader. Loading the model takes some milliseconds: make one Reader and
    keep it.

    Args:
        model: a model file's path or its bytes; the model that ships if left out.
        threads: how many threads ONNX Runtime uses for one picture or batch.
        optimize: let ONNX Runtime fuse operations first; without it, loading is quicker and
            reading slower, which is right for a process that reads a few pictures and ends.

    Raises:
        InvalidModel: the file is missing, is not ONNX or breaks the model file's contract.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | None = None,
        threads: int = 1,
        *,
        optimize: bool = True,
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}; it must be 1 or more.")
        name, content = _model_content(model)
        self._session = _open_session(name, content, threads, optimize)
        self._giving_back = _run_options_that_give_memory_back()
        _check_contract(name, self._session)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def read(self, picture: PictureSource) -> Reading:
        """Read the digit in one picture.

        Args:
            picture: a path, bytes, a file object, a base64 string, a data URL, a PIL image or
                an array (see `inkdigits.picture.read_picture`).

        Raises:
            UnreadablePicture: it is not a picture, or is too large.
            NoInk: nothing is written in it.
        """
        return self.read_array(read_picture(picture))

    def read_array(self, picture: NDArray[np.uint8]) -> Reading:
        """Read the digit in a grey picture (H, W) that `read_picture` has decoded."""
        [reading] = self._read_same_shape(picture[None])
        if isinstance(reading, NoInk):
            raise reading
        return reading

    @overload
    def read_many(
        self,
        pictures: Iterable[PictureSource],
        batch_size: int = ...,
        *,
        errors: Literal["raise"] = ...,
    ) -> Iterator[Reading]: ...

    @overload
    def read_many(
        self,
        pictures: Iterable[PictureSource],
        batch_size: int = ...,
        *,
        errors: Literal["return"],
    ) -> Iterator[Reading | InkDigitsError]: ...

    def read_many(
        self,
        pictures: Iterable[PictureSource],
        batch_size: int = 64,
        *,
        errors: Literal["raise", "return"] = "raise",
    ) -> Iterator[Reading | InkDigitsError]:
        """Read any number of pictures, in order, holding one batch in memory at a time.

        Args:
            pictures: any iterable of what `read` takes; it is consumed as readings are taken.
            batch_size: how many pictures are decoded at a time; those of one shape run together.
            errors: "raise" stops at the first picture that cannot be read; "return" gives its
                error in the place of its reading and goes on. What is no picture by its type, and
                what the iterable itself raises, always stops.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be 1 or more.")
        return self._stream(iter(pictures), batch_size, errors)

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

    def _stream(
        self, pictures: Iterator[PictureSource], batch_size: int, errors: str
    ) -> Iterator[Reading | InkDigitsError]:
        for batch in _batches(pictures, batch_size):
            for result in self._read_batch(batch):
                if errors == "raise" and isinstance(result, InkDigitsError):
                    raise result
                yield result

    def _read_batch(
        self, batch: list[NDArray[np.uint8] | InkDigitsError]
    ) -> list[Reading | InkDigitsError]:
        """Read each picture of the batch, those of one shape together, and keep their order."""
        results: list[Reading | InkDigitsError | None] = [None] * len(batch)
        by_shape: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}
        for place, picture in enumerate(batch):
            if isinstance(picture, InkDigitsError):
                results[place] = picture
            else:
                by_shape.setdefault(picture.shape, []).append((place, picture))
        for group in by_shape.values():
            readings = self._read_same_shape(np.stack([picture for _, picture in group]))
            for (place, _), reading in zip(group, readings, strict=True):
                results[place] = reading
        return [result for result in results if result is not None]

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


def _model_content(model: str | os.PathLike[str] | bytes | None) -> tuple[str, bytes]:
    if model is None:
        model = Path(__file__).with_name("digits.onnx")
    if isinstance(model, bytes):
        return "the model", model
    try:
        return os.fspath(model), Path(model).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidModel(
            f"{os.fspath(model)}: {reason}. Give the path of a model file (.onnx)."
        ) from error


def _open_session(name: str, content: bytes, threads: int, optimize: bool) -> Any:
    # Imported here because it takes longer than everything else in the package together.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if not optimize:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4  # what goes wrong is raised, not printed
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common class for its errors
        raise InvalidModel(
            f"{name} is not a model that ONNX Runtime can load. Write one with `inkdigits train`. "
            f"ONNX Runtime says: {error}"
        ) from error


def _run_options_that_give_memory_back() -> Any:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _check_contract(name: str, session: Any) -> None:
    """Raise InvalidModel unless the file keeps the contract, also when run on two pictures."""

    def broken(what: str) -> InvalidModel:
        return InvalidModel(
            f"{name} breaks the contract of a model file: {what}. Write one with `inkdigits train`."
        )

    inputs = [(node.name, node.type, len(node.shape)) for node in session.get_inputs()]
    if inputs != [("picture", "tensor(uint8)", 3)]:
        raise broken(f"its input must be picture, uint8 (N, H, W), and is {inputs}")
    outputs = {node.name: (node.type, len(node.shape)) for node in session.get_outputs()}
    for output, (kind, axes) in CONTRACT.items():
        if outputs.get(output) != (kind, axes):
            raise broken(
                f"its output {output} must be a {kind} of {axes} axes, "
                f"and is {outputs.get(output, 'missing')}"
            )
    version = session.get_modelmeta().custom_metadata_map.get("contract", "missing")
    if version != CONTRACT_VERSION:
        raise broken(f"its contract version must be {CONTRACT_VERSION}, and is {version}")

    probe = np.full((2, 9, 7), 255, np.uint8)
    probe[:, 2:7, 3] = 0
    count = len(probe)
    try:
        values = dict(zip(CONTRACT, session.run(list(CONTRACT), {"picture": probe}), strict=True))
    except Exception as error:
        raise broken(f"it fails on two small pictures ({error})") from error
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
                f"for two pictures {output} must be {shape}, and is {values[output].shape}"
            )
    probabilities = values["probabilities"]
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or (probabilities < 0).any():
        raise broken("its probabilities do not sum to 1")
    if not values["has_ink"].all() or (values["box"] != [3, 2, 4, 7]).any():
        raise broken("it does not find the ink in two small pictures")
