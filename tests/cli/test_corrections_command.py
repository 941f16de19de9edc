"""inkdigits corrections, and what is exported as a data set."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from handwriting import written
from inkdigits.cli import app
from inkdigits.corrections.store import Store
from inkdigits.datasets.spec import open_dataset
from inkdigits.errors import InkDigitsError, InvalidDataset
from sent import ALICE, BOB, new, sent


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with two that were accepted, one of them no digit, and two that were not."""
    url = f"sqlite:///{tmp_path / 'kept.sqlite'}"
    monkeypatch.setenv("INKDIGITS_DATABASE_URL", url)
    with closing(Store(url)) as store:
        store.add([new(7, 1), new(3, None, side=61), new(4, 4, side=62), new(5, 6, side=63)])
        for kept in store.page():
            if kept.sent_label in (1, None):
                store.review(kept.number, "accepted", 7 if kept.sent_label else None)
            elif kept.sent_label == 6:
                store.review(kept.number, "rejected", 6)
    return url


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, InkDigitsError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_only_what_was_accepted_and_is_a_digit_is_a_data_set(url: str) -> None:
    for spec in ("corrections:", f"corrections:{url}"):
        batch = open_dataset(spec).load()
        assert batch.labels is not None
        assert batch.labels.tolist() == [7]
        assert (batch.pictures[0] == written(7, 60)).all()
        assert f"of session {ALICE}" in batch.origins[0]


def test_what_is_exported_is_read_back_as_it_was(url: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    assert f"2 corrections written to {file}\n" in run("corrections", "export", file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["state"] for line in lines} == {"accepted"}
    batch = open_dataset(f"corrections:{file}").load()
    assert batch.labels is not None
    assert batch.labels.tolist() == [7]
    assert batch.origins == [f"mine.jsonl, line {[x['label'] for x in lines].index(7) + 1}"]
    run("corrections", "export", file, "--state", "all", "--overwrite")
    assert len(file.read_text().splitlines()) == 4
    assert len(open_dataset(f"corrections:{file}").load()) == 1


def test_an_export_says_how_many_are_still_to_be_reviewed(url: str, tmp_path: Path) -> None:
    said = run("corrections", "export", tmp_path / "mine.jsonl")
    assert "1 are waiting for review" in said
    said = run("corrections", "export", tmp_path / "all.jsonl", "--state", "all")
    assert "waiting" not in said


def test_no_file_is_replaced_by_an_export_unless_that_is_said(url: str, tmp_path: Path) -> None:
    (file := tmp_path / "mine.jsonl").write_text("mine")
    with pytest.raises(InkDigitsError, match=r"mine\.jsonl is there already.*--overwrite"):
        run("corrections", "export", file)
    assert file.read_text() == "mine"
    run("corrections", "export", file, "--overwrite")
    assert len(file.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "command", [("stats",), ("export", "new.jsonl"), ("delete", "--older-than", "1d")]
)
def test_a_database_that_is_not_there_is_told_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("slip.sqlite", f"{tmp_path}/none/slip.sqlite"):
        with pytest.raises(InkDigitsError, match=r"no database sqlite:///.*slip\.sqlite.*--url"):
            run("corrections", *command, "--url", f"sqlite:///{file}")
    assert not list(tmp_path.iterdir())


def test_what_a_page_has_saved_is_a_data_set(tmp_path: Path) -> None:
    file = tmp_path / "saved.jsonl"
    file.write_text("".join(f"{json.dumps(sent(i, i, side=40 + i))}\n" for i in range(3)))
    batch = open_dataset(f"corrections:{file}").load()
    assert batch.labels is not None
    assert batch.labels.tolist() == [0, 1, 2]
    assert [picture.shape for picture in batch.pictures] == [(40, 40), (41, 41), (42, 42)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: A correction is JSON"),
        (json.dumps(sent(label=10)), 'line 2: "label" is 10'),
        (json.dumps(sent(picture="aGFsbG8=")), "line 2: .* in no picture format"),
    ],
)
def test_a_saved_file_that_is_damaged_is_told_with_its_line(
    tmp_path: Path, line: str, message: str
) -> None:
    file = tmp_path / "saved.jsonl"
    file.write_text(f"{json.dumps(sent())}\n{line}\n")
    with pytest.raises(InvalidDataset, match=message):
        open_dataset(f"corrections:{file}").load()


def test_a_saved_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"none\.jsonl cannot be read"):
        open_dataset(f"corrections:{tmp_path / 'none.jsonl'}").load()


def test_a_database_that_is_not_there_is_no_data_set_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"There is no database sqlite:.*mistyped\.sqlite"):
        open_dataset(f"corrections:sqlite:///{tmp_path / 'mistyped.sqlite'}")
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_without_any_says_so(url: str) -> None:
    run("corrections", "delete", "--session", ALICE)
    with pytest.raises(InvalidDataset, match="is empty"):
        open_dataset("corrections:").load()


def test_stats_count_them(url: str) -> None:
    words = run("corrections", "stats").split()
    assert words[0] == url
    assert words[1:] == [
        *("waiting", "1", "accepted", "2", "rejected", "1", "sessions", "1"),
        *("7", "1", "no", "digit", "1"),
    ]


def test_a_session_is_deleted_or_what_is_old(url: str) -> None:
    with closing(Store(url)) as store:
        store.add([new(side=70, session=BOB)])
    assert run("corrections", "delete", "--older-than", "1h") == "0 corrections deleted\n"
    assert run("corrections", "delete", "--session", ALICE) == "4 corrections deleted\n"
    assert run("corrections", "delete", "--older-than", "0h") == "1 corrections deleted\n"


def test_those_in_a_state_are_deleted_and_only_of_the_session_that_is_named(url: str) -> None:
    command = ("corrections", "delete", "--state", "waiting")
    assert run(*command, "--session", BOB) == "0 corrections deleted\n"
    assert run(*command) == "1 corrections deleted\n"
    with closing(Store(url)) as store:
        assert sorted(each.state for each in store.page()) == ["accepted", "accepted", "rejected"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say which: --session ID, --older-than AGE"),
        (["--older-than", "soon"], "such as 90d, not 'soon'"),
    ],
)
def test_nothing_is_deleted_by_a_slip(url: str, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["corrections", "delete", *arguments])
    assert result.exit_code == 2
    assert message in result.output
    with closing(Store(url)) as store:
        assert len(store.page()) == 4
