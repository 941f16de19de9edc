"""Reader: pictures in, Readings out, with the model that ships."""

import base64
import dataclasses
import io
import json
import pickle
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inkdigits
from handwriting import png, written
from inkdigits import InkDigitsError, InvalidModel, NoInk, Reader, UnreadablePicture
from inkdigits.datasets.mnist import load_mnist

DIGITS = range(10)
BLANK = np.full((40, 30), 200, np.uint8)


@pytest.mark.parametrize("value", DIGITS)
def test_each_digit_is_read(reader: Reader, value: int) -> None:
    reading = reader.read(written(value))
    assert reading.text == str(value)
    assert [digit.value for digit in reading.digits] == [value]


def test_a_reader_may_be_pickled_for_other_processes(reader: Reader) -> None:
    content = pickle.dumps(reader)
    assert len(content) < 1000  # it is not the model's weights that are sent
    assert pickle.loads(content).read(written(4)) == reader.read(written(4))


def test_a_reading_says_what_where_and_how_surely(reader: Reader) -> None:
    reading = reader.read(written(4))
    [digit] = reading.digits
    assert len(digit.probabilities) == 10
    assert sum(digit.probabilities) == pytest.approx(1, abs=1e-5)
    assert digit.confidence == max(digit.probabilities) == digit.probabilities[4]
    assert reading.confidence == digit.confidence
    assert reading.sure is digit.sure is True
    dark = np.argwhere(written(4) < 128)
    (y0, x0), (y1, x1) = dark.min(0), dark.max(0) + 1
    assert digit.box == pytest.approx((x0, y0, x1, y1), abs=2)
    assert digit.seen.shape == (28, 28)


def test_any_source_gives_the_same_reading(reader: Reader, tmp_path: Path) -> None:
    picture = written(3)
    data = png(picture)
    path = tmp_path / "three.png"
    path.write_bytes(data)
    text = base64.b64encode(data).decode()
    url = f"data:image/png;base64,{text}"
    sources = [data, path, str(path), io.BytesIO(data), Image.fromarray(picture), text, url]
    assert {reader.read(source) for source in sources} == {reader.read(picture)}


def test_readings_become_json(reader: Reader) -> None:
    row = json.loads(json.dumps(reader.read(written(2)).to_dict()))
    assert list(row) == [
        *("text", "confidence", "sure", "lines", "number", "numbers", "digits", "marks"),
        *("skipped", "faint", "turned", "warnings", "model"),
    ]
    assert (row["lines"], row["number"], row["turned"]) == (["2"], 2, 0)
    assert row["marks"] == row["skipped"] == row["faint"] == row["warnings"] == []
    assert list(row["digits"][0]) == ["value", "confidence", "sure", "box", "probabilities"]
    assert row["digits"][0]["value"] == 2


def test_what_the_network_saw_is_part_of_the_json_on_request(reader: Reader) -> None:
    reading = reader.read(written(2))
    seen = json.loads(json.dumps(reading.to_dict(seen=True)))["digits"][0]["seen"]
    np.testing.assert_allclose(seen, reading.digits[0].seen, atol=0.001)


def test_readings_cannot_be_changed(reader: Reader) -> None:
    reading = reader.read(written(1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        reading.text = "7"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        reading.digits[0].value = 7  # type: ignore[misc]


def test_a_blank_picture_has_no_ink(reader: Reader) -> None:
    with pytest.raises(NoInk, match="Nothing is written"):
        reader.read(BLANK)


def test_what_is_not_a_picture_is_refused(reader: Reader) -> None:
    with pytest.raises(UnreadablePicture):
        reader.read(b"no picture at all")


def test_many_pictures_of_many_sizes_are_read_in_order(reader: Reader) -> None:
    sides = [28, 280, 100, 28, 57, 280, 28, 28, 33, 90]
    pictures = [written(value, side=side) for value, side in zip(DIGITS, sides, strict=True)]
    readings = reader.read_many(pictures, batch_size=4)
    assert "".join(reading.text for reading in readings) == "0123456789"


def test_many_pictures_give_what_each_gives_alone(reader: Reader) -> None:
    pictures = [written(value) for value in DIGITS]
    for together, picture in zip(reader.read_many(pictures), pictures, strict=True):
        alone = reader.read(picture)
        assert together.text == alone.text
        assert together.digits[0].box == alone.digits[0].box
        assert together.confidence == pytest.approx(alone.confidence, abs=1e-5)


def test_a_bad_picture_stops_many_unless_its_error_is_wanted(reader: Reader) -> None:
    pictures = [written(1), b"bad", BLANK, written(2)]
    with pytest.raises(UnreadablePicture):
        list(reader.read_many(pictures))
    results = list(reader.read_many(pictures, errors="return"))
    kinds = [type(result).__name__ for result in results]
    assert kinds == ["Reading", "UnreadablePicture", "NoInk", "Reading"]


def test_of_many_pictures_the_one_that_stopped_it_is_named(reader: Reader, tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    blank.write_bytes(png(BLANK))
    for pictures, says in (
        ([written(1), BLANK], r"^Picture 1: Nothing is written"),
        ([written(1), written(2), str(blank)], r"^Picture 2, .*blank\.png: Nothing is written"),
        ([b"", written(1)], r"^Picture 0: The picture is empty"),
        ([Path("none.png")], r"^Picture 0: none\.png does not exist"),
    ):
        with pytest.raises(InkDigitsError, match=says):
            list(reader.read_many(pictures, batch_size=2))


@pytest.mark.parametrize("picture", ["seven.png", Path("seven.png"), b"bytes", io.BytesIO()])
def test_one_picture_alone_is_not_many(reader: Reader, picture: object) -> None:
    with pytest.raises(TypeError, match=r"is one\. Give it as \[picture\], or to read"):
        reader.read_many(picture)  # type: ignore[arg-type]


def test_many_pictures_are_taken_as_readings_are(reader: Reader) -> None:
    taken = 0

    def endless() -> Iterator[np.ndarray]:
        nonlocal taken
        while True:
            taken += 1
            yield written(6, side=28)

    readings = reader.read_many(endless(), batch_size=8)
    for _ in range(3):
        next(readings)
    assert taken == 8


def test_memory_does_not_grow_with_the_number_of_pictures(reader: Reader) -> None:
    picture = written(5)

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in reader.read_many((picture.copy() for _ in range(count)), batch_size=10):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(200) < 1.5 * peak(20)


def test_arrays_are_predicted_at_once(reader: Reader) -> None:
    pictures = np.stack([written(value, side=64) for value in DIGITS])
    np.testing.assert_array_equal(reader.predict(pictures), DIGITS)
    probabilities = reader.predict_proba(pictures)
    assert probabilities.shape == (10, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


def test_arrays_of_floats_are_predicted_too(reader: Reader) -> None:
    pictures = np.stack([written(value, side=64) for value in DIGITS])
    np.testing.assert_array_equal(reader.predict(pictures / 255), DIGITS)


def test_no_pictures_give_no_predictions(reader: Reader) -> None:
    assert reader.predict(np.empty((0, 28, 28), np.uint8)).shape == (0,)


def test_arrays_of_the_wrong_shape_are_refused_with_the_right_one(reader: Reader) -> None:
    with pytest.raises(UnreadablePicture, match=r"\(28, 28\).*\(N, H, W\)"):
        reader.predict(written(1, side=28))


def test_of_no_pictures_the_model_file_says_nothing(reader: Reader) -> None:
    outputs = reader.outputs(np.zeros((0, 28, 28), np.uint8))
    assert [len(values) for values in outputs.values()] == [0] * 5
    assert outputs["probabilities"].shape == (0, 10)


def test_pictures_of_several_sizes_are_not_predicted_at_once(reader: Reader) -> None:
    sizes = [np.zeros((28, 28)), np.zeros((30, 30))]
    with pytest.raises(UnreadablePicture, match="not of one size"):
        reader.predict(sizes)


def test_what_is_to_happen_to_errors_is_one_of_two_words(reader: Reader) -> None:
    with pytest.raises(ValueError, match="errors is 'rasie'"):
        reader.read_many([], errors="rasie")  # type: ignore[call-overload]


def test_predicting_a_blank_picture_names_it(reader: Reader) -> None:
    pictures = np.stack([written(1, side=64), np.zeros((64, 64), np.uint8)])
    with pytest.raises(NoInk, match="picture 1"):
        reader.predict(pictures)


def test_threads_share_a_reader(reader: Reader) -> None:
    start = threading.Barrier(8)

    def read_all(_: int) -> str:
        start.wait()
        return "".join(reader.read(written(value)).text for value in DIGITS)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read_all, range(8))) == {"0123456789"}


def test_threads_do_not_change_the_answer(reader: Reader) -> None:
    several = Reader(threads=2)
    for value in DIGITS:
        one = reader.read(written(value))
        assert several.read(written(value)).confidence == pytest.approx(one.confidence, abs=1e-5)


def test_no_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Reader(threads=0)


def test_the_model_says_what_it_is(reader: Reader) -> None:
    facts = {"contract", "name", "version", "trained_on", "accuracy", "licence", "revision"}
    assert facts <= set(reader.metadata)
    assert all(reader.metadata[fact] not in ("", "unknown") for fact in facts)
    accuracy = json.loads(reader.metadata["accuracy"])
    assert accuracy["mnist:validation"] > 0.995


def test_the_model_is_at_most_a_megabyte() -> None:
    assert (Path(inkdigits.__file__).parent / "models" / "digits.onnx").stat().st_size <= 1_000_000


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads the process's memory from /proc")


def memory_grown(work: str, measure: str) -> int:
    """MB that a fresh process grows by in `work`; `measure` is VmHWM (the peak) or VmRSS."""
    code = (
        "import pathlib, numpy as np; from inkdigits import Reader\n"
        "def memory(): return int(pathlib.Path('/proc/self/status').read_text()"
        f".split('{measure}:')[1].split()[0])\n"
        "reader = Reader(); seven = np.full((280, 280), 255, np.uint8); seven[50:200, 90:110] = 0\n"
        f"reader.read(seven); before = memory(); {work}; reader.read(seven)\n"
        "print((memory() - before) // 1000)"
    )
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


@LINUX
@pytest.mark.parametrize("side", [28, 4])
def test_a_large_batch_takes_little_memory(side: int) -> None:
    # At once they would take twice as much.
    pictures = f"p = np.full((4000, {side}, {side}), 255, np.uint8); p[:, 1:-1, {side} // 2] = 0"
    assert memory_grown(f"{pictures}; reader.predict(p)", "VmHWM") < 300


@LINUX
def test_what_a_large_picture_took_is_given_back() -> None:
    picture = "p = np.full((4000, 4000), 255, np.uint8); p[900:3000, 1800:2200] = 0"
    assert memory_grown(f"{picture}; reader.read(p); del p", "VmRSS") < 100


def test_what_the_network_saw_cannot_be_changed(reader: Reader) -> None:
    seen = reader.read(written(1)).digits[0].seen
    with pytest.raises(ValueError, match="read-only"):
        seen[0, 0] = 1


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidModel, match=r"none\.onnx"):
        Reader(tmp_path / "none.onnx")


def test_a_runs_folder_is_its_model(unsure_model: Path) -> None:
    assert unsure_model.name == "model.onnx"
    assert Reader(unsure_model.parent).metadata["name"] == "unsure"


def test_a_folder_without_a_model_is_named_with_what_should_be_in_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidModel, match=r"model\.onnx: .*a training run that was finished"):
        Reader(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x0a" * 50])
def test_a_file_that_is_not_onnx_is_no_model(content: bytes) -> None:
    with pytest.raises(InvalidModel, match="inkdigits train"):
        Reader(content)


def test_mnist_is_read_from_raw_pixels(reader: Reader, data_dir: str) -> None:
    pictures, labels = load_mnist("validation", data_dir)
    assert (reader.predict(pictures) == labels).mean() > 0.995


@pytest.mark.parametrize("length", [5, 60, 200])
def test_ink_that_is_nothing_that_is_known_is_no_sure_digit_and_no_blank_page(
    reader: Reader, length: int
) -> None:
    canvas = np.full((280, 560), 255, np.uint8)
    canvas[90:108, 100 : 100 + length] = 0
    reading = reader.read(canvas)
    assert not reading.sure
    assert not any(digit.sure for digit in reading.digits)
