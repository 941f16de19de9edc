"""The history as events, as TensorBoard reads them."""

import csv
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event

from inkdigits.training.run import train
from inkdigits.training.tensorboard import with_events
from training.tiny import TINY, TINY_SCRATCH


def told(folder: Path) -> dict[tuple[str, int], float]:
    """The numbers by tag and epoch, of the one file of events in the folder."""
    [file] = folder.iterdir()
    content, numbers = file.read_bytes(), {}
    while content:  # length, its checksum, event, its checksum
        length = int.from_bytes(content[:8], "little")
        event = Event.FromString(content[12 : 12 + length])
        numbers |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
        content = content[16 + length :]
    return numbers


@pytest.mark.parametrize("recipe", [TINY, TINY_SCRATCH], ids=["pytorch", "numpy"])
def test_a_run_leaves_its_history(recipe: Any, tmp_path: Path, data_dir: str) -> None:
    train(recipe, tmp_path, limit=200, data_dir=data_dir, tensorboard=True)
    numbers = told(tmp_path / "tensorboard")
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    for tag, column in (("loss/training", "loss"), ("accuracy/validation", "validation_accuracy")):
        shown = [numbers[tag, int(row["epoch"])] for row in rows]
        assert shown == pytest.approx([float(row[column]) for row in rows])


def test_a_resumed_run_tells_of_all_its_epochs_once(tmp_path: Path) -> None:
    rows = [{"epoch": epoch, "loss": 1 / epoch, "learning_rate": 0.5} for epoch in (1, 2, 4)]
    assert list(with_events(rows[:2], tmp_path / "events", [])) == rows[:2]
    assert list(with_events(rows[2:], tmp_path / "events", rows[:2])) == rows[2:]
    losses = {epoch: loss for (tag, epoch), loss in told(tmp_path / "events").items() if "/" in tag}
    assert losses == {1: 1, 2: 0.5, 4: 0.25}
