"""Open a model file with ONNX Runtime, and see that it keeps its contract."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import InvalidModel
from inkdigits.recognition.fingerprint import check_fingerprint

IN_A_FOLDER = "model.onnx"
"""What a training run calls its model file."""
PROMOTED = "promoted"
"""In a folder of versions, the file that says which is read with: the last of its lines, or the
model that ships if there is none."""
PATIENCE = 20.0
"""Seconds that a file may think about a small picture, when it is opened."""
ROUNDING = 1e-3
"""So far above 1 a probability may be, as the sum of others is."""


def model_content(model: str | os.PathLike[str] | bytes | None, shipped: str) -> tuple[str, bytes]:
    """A name for messages, and the file's bytes; of the one of that name that ships for None.

    Of a training run's folder it is the model file in it, of a folder of versions the promoted one.
    """
    that_ships = Path(__file__).parents[1] / "models" / shipped
    if isinstance(model, bytes):
        return "the model", model
    path = that_ships if model is None else Path(model)
    try:
        if (path / PROMOTED).is_file():
            versions = (path / PROMOTED).read_text("utf-8").split()
            path = path / versions[-1] if versions else that_ships
        path = path / IN_A_FOLDER if path.is_dir() else path
        return os.fspath(path), path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidModel(
            f"{path}: {reason}. Give the path of a model file (.onnx), or the folder of a training "
            "run that was finished, or one of versions (inkdigits models)."
        ) from error


def open_session(name: str, content: bytes, threads: int, optimize: bool = True) -> Any:
    """An ONNX Runtime session.

    Raises InvalidModel if the file is none that it can load, or not as it was written.
    """
    check_fingerprint(name, content)
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


def check_contract(
    name: str,
    session: Any,
    contract: Mapping[str, tuple[str, int]],
    version: str,
    picture: Sequence[str] = ("N", "H", "W"),
) -> None:
    """Raise InvalidModel unless the file has the inputs, outputs and version of its contract."""
    inputs = [(node.name, node.type, len(node.shape)) for node in session.get_inputs()]
    if inputs != [("picture", "tensor(uint8)", len(picture))]:
        shape = ", ".join(picture)
        raise broken(name, f"its input must be picture, uint8 ({shape}), and is {inputs}")
    outputs = {node.name: (node.type, len(node.shape)) for node in session.get_outputs()}
    for output, (kind, axes) in contract.items():
        if outputs.get(output) != (kind, axes):
            raise broken(
                name,
                f"its output {output} must be a {kind} of {axes} axes, "
                f"and is {outputs.get(output, 'missing')}",
            )
    written = session.get_modelmeta().custom_metadata_map.get("contract", "missing")
    if written != version:
        raise broken(name, f"its contract version must be {version}, and is {written}")


def answer_to(name: str, session: Any, outputs: Sequence[str], picture: NDArray[Any]) -> list[Any]:
    """The first answer of a file that has just been opened.

    Raises InvalidModel if it fails, or has none within `PATIENCE`, as of a loop without an end.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    watch = Timer(PATIENCE, setattr, (options, "terminate", True))
    watch.daemon = True
    watch.start()
    try:
        answer: list[Any] = session.run(outputs, {"picture": picture}, options)
        return answer
    except Exception as error:
        why = "has no answer" if options.terminate else f"fails ({error})"
        raise broken(name, f"it {why} on small pictures") from error
    finally:
        watch.cancel()


def number_in(name: str, metadata: Mapping[str, str], key: str, least: float, most: float) -> float:
    """A number that a file's metadata say; raises InvalidModel if it is not from least to most."""
    said = metadata[key]
    try:
        number = float(said)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise broken(
            name, f"{key} in its metadata must be a number from {least} to {most}, and is {said!r}"
        )
    return number


def check_shares(name: str, output: str, values: NDArray[np.float32]) -> None:
    """Raise InvalidModel if what a file has answered is not from 0 to 1, as NaN is not."""
    if not ((values >= 0) & (values <= 1 + ROUNDING)).all():
        raise broken(name, f"it answered with a number in {output} that is not from 0 to 1")


def broken(name: str, what: str) -> InvalidModel:
    """The error for a file that breaks its contract."""
    return InvalidModel(
        f"{name} breaks the contract of a model file: {what}. Write one with `inkdigits train`."
    )
