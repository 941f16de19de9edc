"""Many pictures read into one file, also after something went wrong half-way."""

import csv
import json
import os
import signal
import sys
from multiprocessing import active_children
from pathlib import Path
from unittest import mock

import pytest
from PIL import Image

from handwriting import png, written
from inkdigits import InkDigitsError, InvalidModel
from inkdigits.many import processes
from inkdigits.many.job import BATCH, Job
from inkdigits.many.processes import read_in_processes
from inkdigits.many.run import read_into
from inkdigits.outputs.parquet import SCHEMA
from inkdigits.reading import Reading

TEXTS = [str(number % 10) for number in range(3 * BATCH)]
BAD = 20
"""The place of one that is no picture."""


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    """Of pictures in a folder."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, text in enumerate(TEXTS):
        content = b"no picture" if number == BAD else png(written(int(text), 60))
        (folder / f"{number:02}.png").write_bytes(content)
    return sorted(map(str, folder.iterdir()))


def texts_in(out: Path) -> list[str | None]:
    return [json.loads(line).get("text") for line in out.read_text().splitlines()]


def right() -> list[str | None]:
    return [None if number == BAD else text for number, text in enumerate(TEXTS)]


def stopped_after_the_first_batch(count: int) -> None:
    if count:
        raise KeyboardInterrupt


def test_each_picture_has_a_row_in_the_order_of_its_name_also_one_that_cannot_be_read(
    names: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "readings.jsonl"
    assert read_into(out, names, Job(), workers=1) == 1
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["file"] for row in rows] == names
    assert texts_in(out) == right()
    assert rows[BAD]["error"]["type"] == "UnreadablePicture"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]


def test_all_kinds_of_files_have_the_same_rows(names: list[str], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    some = names[:3] + names[BAD : BAD + 1]
    outs = {suffix: tmp_path / f"readings.{suffix}" for suffix in ("csv", "jsonl", "parquet")}
    for out in outs.values():
        read_into(out, some, Job(), workers=1)
    jsonl = [json.loads(line) for line in outs["jsonl"].read_text().splitlines()]
    with outs["csv"].open(newline="") as file:
        table = list(csv.DictReader(file))
    columns = parquet.read_table(outs["parquet"])
    assert columns.schema == SCHEMA
    for row, in_csv, in_parquet in zip(jsonl, table, columns.to_pylist(), strict=True):
        assert in_csv["file"] == in_parquet["file"] == row["file"]
        assert in_csv["text"] == (in_parquet["text"] or "") == row.get("text", "")
        assert in_csv["message"] == (in_parquet["message"] or "")
        for key in ("sure", "lines", "number", "marks", "skipped", "faint", "turned", "warnings"):
            assert in_parquet[key] == row.get(key)
        for sign, digit in zip(in_parquet["digits"] or [], row.get("digits", []), strict=True):
            assert sign.pop("probabilities") == pytest.approx(digit.pop("probabilities"))
            assert sign == digit


def test_a_parquet_file_has_all_that_a_reading_says() -> None:
    said = Reading("", 0.0, False, ()).to_dict()
    assert set(SCHEMA.names) == {"file", "error", "message", *said}


def test_a_picture_that_nobody_could_decode_now_is_read_by_the_next_command(
    names: list[str], tmp_path: Path, no_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = tmp_path / "form.tiff"
    Image.fromarray(written(7, 60)).save(form)
    out = tmp_path / "readings.jsonl"
    with pytest.raises(InkDigitsError, match="Try again later"):
        read_into(out, [names[0], str(form)], Job(), workers=1)
    monkeypatch.undo()
    assert read_into(out, [names[0], str(form)], Job(), workers=1) == 0
    assert texts_in(out) == ["0", "7"]


def test_a_command_for_other_pictures_loses_no_row_of_one_that_was_stopped(
    names: list[str], tmp_path: Path
) -> None:
    out, part = tmp_path / "readings.jsonl", tmp_path / "readings.jsonl.part"
    with pytest.raises(KeyboardInterrupt):
        read_into(out, names, Job(), workers=1, follow=stopped_after_the_first_batch)
    before = part.read_bytes()
    with pytest.raises(InkDigitsError, match=rf"has {BATCH - 1} rows of pictures .* {names[1]}"):
        read_into(out, [names[0], *names[BATCH:]], Job(), workers=1)
    assert (out.exists(), part.read_bytes()) == (False, before)


def test_a_command_for_more_pictures_goes_on_and_tries_again_what_failed(
    names: list[str], tmp_path: Path
) -> None:
    out, gone = tmp_path / "readings.jsonl", str(tmp_path / "gone.png")
    with pytest.raises(KeyboardInterrupt):
        read_into(out, [gone, *names], Job(), workers=1, follow=stopped_after_the_first_batch)
    Path(gone).write_bytes(png(written(7, 60)))
    (more := tmp_path / "more.png").write_bytes(png(written(4, 60)))
    assert read_into(out, [str(more), gone, *names], Job(), workers=1) == 1
    assert texts_in(out) == ["4", "7", *right()]


def test_a_picture_that_was_replaced_is_read_again(names: list[str], tmp_path: Path) -> None:
    out = tmp_path / "readings.jsonl"
    with pytest.raises(KeyboardInterrupt):
        read_into(out, names, Job(), workers=1, follow=stopped_after_the_first_batch)
    Path(names[3]).write_bytes(png(written(8, 70)))
    read_into(out, names, Job(), workers=1)
    assert texts_in(out) == [*right()[:3], "8", *right()[4:]]


def test_pictures_of_the_same_names_in_another_folder_are_others(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, short = tmp_path / "readings.jsonl", [Path(name).name for name in names]
    monkeypatch.chdir(tmp_path / "scans")
    with pytest.raises(KeyboardInterrupt):
        read_into(out, short, Job(), workers=1, follow=stopped_after_the_first_batch)
    (tmp_path / "others").mkdir()
    for name in short:
        (tmp_path / "others" / name).write_bytes(png(written(8, 60)))
    monkeypatch.chdir(tmp_path / "others")
    with pytest.raises(InkDigitsError, match=rf"has {BATCH} rows of pictures .* {names[0]}"):
        read_into(out, short, Job(), workers=1)
    monkeypatch.chdir(tmp_path)
    read_into(out, [f"scans/{name}" for name in short], Job(), workers=1)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["file"].partition("/")[0] for row in rows} == {"scans"}
    assert texts_in(out) == right()


def test_what_was_read_before_it_was_stopped_is_not_read_again(
    names: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "readings.jsonl"
    with pytest.raises(KeyboardInterrupt, match=rf"{BATCH} rows are in .*readings\.jsonl\.part"):
        read_into(out, names, Job(), workers=1, follow=stopped_after_the_first_batch)
    assert not out.exists()
    for name in names[:BATCH]:
        Path(name).unlink()
    with (tmp_path / "readings.jsonl.part").open("a") as part:
        part.write('{"file": "' + names[BATCH])  # what was being written when the power failed
    counts: list[int] = []
    read_into(out, names, Job(), workers=1, follow=counts.append)
    assert texts_in(out) == right()
    assert counts == [BATCH] * 3


def test_two_processes_give_the_same_and_if_one_dies_the_next_command_goes_on(
    names: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "readings.jsonl"

    killed: list[int] = []

    def kill_one(count: int) -> None:
        if count and not killed:
            pid = active_children()[0].pid
            assert pid
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    more = [f"{name} is not there {i}" for name in names for i in range(9)]  # than are begun ahead
    many = names + more
    with pytest.raises(InkDigitsError, match=r"has died.*same command again"):
        read_into(out, many, Job(), workers=2, follow=kill_one)
    read_into(out, many, Job(), workers=2)
    assert texts_in(out)[: len(names)] == right()
    assert len(texts_in(out)) == len(many)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_model_is_refused_before_anything_is_begun(
    names: list[str], tmp_path: Path, workers: int
) -> None:
    (bad := tmp_path / "bad.onnx").write_bytes(b"bad")
    with pytest.raises(InvalidModel, match=r"bad\.onnx is not a model"):
        read_into(tmp_path / "readings.jsonl", names, Job(bad), workers=workers)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.onnx", "scans"]


def test_no_more_processes_are_begun_than_windows_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = mock.MagicMock()
    monkeypatch.setattr(processes, "ProcessPoolExecutor", pool)
    monkeypatch.setattr(sys, "platform", "win32")
    assert not list(read_in_processes([], Job(), workers=64))
    assert pool.call_args.args[0] == 61


def test_what_another_job_has_begun_is_left_alone(names: list[str], tmp_path: Path) -> None:
    out, part = tmp_path / "readings.csv", tmp_path / "readings.csv.part"
    with pytest.raises(KeyboardInterrupt):
        read_into(out, names, Job(), workers=1, follow=stopped_after_the_first_batch)
    before = part.read_bytes()
    with pytest.raises(InkDigitsError, match=r"another model or other options.*Delete it"):
        read_into(out, names, Job(expect="digit"))
    assert part.read_bytes() == before
    part.write_text("mine")
    with pytest.raises(InkDigitsError, match="Delete it"):
        read_into(out, names, Job())
    assert part.read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no lock on a file")
def test_two_commands_do_not_write_the_same_file(names: list[str], tmp_path: Path) -> None:
    out = tmp_path / "readings.jsonl"

    def begin_another(_count: int) -> None:
        with pytest.raises(InkDigitsError, match="is being written"):
            read_into(out, names, Job())

    read_into(out, names, Job(), workers=1, follow=begin_another)
    assert texts_in(out) == right()


def test_a_file_that_is_there_is_not_written_over(names: list[str], tmp_path: Path) -> None:
    out = tmp_path / "readings.csv"
    out.write_text("mine")
    with pytest.raises(InkDigitsError, match=r"readings\.csv is there already. Delete it"):
        read_into(out, names, Job())
    assert out.read_text() == "mine"
