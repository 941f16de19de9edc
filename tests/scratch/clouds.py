"""Three clouds of points that a network learns to tell apart in a moment."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def clouds(count: int = 300, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Points (count, 4) of float32, and their clouds (count,), 0 to 2."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    centres = np.array([[2, 0, 0, 1], [-2, 1, 0, 0], [0, -2, 1, 0]])
    return (centres[labels] + rng.normal(0, 0.7, (count, 4))).astype(np.float32), labels
