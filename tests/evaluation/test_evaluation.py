"""Judging a model: figures that are scikit-learn's, a page, and differences that are real."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn import metrics as sklearn_metrics

from command import inkdigits
from handwriting import written
from inkdigits import InvalidDataset, Reader
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.mnist import load_mnist
from inkdigits.evaluation.metrics import brier_score, calibration, difference, evaluate
from inkdigits.evaluation.page import page
from inkdigits.evaluation.predictions import NONE, Predictions, predict
from inkdigits.reading import Digit, Reading


@pytest.fixture(scope="module")
def predictions(reader: Reader, data_dir: str) -> Predictions:
    """Of 2,000 pictures, of which every 40th has a wrong label."""
    pictures, labels = load_mnist("validation", data_dir)
    labels = labels[:2000].copy()
    labels[::40] = (labels[::40] + 1) % 10
    return predict(reader, ArrayDataset("mine", pictures[:2000], labels))


def made_up(count: int = 5000, seed: int = 0) -> Predictions:
    """Predictions whose confidence is exactly how often they are right."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(10, 0.2), count).astype(np.float32)
    labels = (probabilities.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    sure = probabilities.max(axis=1) > 0.9
    answers = probabilities.argmax(axis=1)
    return Predictions("made up", labels.astype(np.uint8), answers, probabilities, sure, 1.0)


def with_right(right: NDArray[np.bool_]) -> Predictions:
    labels = np.zeros(len(right), np.uint8)
    answers = np.where(right, 0, 1)
    probabilities = np.eye(10, dtype=np.float32)[answers]
    return Predictions("made up", labels, answers, probabilities, right, 1.0)


def test_the_figures_are_scikit_learns_to_the_last_digit(predictions: Predictions) -> None:
    figures = evaluate(predictions)
    labels, answers = predictions.labels, predictions.answers
    assert figures["accuracy"] == sklearn_metrics.accuracy_score(labels, answers)
    assert figures["log_loss"] == sklearn_metrics.log_loss(labels, predictions.probabilities)
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        labels, answers, labels=range(10)
    )
    for digit in range(10):
        row = figures["digits"][str(digit)]
        assert (row["precision"], row["recall"]) == (precision[digit], recall[digit])
        assert (row["f1"], row["pictures"]) == (f1[digit], support[digit])
    expected = sklearn_metrics.confusion_matrix(labels, answers, labels=range(10))
    np.testing.assert_array_equal(figures["confusion_matrix"], expected)


def test_the_brier_score_is_scikit_learns(predictions: Predictions) -> None:
    probabilities = predictions.probabilities.astype(float)
    ours = brier_score(probabilities, predictions.labels)
    one_hot = np.eye(10)[predictions.labels]
    by_class = [
        sklearn_metrics.brier_score_loss(one_hot[:, digit], probabilities[:, digit])
        for digit in range(10)
    ]
    assert ours == pytest.approx(sum(by_class))


def test_planted_mistakes_are_found_and_named(predictions: Predictions) -> None:
    figures = evaluate(predictions)
    assert 50 <= figures["misread"] <= 65
    planted = {f"mine, number {i}" for i in range(0, 2000, 40)}
    named = [mistake.origin for mistake in predictions.mistakes]
    assert len(named) == 40
    assert sum(origin in planted for origin in named) >= 38
    assert predictions.mistakes[0].confidence > 0.99
    assert predictions.mistakes[0].seen.shape == (28, 28)


def test_of_misread_photos_no_more_is_kept_than_is_shown(reader: Reader) -> None:
    photo = np.asarray(Image.fromarray(written(3)).resize((900, 600)))
    [mistake] = predict(reader, ArrayDataset("mine", photo[None], np.array([8]))).mistakes
    assert max(mistake.picture.shape) == 280


def test_the_interval_holds_the_accuracy_and_narrows_with_more_pictures() -> None:
    few, many = evaluate(made_up(100)), evaluate(made_up(10_000))
    for figures in (few, many):
        low, high = figures["accuracy_interval_95"]
        assert 0 <= low < figures["accuracy"] < high <= 1
    widths = [np.ptp(figures["accuracy_interval_95"]) for figures in (few, many)]
    assert widths[1] < widths[0] / 5


def test_confidence_that_is_honest_has_little_calibration_error_and_boasting_has_much() -> None:
    honest = made_up(20_000)
    assert calibration(honest).error < 0.01
    boasting = honest.probabilities**4
    boasting /= boasting.sum(axis=1, keepdims=True)
    boastful = Predictions(
        "made up", honest.labels, honest.answers, boasting, honest.sure, honest.seconds
    )
    assert calibration(boastful).error > 0.1


def test_accuracy_rises_as_the_least_confident_are_left_out() -> None:
    rows = evaluate(made_up())["coverage"]
    accuracies = [row["accuracy"] for row in rows]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] == evaluate(made_up())["accuracy"]


def test_a_picture_without_ink_counts_as_misread(reader: Reader) -> None:
    pictures = np.stack([written(3), np.full((280, 280), 255, np.uint8)])
    found = predict(reader, ArrayDataset("mine", pictures, np.array([3, 0])))
    assert found.answers.tolist() == [3, NONE]
    figures = evaluate(found)
    assert figures["accuracy"] == 0.5
    assert figures["no_ink_seen"] == 1
    assert "no ink" in page("model", found, figures)


def test_through_read_many_the_answers_are_the_model_files(reader: Reader) -> None:
    blank = np.full((280, 280), 255, np.uint8)
    pictures = np.stack([written(3), blank, written(4), written(7)])
    dataset = ArrayDataset("mine", pictures, np.array([3, 0, 4, 1]))
    straight, by_reading = predict(reader, dataset), predict(reader, dataset, by_reading=True)
    assert by_reading.answers.tolist() == straight.answers.tolist() == [3, NONE, 4, 7]
    np.testing.assert_allclose(by_reading.probabilities, straight.probabilities, atol=1e-5)
    np.testing.assert_array_equal(by_reading.sure, straight.sure)
    assert not by_reading.sure[1]
    assert [m.label for m in by_reading.mistakes] == [m.label for m in straight.mistakes]


def test_what_a_page_leaves_to_other_writing_is_shared_out_among_the_digits() -> None:
    shares = (0.2, *[0.0] * 6, 0.6, 0.0, 0.0)
    seven = Digit(7, 0.6, True, (0, 0, 9, 9), shares, np.zeros((28, 28), np.float32))
    reader = mock.Mock(Reader)
    reader.read_many.return_value = [Reading("7", 0.6, True, (seven,))]
    dataset = ArrayDataset("mine", written(7)[None], np.array([7]))
    found = predict(reader, dataset, by_reading=True)
    assert found.probabilities[0].tolist() == pytest.approx([0.25, *[0.0] * 6, 0.75, 0.0, 0.0])


def test_of_a_model_that_is_never_sure_the_page_says_not_how_often_it_is_right_then() -> None:
    found = with_right(np.ones(50, bool))
    doubtful = replace(found, sure=np.zeros(50, bool))
    assert evaluate(doubtful)["accuracy_where_sure"] is None
    assert "of these are right" in page("model", found, evaluate(found))
    assert "of these are right" not in page("model", doubtful, evaluate(doubtful))


def test_chance_is_told_from_a_real_difference() -> None:
    rng = np.random.default_rng(0)
    right = rng.random(3000) < 0.95
    other, better = right.copy(), right.copy()
    other[rng.choice(3000, 40, replace=False)] ^= True
    better[np.flatnonzero(~right)[:60]] = True
    assert not difference(with_right(right), with_right(right)).is_real
    found = difference(with_right(right), with_right(better))
    assert (found.only_first, found.only_second) == (0, 60)
    assert found.is_real
    assert found.p_value == pytest.approx(2 * 0.5**60)


def test_data_without_labels_and_empty_data_are_not_scored(reader: Reader) -> None:
    with pytest.raises(InvalidDataset, match="no labels to judge"):
        predict(reader, ArrayDataset("mine", np.zeros((2, 28, 28), np.uint8)))
    with pytest.raises(InvalidDataset, match="is empty"):
        predict(reader, ArrayDataset("mine", np.zeros((0, 28, 28), np.uint8), np.zeros(0, int)))


def test_the_page_needs_nothing_else_and_names_what_stands_out(predictions: Predictions) -> None:
    html = page("<model>", predictions, evaluate(predictions))
    assert "<title>&lt;model&gt; on mine</title>" in html
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert html.count("what the network saw") == 40
    assert "its weakest digit" in html
    assert "most common mistake is to read" in html


run = partial(inkdigits, text=True)
SOME = 1000


@pytest.fixture
def some(tmp_path: Path, data_dir: str) -> str:
    """A data set of some of MNIST's validation digits."""
    pictures, labels = load_mnist("validation", data_dir)
    np.savez(tmp_path / "some.npz", pictures=pictures[:SOME], labels=labels[:SOME])
    return f"npz:{tmp_path / 'some.npz'}"


def test_the_command_prints_a_table_or_json_and_writes_a_page(tmp_path: Path, some: str) -> None:
    html = tmp_path / "page.html"
    result = run("evaluate", "shipped", some, "--html", html)
    assert result.returncode == 0, result.stderr
    assert "accuracy   99." in result.stdout
    assert html.read_text().startswith("<!doctype html>")
    as_json = run("evaluate", "shipped", some, "--json")
    figures: dict[str, Any] = json.loads(as_json.stdout)
    assert figures["pictures"] == SOME
    assert f"{figures['accuracy']:.2%}" in result.stdout


def test_two_models_are_compared_on_the_same_pictures(tmp_path: Path, some: str) -> None:
    trained = run("train", "mlp-small", "--limit", 2000, "--epochs", 2, "--out", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    models = ("shipped", tmp_path / "run")
    result = run("compare", *models, "--on", some)
    assert result.returncode == 0, result.stderr
    assert "a real difference (McNemar's test" in result.stdout
    as_json = run("compare", *models, "--on", some, "--json")
    assert set(json.loads(as_json.stdout)["models"]) == {str(model) for model in models}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "absent.onnx", "mnist:validation"], "absent.onnx"),
        (["evaluate", "shipped", "nothing"], "names no data set"),
        (["evaluate", "shipped", "csv:absent.csv"], "absent.csv cannot be read"),
        (["compare", "shipped", "--on", "mnist:validation"], "Name two models or more"),
        (["compare", "shipped", "shipped", "--on", "mnist:validation"], "each once"),
    ],
)
def test_mistakes_are_explained(arguments: list[str], message: str, data_dir: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
