"""One name for any data set, and every format read back as it was written."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting import written
from inkdigits import InkDigitsError, InvalidDataset, Reader
from inkdigits.datasets.convert import convert
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import open_dataset

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (23, 28, 28), np.uint8)
LABELS = np.sort(RNG.integers(0, 10, 23)).astype(np.uint8)
TARGETS = ["csv:{}/a.csv", "npz:{}/a.npz", "idx:{0}/a-images,{0}/a-labels", "folder:{}/a"]


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_written_is_read_back(tmp_path: Path, target: str) -> None:
    target = target.format(tmp_path)
    assert convert(ArrayDataset("mine", PICTURES, LABELS), target) == 23
    batch = open_dataset(target).load()
    np.testing.assert_array_equal(np.asarray(batch.pictures), PICTURES)
    np.testing.assert_array_equal(batch.labels, LABELS)
    assert len(batch.origins) == len(set(batch.origins)) == 23


@pytest.mark.parametrize("target", [*TARGETS[:2], "idx:{}/a-images", TARGETS[3]])
def test_labels_may_be_missing(tmp_path: Path, target: str) -> None:
    target = target.format(tmp_path)
    convert(ArrayDataset("mine", PICTURES), target)
    batch = open_dataset(target).load()
    assert batch.labels is None
    np.testing.assert_array_equal(np.asarray(batch.pictures), PICTURES)


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_overwritten(tmp_path: Path, target: str) -> None:
    target = target.format(tmp_path)
    dataset = ArrayDataset("mine", PICTURES, LABELS)
    convert(dataset, target)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InkDigitsError, match=r"is there already|is not empty"):
        convert(dataset, target)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_what_another_command_has_begun_beside_it_is_left_alone(tmp_path: Path) -> None:
    (begun := tmp_path / "a.csv.part").write_text("rows of inkdigits read --out a.csv")
    convert(ArrayDataset("mine", PICTURES, LABELS), f"csv:{tmp_path}/a.csv")
    assert begun.read_text() == "rows of inkdigits read --out a.csv"


def test_pictures_and_labels_need_two_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"cannot have both pictures and labels\. Name two"):
        convert(ArrayDataset("mine", PICTURES, LABELS), f"idx:{tmp_path}/a,{tmp_path}/./a")
    assert not list(tmp_path.iterdir())


def test_pictures_of_other_sizes_are_made_like_mnists(tmp_path: Path, reader: Reader) -> None:
    for value in (3, 7):
        (tmp_path / "own" / str(value)).mkdir(parents=True)
        Image.fromarray(written(value)).save(tmp_path / "own" / str(value) / "mine.png")
    convert(open_dataset(f"folder:{tmp_path}/own"), f"csv:{tmp_path}/own.csv")
    batch = open_dataset(f"csv:{tmp_path}/own.csv").load()
    assert batch.labels is not None
    assert batch.labels.tolist() == [3, 7]
    assert reader.predict(np.asarray(batch.pictures)).tolist() == [3, 7]
    assert np.asarray(batch.pictures)[:, 0].max() == 0  # ink is bright on 0


@pytest.mark.parametrize("target", ["csv:{}/a.csv", "npz:{}/a.npz", "idx:{}/a-images"])
def test_dark_ink_on_light_paper_is_written_bright_on_black(
    tmp_path: Path, data_dir: str, target: str
) -> None:
    pictures, _ = load_mnist("validation", data_dir)
    mixed = np.where(np.arange(50)[:, None, None] % 2, pictures[:50], 255 - pictures[:50])
    convert(ArrayDataset("mixed", mixed), target.format(tmp_path))
    written = open_dataset(target.format(tmp_path)).load().pictures
    np.testing.assert_array_equal(np.asarray(written), pictures[:50])


def test_grey_paper_becomes_black(tmp_path: Path, data_dir: str) -> None:
    pictures, _ = load_mnist("validation", data_dir)
    noise = np.random.default_rng(0).normal(0, 4, (50, 28, 28))
    on_grey = (180 - 0.6 * pictures[:50] + noise).clip(0, 255).astype(np.uint8)
    convert(ArrayDataset("grey", on_grey), f"npz:{tmp_path}/a.npz")
    written = np.asarray(open_dataset(f"npz:{tmp_path}/a.npz").load().pictures)
    assert np.median(written, axis=(1, 2)).max() < 10
    assert written.max((1, 2)).min() > 120


def test_a_folder_is_labelled_by_sub_folder_or_by_name(tmp_path: Path) -> None:
    for name in ("7/a.png", "4_mine.png", "other/3.jpg", "9/5.png", "12.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(written(1)).save(path)
    with pytest.raises(InvalidDataset, match=r"12\.png has no label"):
        open_dataset(f"folder:{tmp_path}")
    (tmp_path / "12.png").unlink()
    batch = open_dataset(f"folder:{tmp_path}").load()
    assert batch.labels is not None
    assert dict(zip(batch.origins, batch.labels.tolist(), strict=True)) == {
        "4_mine.png": 4,
        "7/a.png": 7,
        "9/5.png": 9,
        "other/3.jpg": 3,
    }


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "7_mine.png").write_bytes(b"not a picture")
    with pytest.raises(InvalidDataset, match=r"7_mine\.png"):
        open_dataset(f"folder:{tmp_path}").load()


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match="holds no pictures"):
        open_dataset(f"folder:{tmp_path}")


def test_mnist_is_named_by_its_part(data_dir: str) -> None:
    batch = open_dataset("mnist:validation", data_dir).load()
    pictures, labels = load_mnist("validation", data_dir)
    np.testing.assert_array_equal(batch.pictures, pictures)
    np.testing.assert_array_equal(batch.labels, labels)
    assert batch.origins[7] == "mnist:validation, number 7"


def test_any_idx_pair_is_read(data_dir: str) -> None:
    spec = "idx:t10k-images-idx3-ubyte.gz,t10k-labels-idx1-ubyte.gz"
    assert len(open_dataset(spec, data_dir).load()) == 10_000
    with pytest.raises(InvalidDataset, match="Name the pictures first"):
        open_dataset("idx:t10k-labels-idx1-ubyte.gz", data_dir)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("damage", [-1, +1])
def test_an_idx_file_that_is_too_short_or_too_long_is_named(
    tmp_path: Path, packed: bool, damage: int
) -> None:
    spec = f"idx:{tmp_path}/images,{tmp_path}/labels"
    convert(ArrayDataset("mine", PICTURES, LABELS), spec)
    content = (tmp_path / "images").read_bytes()
    content = content[:-1] if damage < 0 else content + b"x"
    (tmp_path / "images").write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(InvalidDataset, match=r"images is (truncated|too long)"):
        open_dataset(spec).load()
    (tmp_path / "images").write_bytes(gzip.compress(content)[:-100])
    with pytest.raises(InvalidDataset, match=r"images is (truncated|damaged)"):
        open_dataset(spec).load()


def test_idx_labels_have_to_be_as_many_as_the_pictures(tmp_path: Path) -> None:
    convert(ArrayDataset("mine", PICTURES, LABELS), f"idx:{tmp_path}/images,{tmp_path}/labels")
    convert(ArrayDataset("few", PICTURES[:5], LABELS[:5]), f"idx:{tmp_path}/i,{tmp_path}/few")
    with pytest.raises(InvalidDataset, match=r"few has the shape .5,., but .*images has 23 pict"):
        open_dataset(f"idx:{tmp_path}/images,{tmp_path}/few")


def test_strokes_are_drawn_the_same_each_time(data_dir: str, reader: Reader) -> None:
    batches = [next(open_dataset("strokes:pendigits-orig.tra.gz", data_dir).batches(40))] * 2
    assert "digit 1 by writer" in batches[0].origins[0]
    np.testing.assert_array_equal(batches[0].pictures, batches[1].pictures)
    assert np.asarray(batches[0].pictures).shape == (40, 280, 280)
    assert (reader.predict(np.asarray(batches[0].pictures)) == batches[0].labels).mean() > 0.8


@pytest.mark.parametrize("damage", ["cut", "label", "text"])
def test_damaged_strokes_are_named(tmp_path: Path, data_dir: str, damage: str) -> None:
    [source] = Path(data_dir).rglob("pendigits-orig.tra.gz")
    path = tmp_path / "strokes.gz"
    shutil.copy(source, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "label":
        path.write_text('.SEGMENT DIGIT 0 ? "x"\n.COMMENT x 1 1\n.PEN_DOWN\n1 2\n.PEN_UP\n')
    else:
        path.write_text("hello")
    with pytest.raises(
        InvalidDataset, match=r"strokes\.gz.*(damaged|digit 1: its label|no UNIPEN)"
    ):
        open_dataset(f"strokes:{path}")


def test_kerass_file_has_two_parts(tmp_path: Path) -> None:
    path = tmp_path / "mnist.npz"
    parts = {"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES[:5], "y_test": LABELS[:5]}
    np.savez(path, **parts)
    assert len(open_dataset(f"npz:{path},test").load()) == 5
    assert len(open_dataset(f"npz:{path},train").load()) == 23
    with pytest.raises(InvalidDataset, match="x_train and x_test: say which"):
        open_dataset(f"npz:{path}")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"other": PICTURES}, "holds other. It needs an array called pictures"),
        ({"pictures": PICTURES.astype(float)}, "whole numbers from 0 to 255"),
        ({"pictures": PICTURES.astype(int) + 1}, "pixels go from 1 to 256"),
        ({"pictures": PICTURES, "labels": LABELS + 5}, "is no|no digit from 0 to 9"),
        (
            {"pictures": PICTURES, "labels": LABELS[:5]},
            r"23 pictures, but its labels are uint8 \(5,\)",
        ),
        ({"pictures": np.array([object()])}, "the pictures are object"),
    ],
)
def test_an_npz_that_makes_no_sense_is_explained(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    np.savez(tmp_path / "file.npz", **arrays)
    with pytest.raises(InvalidDataset, match=message):
        open_dataset(f"npz:{tmp_path}/file.npz").load()


def test_an_npz_file_is_read_a_batch_at_a_time(tmp_path: Path) -> None:
    flat = PICTURES.reshape(23, 784).astype(np.int32)
    np.savez_compressed(tmp_path / "file.npz", x=flat, y=LABELS.astype(np.int64))
    batches = list(open_dataset(f"npz:{tmp_path}/file.npz").batches(10))
    assert [len(batch) for batch in batches] == [10, 10, 3]
    np.testing.assert_array_equal(batches[2].pictures, PICTURES[20:])
    np.testing.assert_array_equal(batches[2].labels, LABELS[20:])


@pytest.mark.parametrize("keep", [0.2, 0.9])
def test_a_truncated_npz_is_named(tmp_path: Path, keep: float) -> None:
    np.savez(tmp_path / "file.npz", pictures=PICTURES)
    content = (tmp_path / "file.npz").read_bytes()
    (tmp_path / "file.npz").write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InvalidDataset, match=r"file\.npz cannot be read as \.npz"):
        open_dataset(f"npz:{tmp_path}/file.npz").load()


@pytest.mark.parametrize("spec", ["", "train.csv", "csv:", "png:a.png", "mnist"])
def test_a_name_that_names_nothing_is_answered_with_those_that_do(spec: str) -> None:
    with pytest.raises(InvalidDataset, match=r"names no data set(.|\n)*csv:FILE"):
        open_dataset(spec)


def test_a_file_that_is_not_here_is_looked_for_in_the_data_folder_under_all_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, data = tmp_path / "here", tmp_path / "data"
    here.mkdir()
    monkeypatch.chdir(here)
    for folder, count in (("old", 5), ("new [1]", 7)):
        (data / "kaggle" / folder).mkdir(parents=True)
        target = f"csv:{data}/kaggle/{folder}/train.csv"
        convert(ArrayDataset("mine", PICTURES[:count], LABELS[:count]), target)
    assert len(open_dataset("csv:new [1]/train.csv", data).load()) == 7
    assert len(open_dataset("csv:old/train.csv", data).load()) == 5
    with pytest.raises(InvalidDataset, match=r"new.train\.csv cannot be read: No such file"):
        open_dataset("csv:new/train.csv", data)
    with pytest.raises(InvalidDataset, match=r"below .*data there are 2, such as .* Say which"):
        open_dataset("csv:train.csv", data)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # as Windows calls it
    monkeypatch.delenv("INKDIGITS_DATA_DIR", raising=False)
    mine = ArrayDataset("mine", PICTURES, LABELS)
    (tmp_path / "data").mkdir()
    convert(mine, f"csv:{tmp_path}/data/mine.csv")
    convert(mine, f"folder:{tmp_path}/mine")
    for spec, data_dir in (("csv:~/data/mine.csv", None), ("folder:~/mine", None)):
        assert len(open_dataset(spec, data_dir).load()) == 23
    assert len(open_dataset("csv:mine.csv", "~/data").load()) == 23


@pytest.mark.parametrize("kind", ["csv", "npz", "idx", "folder", "strokes"])
def test_a_name_that_no_file_can_have_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INKDIGITS_DATA_DIR", raising=False)
    with pytest.raises(InvalidDataset, match=r"x{300}.* (File name too long|is no folder)"):
        open_dataset(f"{kind}:{'x' * 300}")


@pytest.mark.parametrize(
    "spec", ["csv:absent.csv", "npz:absent.npz", "folder:absent", "idx:absent"]
)
def test_a_missing_file_is_named(tmp_path: Path, spec: str) -> None:
    with pytest.raises(InvalidDataset, match="absent"):
        open_dataset(spec, tmp_path)


def test_a_file_or_a_folder_without_its_kind_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "train.csv").touch()
    for path, kind in [(tmp_path / "train.csv", "csv"), (tmp_path, "folder")]:
        with pytest.raises(InvalidDataset, match=rf"no data set\. Do you mean {kind}:{path}\?"):
            open_dataset(str(path))
    with pytest.raises(InvalidDataset, match=r"no data set\. Name one"):
        open_dataset(str(tmp_path / "other.csv"))
