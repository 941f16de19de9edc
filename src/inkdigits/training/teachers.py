"""Trained networks that say what is in a picture, for another to learn from: distillation."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.utils import Extractor

from inkdigits.recognition.fingerprint import check_fingerprint
from inkdigits.recognition.session import model_content, open_session
from inkdigits.training.fit import InvalidRun


class Teachers:
    """The networks of model files, which see what the one that learns sees, bent the same way.

    What they make of a picture says more than its label, above all of one that is bent until it
    might be another digit (Hinton, Vinyals, Dean 2015, "Distilling the Knowledge in a Neural
    Network"; Beyer et al. 2022, "Knowledge distillation: A good teacher is patient and
    consistent").
    """

    def __init__(self, models: Sequence[Path], threads: int) -> None:
        """Of model files, or the folders of runs. Raises InvalidModel and InvalidRun."""
        contents = [model_content(model, shipped="digits.onnx") for model in models]
        self.fingerprint = " ".join(sha256(content).hexdigest() for _, content in contents)
        self._sessions = [
            open_session(name, _network_in(name, content), threads) for name, content in contents
        ]

    def __call__(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of their probabilities (N, 10) for what the network sees (N, 28, 28).

        They are as little sure as they have learned to be: without the model files' calibration.
        """
        logits = np.stack(
            [session.run(["logits"], {"seen": seen})[0] for session in self._sessions]
        )
        likely = np.exp(logits - logits.max(2, keepdims=True))
        mean: NDArray[np.float32] = (likely / likely.sum(2, keepdims=True)).mean(0)
        return mean


def _network_in(name: str, content: bytes) -> bytes:
    """What is between the normaliser and the calibration of a model file."""
    check_fingerprint(name, content)
    try:
        network = Extractor(onnx.load_from_string(content)).extract_model(["seen"], ["logits"])
        return bytes(network.SerializeToString())
    except Exception as error:  # of protobuf and ONNX
        raise InvalidRun(
            f"{name} cannot teach: it has no network from seen to logits. Name a model file that "
            "`inkdigits train` has written, for single digits."
        ) from error
