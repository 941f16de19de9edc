"""How many threads work on NumPy's products of matrices."""

from typing import Any

import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch import Dense, Layer, NeuralNetwork
from scratch.clouds import clouds

X, Y = clouds()
at_work: set[int] = set()


class Watch(Layer):
    """Notes how many threads BLAS may use."""

    def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
        at_work.update(threads_of_blas())
        return x

    def backward(self, gradient: NDArray[Any]) -> NDArray[Any]:
        return gradient


def threads_of_blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize(("threads", "expected"), [(1, {1}), (2, {2}), (None, {3})])
def test_a_network_computes_with_as_many_threads_as_it_is_told_and_gives_the_rest_back(
    threads: int | None, expected: set[int]
) -> None:
    at_work.clear()
    with threadpool_limits(3, user_api="blas"):
        network = NeuralNetwork([Watch(), Dense()], epochs=2, threads=threads)
        for _ in network.fit_by_epoch(X, Y):
            assert threads_of_blas() == {3}
        network.predict(X)
    assert at_work == expected


def test_a_network_computes_with_one_thread_if_it_is_not_told() -> None:
    at_work.clear()
    NeuralNetwork([Watch(), Dense()], epochs=1).fit(X, Y)
    assert at_work == {1}


def test_no_threads_are_too_few() -> None:
    with pytest.raises(InvalidNetwork, match="threads must be a whole number from 1 on, not 0"):
        NeuralNetwork(threads=0).fit(X, Y)
