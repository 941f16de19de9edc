"""Optimizers: step by step what PyTorch's do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from inkdigits import InkDigitsError
from inkdigits.scratch import SGD, Adam, AdamW, Optimizer, RMSprop

STEPS = 50
PEERS: list[tuple[Optimizer, Callable[[Any], torch.optim.Optimizer]]] = [
    (SGD(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    (SGD(0.1, weight_decay=0.05), lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.05)),
    (SGD(0.05, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    (
        SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    (RMSprop(0.01), lambda p: torch.optim.RMSprop(p, lr=0.01)),
    (
        RMSprop(0.01, decay=0.9, epsilon=1e-6, weight_decay=0.1),
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-6, weight_decay=0.1),
    ),
    (Adam(0.02), lambda p: torch.optim.Adam(p, lr=0.02)),
    (
        Adam(0.02, beta1=0.7, beta2=0.9, epsilon=1e-5, weight_decay=0.1),
        lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.7, 0.9), eps=1e-5, weight_decay=0.1),
    ),
    (AdamW(0.02), lambda p: torch.optim.AdamW(p, lr=0.02)),
    (AdamW(0.02, weight_decay=0.3), lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.3)),
]


@pytest.mark.parametrize(
    ("optimizer", "peer"), PEERS, ids=[str(optimizer)[:70] for optimizer, _ in PEERS]
)
def test_fifty_steps_are_pytorchs(optimizer: Optimizer, peer: Any) -> None:
    rng = np.random.default_rng(0)
    hills = rng.normal(0, 1, (8, 8))
    parameters = rng.normal(size=8)
    theirs = torch.tensor(parameters, requires_grad=True)
    other = peer([theirs])
    for _ in range(STEPS):
        gradient = hills @ np.sin(parameters)
        theirs.grad = torch.from_numpy(hills @ np.sin(theirs.detach().numpy()))
        optimizer.step(parameters, gradient, optimizer.schedule.learning_rate)
        other.step()
        np.testing.assert_allclose(parameters, theirs.detach(), rtol=1e-9)


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
def test_only_what_is_to_be_shrunk_decays(kind: type[Optimizer]) -> None:
    parameters = np.ones(4)
    optimizer = kind(0.1, weight_decay=0.5)
    optimizer.step(parameters, np.zeros(4), 0.1, shrunk=slice(0, 2))
    assert (parameters[:2] < 1).all()
    assert (parameters[2:] == 1).all()


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
def test_settings_of_numpys_do_not_widen_float32(kind: type[Optimizer]) -> None:
    optimizer = kind(np.float64(0.1), weight_decay=0.5)
    parameters = np.ones(3, np.float32)
    optimizer.step(parameters, np.ones(3, np.float32), optimizer.schedule.at(0, 1))
    assert {array.dtype for array in optimizer.state.values()} <= {np.dtype(np.float32)}
    assert isinstance(optimizer.learning_rate, float)


def test_plain_gradient_descent_remembers_nothing() -> None:
    optimizer = SGD(0.1)
    optimizer.step(np.ones(3), np.ones(3), 0.1)
    assert optimizer.state == {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0), "learning rate must be above 0"),
        (lambda: Adam(-0.1), "learning rate must be above 0"),
        (lambda: SGD(0.1, momentum=1.0), "momentum must be from 0 to below 1"),
        (lambda: SGD(0.1, nesterov=True), "nesterov=True needs a momentum"),
        (lambda: Adam(0.1, beta2=1.5), "beta2 must be"),
        (lambda: RMSprop(0.1, decay=-1), "decay must be"),
        (lambda: RMSprop(0.1, epsilon=float("nan")), "epsilon must be"),
        (lambda: Adam(0.1, epsilon=-1), "epsilon must be"),
        (lambda: Adam("fast"), "learning rate must be above 0 and finite, not 'fast'"),
        (lambda: AdamW(0.1, weight_decay=float("inf")), "weight decay must be 0 or more"),
        (lambda: AdamW(0.1, weight_decay=-0.1), "weight decay must be 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_explained(
    make: Callable[[], Optimizer], message: str
) -> None:
    with pytest.raises(InkDigitsError, match=message):
        make()
