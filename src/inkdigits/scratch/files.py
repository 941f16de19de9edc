"""Save a network and load it again: its weights as safetensors, all else as JSON, never pickle."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import operator
import os
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors.numpy

from inkdigits.atomic_file import write_atomically
from inkdigits.errors import InvalidModel
from inkdigits.modelfile.calibration import Calibration
from inkdigits.scratch import layers, optimizers, schedules
from inkdigits.scratch.classifier import Classifier
from inkdigits.scratch.layers import Array, Layer

FORMAT = "inkdigits.scratch 1"
NOT_SETTINGS = ("layers", "optimizer", "callbacks")
"""Parameters of the network that are described in their own way, or not at all."""
OPTIMIZER = "optimizer."
"""The names of what the optimizer remembers begin with it; a layer's begin with its number."""

PARTS = (Layer, optimizers.Optimizer, schedules.Schedule)
Part = Layer | optimizers.Optimizer | schedules.Schedule
KINDS = tuple(
    kind
    for room in (layers, optimizers, schedules)
    for kind in vars(room).values()
    if isinstance(kind, type) and issubclass(kind, PARTS)
)
"""What a description can speak of, by name."""

Network = TypeVar("Network", bound=Classifier)


def save(network: Classifier, path: str | os.PathLike[str]) -> None:
    """Write `path` (.safetensors) and its description beside it (.json)."""
    weights, description = _paths(path)
    if description.exists() and b'"inkdigits.scratch' not in description.read_bytes():
        raise InvalidModel(
            f"{description} is there already and does not describe a network: choose another name."
        )
    content = safetensors.numpy.save(tensors(network))
    described = {**describe(network), "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps(described, indent=2)
    write_atomically(weights, content)
    write_atomically(description, text.encode())


def load(
    network_type: type[Network],
    path: str | os.PathLike[str],
    own: Sequence[type[Part]] = (),
) -> Network:
    """Read what `save` wrote. Raises InvalidModel."""
    weights, description = _paths(path)
    content, text = _read(weights), _read(description)
    try:
        described = json.loads(text)
        whole = described["sha256"] == hashlib.sha256(content).hexdigest()
    except Exception as error:  # whatever a file that somebody made up can do to a parser
        raise InvalidModel(
            f"{description} does not describe a network: {error!r}. Save the network again."
        ) from error
    if not whole:
        raise InvalidModel(
            f"{weights} is damaged, or not what {description} describes. Save the network again, "
            "or put the two files that were saved together side by side."
        )
    try:
        return restore(network_type, described, safetensors.numpy.load(content), own)
    except InvalidModel as error:
        raise InvalidModel(f"{description}: {error}") from None
    except Exception as error:  # likewise
        raise InvalidModel(f"{weights} holds no tensors: {error!r}.") from error


def describe(network: Classifier) -> dict[str, Any]:
    """All of a network but its tensors, as JSON can hold it."""
    parameters = network.get_params(deep=False)
    return {
        "format": FORMAT,
        "layers": [_to_json(layer) for layer in network.layers_],
        "input_shape": list(network.input_shape_),
        "classes": network.classes_.tolist(),
        "classes_dtype": network.classes_.dtype.str,
        "settings": {k: _to_json(v) for k, v in parameters.items() if k not in NOT_SETTINGS},
        "optimizer": _to_json(network.optimizer_),
        "optimizer_steps": network.optimizer_.steps,
        "calibration": asdict(network.calibration_),
        "seed": network.seed_,
        "rng": network.rng_.bit_generator.state,
        "history": network.history_,
    }


def tensors(network: Classifier) -> dict[str, Array]:
    """What the layers learned and what the optimizer remembers."""
    remembered = {f"{OPTIMIZER}{name}": v for name, v in network.optimizer_.state.items()}
    return {**network.tensors(), **remembered}


def restore(
    network_type: type[Network],
    described: dict[str, Any],
    arrays: dict[str, Array],
    own: Sequence[type[Part]] = (),
) -> Network:
    """The network that `describe` and `tensors` told of. Raises InvalidModel."""
    try:
        return _restored(network_type, described, arrays, own)
    except InvalidModel:
        raise
    except Exception as error:  # whatever a description that somebody made up can do
        raise InvalidModel(f"it does not describe a network: {error!r}") from error


def _restored(
    network_type: type[Network],
    described: dict[str, Any],
    arrays: dict[str, Array],
    own: Sequence[type[Part]],
) -> Network:
    if described.get("format") != FORMAT:
        raise InvalidModel(
            f"its format is {described.get('format')!r}, and this version of inkdigits reads "
            f"{FORMAT!r}."
        )
    known = {kind.__name__: kind for kind in (*KINDS, *own)}
    network = network_type(
        [_from_json(layer, known) for layer in described["layers"]],
        optimizer=_from_json(described["optimizer"], known),
        **described["settings"],
    )
    classes = np.array(described["classes"], dtype=np.dtype(described["classes_dtype"]))
    network.begin(tuple(described["input_shape"]), classes)
    if not np.array_equal(network.classes_, classes):
        raise InvalidModel("its classes are not sorted, or one of them is there twice.")
    network.rng_.bit_generator.state = described["rng"]
    network.seed_ = int(described["seed"])
    network.history_ = [_checked_row(row) for row in described["history"]]
    calibration = {name: float(value) for name, value in described["calibration"].items()}
    network.calibration_ = Calibration(**calibration)
    if not 0 < network.calibration_.temperature < math.inf:
        raise InvalidModel(f"its temperature is {network.calibration_.temperature}.")
    network.optimizer_.steps = operator.index(described["optimizer_steps"])
    _check_tensors(network, arrays)
    network.set_tensors(arrays)
    network.optimizer_.state = {
        name.removeprefix(OPTIMIZER): array
        for name, array in arrays.items()
        if name.startswith(OPTIMIZER)
    }
    return network


def _paths(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    weights = Path(path)
    if weights.suffix != ".safetensors":
        raise InvalidModel(f'{weights} has to end in ".safetensors": rename it.')
    return weights, weights.with_suffix(".json")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidModel(
            f"{path} cannot be read: {error.strerror}. A saved network is two files, .safetensors "
            "and .json."
        ) from error


def _to_json(thing: Any, of: str = "The network") -> Any:
    """A layer, an optimizer or a schedule as its type and its settings; numbers and words as they
    are. Raises InvalidModel for anything else, as a setting of that layer or other part."""
    if isinstance(thing, np.generic):
        return thing.item()
    if isinstance(thing, type):  # np.float32, as dtype
        return np.dtype(thing).name
    if isinstance(thing, np.random.RandomState):
        return None  # the network's own generator is saved
    if isinstance(thing, list | tuple):
        return [_to_json(part, of) for part in thing]
    if thing is None or isinstance(thing, str | int | float):
        return thing
    if not isinstance(thing, PARTS):
        raise InvalidModel(
            f"{of} has a setting that cannot be saved, {thing!r}. Let it be a number, a word, "
            "None, or a tuple of these."
        )
    settings = [field.name for field in fields(thing)] if is_dataclass(thing) else []
    if set(settings) != set(inspect.signature(type(thing)).parameters):
        raise InvalidModel(
            f"{type(thing).__name__} has settings that cannot be saved: make it a @dataclass, with "
            "a field for each."
        )
    name = type(thing).__name__
    return {"type": name, **{k: _to_json(getattr(thing, k), name) for k in settings}}


def _from_json(thing: Any, known: dict[str, type]) -> Any:
    if isinstance(thing, dict):
        name, values = thing["type"], {k: v for k, v in thing.items() if k != "type"}
        if name not in known:
            raise InvalidModel(
                f"nothing here is called {name}. If it is a layer of yours: "
                f"NeuralNetwork.load(path, layers=[{name}])."
            )
        return known[name](**{key: _from_json(value, known) for key, value in values.items()})
    return tuple(_from_json(part, known) for part in thing) if isinstance(thing, list) else thing


def _checked_row(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("epoch", "learning_rate", "loss", "accuracy", "seconds"):
        float(row[name])
    return row


def _check_tensors(network: Classifier, arrays: dict[str, Array]) -> None:
    """Raise InvalidModel for the first array that is missing, too much, or not as it should be."""
    dtype = np.dtype(network.dtype)
    wanted = {name: array.shape for name, array in network.tensors().items()}
    if network.optimizer_.steps:
        size = sum(p.size for layer in network.layers_ for p in layer.parameters.values())
        wanted |= {f"{OPTIMIZER}{name}": (size,) for name in network.optimizer_.remembers()}
    got = {name: array.shape for name, array in arrays.items()}
    for name in sorted(wanted.keys() | got.keys()):
        if wanted.get(name) != got.get(name):
            raise InvalidModel(
                f"the weights are of another architecture: {name} should be "
                f"{wanted.get(name, 'absent')}, but is {got.get(name, 'absent')}."
            )
        if arrays[name].dtype != dtype or not np.isfinite(arrays[name]).all():
            raise InvalidModel(f"{name} should be of finite numbers in {dtype}.")
