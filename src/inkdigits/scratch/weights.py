"""How much each example counts: weights of examples and of classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_sample_weight

from inkdigits.errors import InvalidNetwork

ClassWeight = Mapping[Any, float] | Literal["balanced"]


def weights_of(
    targets: NDArray[Any],
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
) -> NDArray[np.float64]:
    """(N,), of the examples with these classes (N,): 1 on average. Raises InvalidNetwork."""
    weights = np.ones(len(targets)) if sample_weight is None else np.asarray(sample_weight)
    if weights.shape != targets.shape:
        raise InvalidNetwork(
            f"sample_weight must be one number for each of the {len(targets)} examples; its "
            f"shape is {weights.shape}."
        )
    return of_mean_1(weights * compute_sample_weight(class_weight, targets))


def of_mean_1(weights: NDArray[Any]) -> NDArray[Any]:
    """The weights (N,), scaled to be 1 on average. Raises InvalidNetwork."""
    if not (weights >= 0).all() or not 0 < weights.mean() < math.inf:
        raise InvalidNetwork(
            "sample_weight and class_weight must be numbers from 0 on, and not all of them zero."
        )
    return weights / weights.mean()
