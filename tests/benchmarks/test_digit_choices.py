"""What the choices in `best` buy: what is compared with what."""

import pytest
from torch import nn

from digit_choices import CHOICES, SHIPS, TEACHERS, network
from inkdigits.training.recipes import BEST


def test_the_first_row_has_the_network_that_ships() -> None:
    assert next(iter(CHOICES)) == SHIPS
    assert str(nn.Sequential(*network())) == str(nn.Sequential(*BEST.layers()))


def test_each_row_is_another_recipe_or_has_teachers() -> None:
    untaught = [recipe.fingerprint() for name, recipe in CHOICES.items() if name not in TEACHERS]
    assert len(set(untaught)) == len(untaught)


@pytest.mark.parametrize("name", TEACHERS)
def test_teachers_are_rows_above_that_nobody_taught(name: str) -> None:
    above = list(CHOICES)[: list(CHOICES).index(name)]
    assert set(TEACHERS[name]) <= set(above) - set(TEACHERS)
