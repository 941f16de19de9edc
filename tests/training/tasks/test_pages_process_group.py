"""Several processes that train one network on pages."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from inkdigits.synthesis.pages import DrawnPage, Placed
from inkdigits.training.fit import Settings
from inkdigits.training.process_group import joined_group
from inkdigits.training.recipes import PagesRecipe
from inkdigits.training.tasks import drawn_pages
from inkdigits.training.tasks.drawn_pages import DrawnPages
from inkdigits.training.tasks.pages import PagesData, PagesFitting
from training.two_processes import beside_another

TINY = PagesRecipe("page", epochs=1, pages=8, batch_size=4, validation_pages=1)


class Bars(DrawnPages):
    """Pages with one bar or none, drawn from no data."""

    def __init__(self) -> None:
        self.seeds: list[Sequence[int]] = []

    @property
    def generator(self) -> Any:
        return self

    def draw_side_by_side(self, seed: Sequence[int]) -> list[Placed]:
        self.seeds.append(seed)
        x = 20 + 10 * seed[-1]
        picture = np.full((64, 160), 255, np.uint8)
        boxes, kinds = np.array([[x, 10, x + 8, 50]], np.float32), np.array([1])
        if seed[-1] % 4 < 2:  # in each step the first process has a page with ink, and another none
            picture[10:50, x : x + 8] = 0
        else:
            boxes, kinds = boxes[:0], kinds[:0]
        owner = (picture == 0).astype(np.uint8)
        return [Placed(DrawnPage(picture, 255 - picture, owner, boxes, kinds), 0)]


def fit() -> dict[str, Any]:
    """Fit with whoever else was started: what each drew, and whether all have one network."""
    with joined_group("cpu") as group:
        training = Bars()
        settings = Settings("page", epochs=1, seed=0, limit=None, processes=group.size)
        fitting = PagesFitting(TINY, settings, PagesData(training, Bars()), "cpu", group)
        [row] = fitting.epochs(lambda *_: None)
        weights = torch.cat([weight.detach().flatten() for weight in fitting.network.parameters()])
        everybodys = [torch.empty_like(weights) for _ in range(group.size)]
        torch.distributed.all_gather(everybodys, weights)
        drawn: list[Any] = [None] * group.size
        torch.distributed.all_gather_object(drawn, training.seeds)
        return {
            "same": all(torch.equal(weights, others) for others in everybodys),
            "drawn": drawn,
            "loss": row.loss,
        }


def test_two_processes_share_the_pages_and_learn_one_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drawn_pages, "WORKERS", 0)
    with beside_another(__file__):
        answer = fit()
    assert answer["same"]
    assert answer["loss"] > 0
    one, other = ({tuple(seed) for seed in seeds} for seeds in answer["drawn"])
    assert one | other == {(0, 1, number) for number in range(1, TINY.pages + 1)}
    assert not one & other


if __name__ == "__main__":
    drawn_pages.WORKERS = 0
    fit()
