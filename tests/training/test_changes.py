"""Settings of a recipe, as somebody types them."""

from dataclasses import replace
from typing import Any

import pytest

from inkdigits.scratch import SGD, OneCycle
from inkdigits.scratch.recipes import MLP, MLP_SMALL
from inkdigits.scratch.recipes import RECIPES as IN_NUMPY
from inkdigits.training.changes import changed
from inkdigits.training.fit import InvalidRun
from inkdigits.training.recipes import BEST, CNN, RECIPES, fine_tuning


def test_settings_of_a_recipe_and_of_its_parts_are_changed() -> None:
    recipe = changed(CNN, {"learning_rate": "0.01", "batch_size": "64", "augmentation.noise": "9"})
    assert (recipe.learning_rate, recipe.batch_size) == (0.01, 64)
    assert recipe.augmentation
    assert recipe.augmentation.noise == 9.0
    assert CNN.batch_size == 256


def test_a_network_in_numpy_has_the_settings_of_its_optimizer_and_the_schedule_stays() -> None:
    recipe = changed(MLP_SMALL, {"learning_rate": "0.5", "momentum": "0.8", "batch_size": "10"})
    assert recipe.optimizer == SGD(OneCycle(0.5), momentum=0.8, weight_decay=0.001)
    assert recipe.batch_size == 10


def test_parts_can_be_left_out_and_flags_turned() -> None:
    recipe = changed(BEST, {"rough": "none", "float16_weights": "false"})
    assert recipe.rough is None
    assert recipe.float16_weights is False


def test_a_network_in_numpy_takes_all_pictures_at_once_and_again_only_some() -> None:
    whole = changed(MLP, {"batch_size": "none"})
    assert whole.batch_size is None
    assert changed(whole, {"batch_size": "64"}).batch_size == 64


def test_what_is_missing_already_can_be_left_out() -> None:
    assert changed(CNN, {"rough": "none"}) == CNN


@pytest.mark.parametrize(
    ("recipe", "setting"),
    [
        (MLP, "optimizer"),
        (BEST, "real_ink.augmentation"),
        (CNN, "batch_size"),
        (MLP, "weight_decay"),
    ],
)
def test_what_a_recipe_needs_is_not_left_out(recipe: Any, setting: str) -> None:
    with pytest.raises(InvalidRun, match=rf"{setting} (is|must be) .*(no word|not 'none')"):
        changed(recipe, {setting: "none"})


@pytest.mark.parametrize("setting", ["replay", "kept"])
def test_no_setting_makes_a_fine_tuning_of_a_run(setting: str) -> None:
    with pytest.raises(InvalidRun, match=f"no setting {setting}. Choose from: augmentation, aver"):
        changed(CNN, {setting: "1"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"speed": "9"}, "no setting speed. Choose from: batch_size, beta1.*weight_decay"),
        ({"batch_size": "many"}, "batch_size must be a whole number, not 'many'"),
        ({"batch_size": "0"}, "batch_size must be 1 or more, not 0"),
        ({"batch_size": "-64"}, "batch_size must be 1 or more, not -64"),
        ({"learning_rate": "fast"}, "learning_rate must be a number, not 'fast'"),
        ({"optimizer": "sgd"}, "optimizer is .*Write a recipe of your own"),
        ({"layers": "none"}, "no setting layers"),
    ],
)
def test_what_cannot_be_set_is_said(changes: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRun, match=message):
        changed(MLP, changes)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("weight_decay=-1", "weight_decay must be 0 or more, not -1.0"),
        ("learning_rate=nan", "learning_rate must be above 0, not nan"),
        ("learning_rate=0", "learning_rate must be above 0, not 0.0"),
        ("learning_rate=inf", "learning_rate must be above 0, not inf"),
        ("label_smoothing=2", "label_smoothing must be from 0 to 1, not 2.0"),
        ("average_decay=-0.5", "average_decay must be from 0 to 1, not -0.5"),
        ("augmentation.elastic_grid=0", "augmentation.elastic_grid must be 1 or more, not 0"),
        ("real_ink.signs=-1", "real_ink.signs must be 0 or more, not -1"),
        ("rough.holes=5", "rough.holes must be from 0 to 1, not 5.0"),
    ],
)
def test_a_number_that_nothing_could_be_trained_with_is_refused(setting: str, message: str) -> None:
    with pytest.raises(InvalidRun, match=message):
        changed(BEST, dict([setting.split("=")]))


def test_a_number_of_a_recipe_of_ones_own_is_looked_at_too() -> None:
    with pytest.raises(InvalidRun, match=r"weight_decay must be 0 or more, not -1"):
        changed(replace(CNN, weight_decay=-1.0), {})


@pytest.mark.parametrize("recipe", [*IN_NUMPY.values(), *RECIPES.values(), fine_tuning(BEST)])
def test_the_recipes_that_ship_are_in_bounds(recipe: Any) -> None:
    assert changed(recipe, {}) == recipe


def test_a_recipe_of_pytorch_has_batches() -> None:
    with pytest.raises(InvalidRun, match="batch_size must be set, and is None"):
        changed(replace(BEST, batch_size=None), {})  # type: ignore[arg-type]
