"""What the tests of trainings share."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest


@pytest.fixture(scope="session", autouse=True)
def operators_are_looked_up_once() -> Iterator[None]:
    """PyTorch's exporter does so for each network: half a second, and tests export many."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            registry = import_module("torch.onnx._internal.exporter._registration").ONNXRegistry
            once = classmethod(cache(registry.from_torchlib.__func__))
            patch.setattr(registry, "from_torchlib", once)
        except (ImportError, AttributeError):
            pass  # of another version, in which it takes its time
        yield
