"""Join the normaliser, a network and its calibration into one model file, with `onnx` alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import onnx
from onnx import TensorProto, compose, helper

from inkdigits.atomic_file import write_atomically
from inkdigits.modelfile.calibration import Calibration
from inkdigits.modelfile.graph import IR_VERSION, Graph
from inkdigits.modelfile.normalizer import normalizer
from inkdigits.recognition.digits import CONTRACT, CONTRACT_VERSION
from inkdigits.recognition.fingerprint import KEY, fingerprint_of

CLASSES = 10


@dataclass(frozen=True)
class Facts:
    """What a model file says about itself, in its `metadata_props`."""

    name: str
    version: str
    trained_on: str = ""
    accuracy: Mapping[str, float] = field(default_factory=dict)
    """Share of right answers by data set, in 0..1."""
    licence: str = "MIT"
    revision: str = "unknown"
    """The revision of inkdigits that trained it."""


def build_model(
    network: onnx.ModelProto, calibration: Calibration, facts: Facts
) -> onnx.ModelProto:
    """The model file for a network that turns `seen` (N, 28, 28) into `logits` (N, 10)."""
    network = onnx.ModelProto.FromString(network.SerializeToString())
    network.ir_version = IR_VERSION
    # With a prefix, so that its inner names collide with nobody's.
    network = compose.add_prefix(network, "network/", rename_inputs=False, rename_outputs=False)
    reads = compose.merge_models(
        normalizer(),
        network,
        io_map=[("seen", "seen")],
        outputs=["seen", "box", "has_ink", "logits"],
    )
    model = compose.merge_models(
        reads,
        _head(calibration),
        io_map=[("logits", "logits"), ("has_ink", "has_ink")],
        outputs=list(CONTRACT),
        name="inkdigits",
        producer_name="inkdigits",
    )
    temperature, sure_from = repr(calibration.temperature), repr(calibration.sure_from)
    properties = {"contract": CONTRACT_VERSION, "temperature": temperature, "sure_from": sure_from}
    helper.set_model_props(model, properties)
    describe(model, facts)
    onnx.checker.check_model(model, full_check=True)
    return model


def describe(model: onnx.ModelProto, facts: Facts) -> None:
    """Make a model file say these facts about itself, instead of what it said of them before."""
    set_metadata(model, {**asdict(facts), "accuracy": json.dumps(dict(facts.accuracy))})


def set_metadata(model: onnx.ModelProto, values: Mapping[str, str]) -> None:
    """Add to a model file's metadata, or change what they say."""
    properties = {entry.key: entry.value for entry in model.metadata_props}
    properties.pop(KEY, None)  # the file is another now
    helper.set_model_props(model, {**properties, **values})


def write_model(path: str | os.PathLike[str], model: onnx.ModelProto) -> None:
    """Write the file, whole or not at all, with its SHA-256 among its metadata."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    properties = {entry.key: entry.value for entry in model.metadata_props if entry.key != KEY}
    helper.set_model_props(model, properties)
    content = model.SerializeToString(deterministic=True)
    write_atomically(path, content + fingerprint_of(content))


def say(path: str | os.PathLike[str], **values: str) -> None:
    """Write a model file anew with more metadata."""
    model = onnx.load(path)
    set_metadata(model, values)
    write_model(path, model)


def stamp(path: str | os.PathLike[str]) -> None:
    """Write a model file anew as it is, with the SHA-256 that it has not got, or not any more."""
    write_model(path, onnx.load(path))


def revision() -> str:
    """The git revision of the code that runs, or "unknown" outside a checkout of it."""
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        # Installed into somebody's own checkout, this file is not one of theirs.
        git("ls-files", "--error-unmatch", here.name)
        return git("describe", "--always", "--dirty", "--abbrev=12")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _head(calibration: Calibration) -> onnx.ModelProto:
    g = Graph("head")
    logits, has_ink = g.input("logits"), g.input("has_ink")
    probabilities = g.Softmax(logits / calibration.temperature, axis=1, name="probabilities")
    confidence = g.ReduceMax(probabilities, g.integers(1), keepdims=0)
    g.And(confidence > calibration.sure_from, has_ink, name="sure")
    return g.model(
        inputs={
            "logits": (TensorProto.FLOAT, ["N", CLASSES]),
            "has_ink": (TensorProto.BOOL, ["N"]),
        },
        outputs={
            "probabilities": (TensorProto.FLOAT, ["N", CLASSES]),
            "sure": (TensorProto.BOOL, ["N"]),
        },
    )
