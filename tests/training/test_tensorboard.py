"""The history as events, as TensorBoard reads them."""

from pathlib import Path

from inkdigits.training.tensorboard import with_events
from training.events import told


def test_a_resumed_run_tells_of_all_its_epochs_once(tmp_path: Path) -> None:
    rows = [{"epoch": epoch, "loss": 1 / epoch, "learning_rate": 0.5} for epoch in (1, 2, 4)]
    assert list(with_events(rows[:2], tmp_path / "events", [])) == rows[:2]
    assert list(with_events(rows[2:], tmp_path / "events", rows[:2])) == rows[2:]
    losses = {epoch: loss for (tag, epoch), loss in told(tmp_path / "events").items() if "/" in tag}
    assert losses == {1: 1, 2: 0.5, 4: 0.25}
