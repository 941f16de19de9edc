"""CSV files: Kaggle's, Keras dumps, and what is wrong with a file, where."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigits import InvalidDataset
from inkdigits.datasets.csv_file import CsvDataset

RNG = np.random.default_rng(0)
PICTURES = RNG.choice([0, 0, 0, 7, 42, 255], (25, 28, 28)).astype(np.uint8)
PICTURES[:, 0], PICTURES[:, -1] = 0, 0
LABELS = np.arange(25, dtype=np.uint8) % 10
NAMES = [f"pixel{i}" for i in range(784)]


def write(path: Path, rows: NDArray[Any], names: list[str] | None = None, end: str = "\n") -> Path:
    lines = [] if names is None else [",".join(names)]
    lines += [",".join(map(str, row)) for row in rows.tolist()]
    path.write_bytes(end.join([*lines, ""]).encode())
    return path


def labelled(place: int = 0) -> NDArray[Any]:
    return np.insert(PICTURES.reshape(25, 784).astype(int), place, LABELS, axis=1)


def assert_read(path: Path, labels: bool = True) -> None:
    batch = CsvDataset(path).load()
    np.testing.assert_array_equal(batch.pictures, PICTURES)
    if labels:
        np.testing.assert_array_equal(batch.labels, LABELS)
    else:
        assert batch.labels is None


def test_kaggles_train_csv_has_labels_and_its_test_csv_has_none(tmp_path: Path) -> None:
    assert_read(write(tmp_path / "train.csv", labelled(), ["label", *NAMES]))
    assert_read(write(tmp_path / "test.csv", PICTURES.reshape(25, 784), NAMES), labels=False)


@pytest.mark.parametrize("place", [0, 784])
def test_the_label_may_be_first_or_last_with_names_or_without(tmp_path: Path, place: int) -> None:
    for header in (None, [str(i) for i in range(785)], ["p" + str(i) for i in range(785)]):
        assert_read(write(tmp_path / "file.csv", labelled(place), header))


def test_a_column_called_class_in_the_middle_is_the_label(tmp_path: Path) -> None:
    names = [*NAMES[:300], "Class", *NAMES[300:]]
    assert_read(write(tmp_path / "file.csv", labelled(300), names))


@pytest.mark.parametrize("name", ["id", "ImageId", "Index", "", "Unnamed: 0"])
@pytest.mark.parametrize("pixels", [NAMES, [str(i) for i in range(784)]])
def test_a_column_that_numbers_the_rows_is_not_looked_at(
    tmp_path: Path, name: str, pixels: list[str]
) -> None:
    path = tmp_path / "file.csv"
    ids = np.arange(25) + 300
    assert_read(write(path, np.insert(labelled(), 0, ids, axis=1), [name, "label", *pixels]))
    unlabelled = PICTURES.reshape(25, 784).astype(object)
    assert_read(write(path, np.insert(unlabelled, 0, ids, axis=1), [name, *pixels]), labels=False)
    images = [f"scan {i}" for i in ids]
    assert_read(write(path, np.insert(unlabelled, 784, images, axis=1), [*pixels, name]), False)


def test_few_rows_that_are_numbered_have_no_labels(tmp_path: Path) -> None:
    rows = np.insert(PICTURES[:8].reshape(8, 784), 0, np.arange(8), axis=1)
    batch = CsvDataset(write(tmp_path / "test.csv", rows, ["ImageId", *NAMES])).load()
    assert batch.labels is None
    np.testing.assert_array_equal(batch.pictures, PICTURES[:8])


@pytest.mark.parametrize("missing", ["", "NA"])
def test_a_first_row_that_lacks_a_pixel_is_no_header(tmp_path: Path, missing: str) -> None:
    rows = PICTURES.reshape(25, 784).astype(object)
    rows[0, 5] = missing
    path = write(tmp_path / "file.csv", rows)
    with pytest.raises(InvalidDataset, match=rf"row 1, column 6: '{missing}' is not a pixel"):
        CsvDataset(path).load()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_may_end_as_on_windows(tmp_path: Path, end: str) -> None:
    assert_read(write(tmp_path / "file.csv", labelled(), ["label", *NAMES], end))


def test_numbers_may_be_quoted_spaced_or_written_with_a_point(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [",".join(f'"{v}"' if v > 9 else f" {v}.0" for v in row) for row in labelled().tolist()]
    path.write_text("\n".join([",".join(["label", *NAMES]), *rows]))  # and no newline at the end
    assert_read(path)


def test_a_long_file_is_read_in_parts_and_each_picture_knows_its_row(tmp_path: Path) -> None:
    rows = np.tile(labelled(), (60, 1))
    path = write(tmp_path / "long.csv", rows, ["label", *NAMES])
    batches = list(CsvDataset(path).batches(batch_size=400))
    assert [len(batch) for batch in batches] == [400, 400, 400, 300]
    assert batches[0].origins[0] == "long.csv, row 2"
    assert batches[3].origins[-1] == "long.csv, row 1501"
    np.testing.assert_array_equal(batches[3].pictures[-1], PICTURES[-1])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_after_blank_lines_rows_are_called_by_the_line_that_they_are_in(
    tmp_path: Path, end: str
) -> None:
    path = write(tmp_path / "file.csv", labelled(), ["label", *NAMES])
    names, *rows = path.read_text().splitlines()
    path.write_bytes(end.join([names, "", *rows[:3], "", "", *rows[3:], ""]).encode())
    assert_read(path)
    origins = [origin for batch in CsvDataset(path).batches(4) for origin in batch.origins]
    assert origins == [f"file.csv, row {line}" for line in [3, 4, 5, *range(8, 30)]]
    rows[10] = rows[10].replace(rows[10].partition(",")[0], "11", 1)
    path.write_bytes(end.join([names, "", *rows[:3], "", "", *rows[3:], ""]).encode())
    with pytest.raises(InvalidDataset, match="row 15, column label: the label is 11"):
        CsvDataset(path).load()


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (3, 5, "256", "row 5, column pixel4: '256' is not a pixel of 0 to 255"),
        (3, 5, "1000", "row 5, column pixel4: '1000' is not a pixel"),
        (0, 1, "-1", "row 2, column pixel0: '-1' is not a pixel"),
        (24, 784, "ink", "row 26, column pixel783: 'ink' is not a pixel"),
        (7, 9, "", "row 9, column pixel8: '' is not a pixel"),
        (7, 9, "1.5", "row 9, column pixel8: '1.5' is not a pixel"),
        (7, 9, "nan", "row 9, column pixel8: 'nan' is not a pixel"),
        (2, 0, "10", "row 4, column label: the label is 10, and no digit"),
        (2, 0, "x", "row 4, column label: 'x' is not a label from 0 to 9"),
    ],
)
def test_a_wrong_value_is_named_with_its_row_and_column(
    tmp_path: Path, row: int, column: int, value: str, message: str
) -> None:
    rows = labelled().astype(object)
    rows[row, column] = value
    path = write(tmp_path / "file.csv", rows, ["label", *NAMES])
    with pytest.raises(InvalidDataset, match=rf"file\.csv, {message}"):
        CsvDataset(path).load()


def test_a_row_that_is_too_short_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "file.csv", labelled(), ["label", *NAMES])
    lines = path.read_text().splitlines()
    lines[4] = lines[4].rpartition(",")[0]
    path.write_text("\n".join(lines))
    with pytest.raises(InvalidDataset, match="row 5: it has 784 columns instead of 785"):
        CsvDataset(path).load()


def test_a_missing_column_is_said_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "file.csv", labelled()[:, :-5], ["label", *NAMES[:-5]])
    with pytest.raises(InvalidDataset, match=r"has 780 columns\. It needs 784 pixels"):
        CsvDataset(path)


def test_a_label_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "file.csv", np.zeros((5, 785), int))
    with pytest.raises(InvalidDataset, match=r'which is the label. Call it "label"'):
        CsvDataset(path)


def many(count: int = 600) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Noisy pixels (N, 784), and labels that are sorted."""
    rng = np.random.default_rng(1)
    pixels = rng.choice([0, 0, 0, 1, 2, 90], (count, 784)).astype(np.uint8)
    return pixels, np.sort(np.arange(count) % 10).astype(np.uint8)


@pytest.mark.parametrize("place", [0, 784])
def test_the_label_of_sorted_rows_is_found_though_the_first_ones_are_all_alike(
    tmp_path: Path, place: int
) -> None:
    pixels, labels = many()
    labels = np.sort(labels // 5).astype(np.uint8)  # 300 of 0, and then of 1
    pixels[:300, [0, -1]] = np.arange(300)[:, None] % 3  # like labels, but later on they are not
    path = write(tmp_path / "sorted.csv", np.insert(pixels, place, labels, axis=1))
    batch = CsvDataset(path).load()
    np.testing.assert_array_equal(batch.labels, labels)
    np.testing.assert_array_equal(np.asarray(batch.pictures).reshape(-1, 784), pixels)


def test_a_label_that_either_of_two_columns_could_be_is_asked_for(tmp_path: Path) -> None:
    pixels, labels = many()
    pixels[:, -1] %= 3
    path = write(tmp_path / "sorted.csv", np.insert(pixels, 0, labels, axis=1))
    with pytest.raises(InvalidDataset, match=r'which is the label. Call it "label"'):
        CsvDataset(path)
    named = write(tmp_path / "named.csv", np.insert(pixels, 0, labels, axis=1), ["label", *NAMES])
    np.testing.assert_array_equal(CsvDataset(named).load().labels, labels)


@pytest.mark.parametrize("content", ["", ",".join(["label", *NAMES]) + "\n"])
def test_an_empty_file_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "file.csv").write_text(content)
    with pytest.raises(InvalidDataset, match="is empty"):
        CsvDataset(tmp_path / "file.csv").load()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"absent\.csv cannot be read"):
        CsvDataset(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (gzip.compress(b"1,2,3", mtime=0), r"is packed by gzip\. Unpack it, as gunzip does"),
        (b"PK\x03\x04" + bytes(40), r"is a zip archive\. Unpack it, and name the CSV file"),
        (",".join(NAMES).encode("utf-16"), r"is UTF-16\. Save it as CSV in UTF-8"),
        (b";".join([b"0"] * 785), r"separated by semicolons\. Save it with commas"),
        (b"\t".join([b"0"] * 784), r"separated by tabs\. Save it with commas"),
    ],
)
def test_what_is_packed_or_separated_otherwise_is_told_the_remedy(
    tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "train.csv").write_bytes(content)
    with pytest.raises(InvalidDataset, match=says):
        CsvDataset(tmp_path / "train.csv")
