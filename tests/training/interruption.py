"""Somebody who stops a training."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inkdigits.progress import TrainingBar


@contextmanager
def ctrl_c(epoch: int, done: float) -> Iterator[None]:
    """Pressed in this process when the bar says that so much of that epoch is done."""
    report = TrainingBar.report

    def pressed(bar: TrainingBar, now: int, done_now: float, loss: float) -> None:
        report(bar, now, done_now, loss)
        if now == epoch and done_now >= done:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingBar, "report", pressed)
        yield
