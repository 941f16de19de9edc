"""What several models say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.dataset import Batch
from inkdigits.evaluation.predictions import outputs_of
from inkdigits.reader import Reader


def blended_outputs(readers: Sequence[Reader], batch: Batch) -> dict[str, NDArray[Any]]:
    """`probabilities` (N, 10), the mean of the models', `has_ink` (N,) and `sure` (N,) of a batch.

    There is ink where all see some, and an answer is sure if all are sure of it.
    """
    outputs = [outputs_of(reader, batch) for reader in readers]
    probabilities = np.stack([output["probabilities"] for output in outputs])
    answers = probabilities.argmax(axis=2)
    return {
        "probabilities": probabilities.mean(axis=0, dtype=np.float64),
        "has_ink": np.all([output["has_ink"] for output in outputs], axis=0),
        "sure": np.all([output["sure"] for output in outputs], axis=0)
        & (answers == answers[0]).all(axis=0),
    }
