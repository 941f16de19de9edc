"""How weights begin: so that units differ, and signals neither fade nor swell on their way.

Each gives weights of `shape` for outputs that each see `fan_in` inputs, where each input is seen by
`fan_out` outputs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import InvalidNetwork

Initializer = Callable[[tuple[int, ...], int, int, np.random.Generator], NDArray[np.float64]]


def he(
    shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Normal with variance 2 / fan_in: for ReLU, which silences half of its inputs.

    He et al. 2015, "Delving Deep into Rectifiers", section 2.2.
    """
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)


def glorot(
    shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Uniform with variance 2 / (fan_in + fan_out): for sigmoid and tanh.

    Glorot, Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16.
    """
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape)


def zeros(
    shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """All 0: to see why not. Units that begin alike get the same gradient and stay alike.

    Behind ReLU, they even stay 0: no signal comes through, and so no gradient comes back.
    """
    return np.zeros(shape)


INITIALIZERS: dict[str, Initializer] = {"he": he, "glorot": glorot, "zeros": zeros}


def initial(
    initializer: str,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Weights by the initializer of that name. Raises InvalidNetwork if there is none."""
    if initializer not in INITIALIZERS:
        known = ", ".join(INITIALIZERS)
        raise InvalidNetwork(f"there is no initializer {initializer!r}: choose from {known}.")
    return INITIALIZERS[initializer](shape, fan_in, fan_out, rng)
