"""What somebody sees who waits, and who does not want to any more."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.cli import app
from inkdigits.cli.followed import Followed, followed
from inkdigits.datasets.convert import convert
from inkdigits.datasets.csv_file import CsvDataset
from inkdigits.datasets.dataset import ArrayDataset, Batch, Dataset

PICTURES = ArrayDataset("mine", np.zeros((25, 28, 28), np.uint8), np.zeros(25, np.uint8))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Stopped(Dataset):
    """Somebody presses Ctrl-C after its first batch."""

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        yield next(PICTURES.batches(5))
        raise KeyboardInterrupt


def test_a_terminal_shows_how_far_a_data_set_has_been_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    followed = Followed(PICTURES, "converting", then="and now the maps")
    assert [len(batch) for batch in followed.batches(10)] == [10, 10, 5]
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "converting mine" in shown
    assert "20/25" in shown
    assert shown.endswith("and now the maps\n")


def test_a_terminal_shows_how_many_were_read_where_nobody_knows_how_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(PICTURES, f"csv:{tmp_path}/mine.csv")
    monkeypatch.setattr(sys, "stderr", Terminal())
    table = CsvDataset(tmp_path / "mine.csv")
    assert table.count is None
    assert [len(batch) for batch in Followed(table).batches(10)] == [10, 10, 5]
    assert "25" in sys.stderr.getvalue()  # type: ignore[attr-defined]


def test_a_terminal_shows_how_many_pages_have_been_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(followed([1, 2, 3], "reading pages")) == [1, 2, 3]
    assert "reading pages" in (shown := sys.stderr.getvalue())  # type: ignore[attr-defined]
    assert "3/3" in shown


def test_a_file_or_a_pipe_gets_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(Followed(PICTURES, then="maps").load()) == 25
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_says_that_no_file_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inkdigits.datasets.spec.open_dataset", lambda *_: Stopped("stopped"))
    result = CliRunner().invoke(app, ["convert", "mnist:test", f"csv:{tmp_path}/out.csv"])
    assert result.exit_code == 130
    assert "Interrupted. No file was written. Run it again." in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_interrupted_conversion_leaves_its_folder_empty(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        convert(Stopped("stopped"), f"folder:{tmp_path}/out")
    assert not list((tmp_path / "out").iterdir())
    assert convert(PICTURES, f"folder:{tmp_path}/out") == 25
