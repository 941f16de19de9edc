"""Ensembles: several networks, and several views, that answer as one."""

import torch
from torch import nn

from inkdigits.training.ensemble import Ensemble, SeveralViews


class Always(nn.Module):
    """Gives those logits whatever it sees."""

    def __init__(self, *logits: float) -> None:
        super().__init__()
        self.logits = torch.tensor(logits)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(pictures), -1)


class Corner(nn.Module):
    """Its logits are what is in the picture's first corner, and nothing."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        corner = pictures[:, 0, 0]
        return torch.stack([corner, torch.zeros_like(corner)], 1)


PICTURES = torch.zeros(3, 1, 28, 28)


def test_while_training_each_member_answers_for_itself() -> None:
    ensemble = Ensemble(Always(1.0, 0.0), Always(0.0, 2.0))
    assert ensemble(PICTURES).shape == (3, 2, 2)


def test_afterwards_the_probabilities_of_the_members_are_averaged() -> None:
    ensemble = Ensemble(Always(1.0, 0.0), Always(0.0, 2.0)).eval()
    expected = (torch.tensor([1.0, 0.0]).softmax(0) + torch.tensor([0.0, 2.0]).softmax(0)) / 2
    torch.testing.assert_close(ensemble(PICTURES)[0].exp(), expected)


def test_several_views_are_the_picture_and_others_of_it() -> None:
    ink = torch.zeros(2, 28, 28)
    ink[:, 0, 0] = 5.0
    seen_alone = Corner()(ink).softmax(1)
    seen_often = SeveralViews(Corner()).eval()(ink).exp()
    assert (seen_often[:, 0] < seen_alone[:, 0]).all()  # turned, the corner is elsewhere
    torch.testing.assert_close(seen_often.sum(1), torch.ones(2))
