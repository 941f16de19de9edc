"""A recipe's network, tried out on two pictures before a run begins."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from inkdigits.training.fit import InvalidRun

OUTPUTS = 10
"""As modelfile.build.CLASSES."""


def layers_of(make: Callable[[], Any]) -> list[nn.Module]:
    """What `make` makes, of whatever kind a recipe's `layers` is.

    Raises InvalidRun if that is no list of layers.
    """
    if not callable(make):
        raise InvalidRun(
            "The recipe's layers are to be a function that makes new ones. "
            "Write layers, not layers(), or before a list: lambda."
        )
    try:
        layers = make()
    except Exception as error:
        raise InvalidRun(f"The recipe's layers cannot be made: {told(error)}") from error
    if layers is None:
        raise InvalidRun("The recipe's layers() gives None. Let it return a list of layers.")
    if isinstance(layers, nn.Module):
        raise InvalidRun("The recipe's layers() gives one layer. Let it return a list: [...].")
    if not isinstance(layers, list | tuple):
        raise InvalidRun(
            f"The recipe's layers() gives {type(layers).__name__}. Let it return a list of layers."
        )
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, nn.Module):
            raise InvalidRun(
                f"Layer {number} is {layer!r}, and no layer of PyTorch such as nn.ReLU()."
            )
    return list(layers)


def check_outputs(network: nn.Sequential) -> None:
    """Raise InvalidRun unless it takes pictures (N, 28, 28) and gives logits (N, 10).

    Its first part only gives them a channel, and is not counted.
    """
    batch: Any = torch.zeros(2, 28, 28)
    was_training = network.training
    network.eval()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        for number, layer in enumerate(network):
            before = batch
            try:
                batch = layer(batch)
            except Exception as error:
                raise InvalidRun(
                    f"Layer {number}, {layer}, does not take what comes to it, "
                    f"{_shape(before)}: {told(error)}"
                ) from error
    network.train(was_training)
    if _shape(batch) != str((2, OUTPUTS)):
        flatten = " Is there an nn.Flatten()?" if getattr(batch, "ndim", 0) > 2 else ""
        raise InvalidRun(
            f"The network gives {_shape(batch)} for 2 pictures; it has to end with {OUTPUTS} "
            f"outputs, (2, {OUTPUTS}).{flatten}"
        )


def told(error: Exception) -> str:
    """In one line: what it is and, if it is not of a package, where."""
    what = (str(error).splitlines() or [""])[0]
    text = f"{type(error).__name__}: {what}" if what else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if frames and "site-packages" not in frames[-1].filename:
        return f"{text} ({frames[-1].filename}, line {frames[-1].lineno})"
    return text


def _shape(batch: Any) -> str:
    return str(tuple(batch.shape)) if isinstance(batch, torch.Tensor) else type(batch).__name__
