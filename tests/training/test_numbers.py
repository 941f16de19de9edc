"""The lesson that teaches to read several digits at once."""

from pathlib import Path

import numpy as np
from rich.console import Console

from handwriting import STROKES, written
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.number_reader import NumberReader
from inkdigits.training.lesson import train_lesson
from inkdigits.training.numbers import NumberRecipe, Numbers, numbers_to_judge

TINY = NumberRecipe(epochs=1, pictures=32, batch_size=32, people=3, bent=500, judges=20)


def test_a_run_leaves_a_model_file_that_reads_numbers(tmp_path: Path, data_dir: str) -> None:
    train_lesson(Numbers, tmp_path, TINY, data_dir=data_dir, console=Console(quiet=True))
    reader = NumberReader(tmp_path / "model.onnx")
    picture = np.concatenate([written(value, side=60) for value in (3, 1, 4)], axis=1)
    [seen] = reader.read([picture])
    assert seen.outputs["probabilities"].shape == (64, 11)
    np.testing.assert_allclose(seen.outputs["probabilities"].sum(1), 1, atol=1e-5)
    assert reader.metadata["name"] == "numbers"
    assert "MNIST" in reader.metadata["trained_on"]
    assert "pen strokes" in reader.metadata["trained_on"]


def test_numbers_to_judge_by_are_the_same_each_time_and_of_two_to_four_digits() -> None:
    values = np.arange(10, dtype=np.uint8)
    digits = [
        WrittenDigit(value, 1, [np.array(stroke) for stroke in strokes])
        for value, strokes in STROKES.items()
    ]
    of_pictures = np.stack([255 - written(value, side=28) for value in range(10)]), values
    (pictures, texts), (same, same_texts) = (
        numbers_to_judge(digits, *of_pictures, 30) for _ in range(2)
    )
    np.testing.assert_array_equal(pictures, same)
    assert texts == same_texts
    assert {len(text) for text in texts} == {2, 3, 4}
    assert len(pictures) == 30
    assert (pictures.max((1, 2)) > 200).all()
