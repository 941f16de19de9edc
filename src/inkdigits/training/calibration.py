"""Confidence that means something: fit the temperature, and where a digit is sure."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from inkdigits.model_file import Calibration

ACCEPTED = 0.99
"""The share of real digits that `sure` accepts."""


def calibrate(logits: Tensor, labels: Tensor) -> Calibration:
    """The temperature with the least cross-entropy on `logits` (N, 10) that were not trained on.

    Method: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
    """
    log_temperature = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def cross_entropy() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits / log_temperature.exp(), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(cross_entropy)  # type: ignore[no-untyped-call]
    # Validation digits that are all read right would drive it to 0, and confidence to 1.
    temperature = log_temperature.detach().exp().clamp(0.2, 5.0).item()
    confidence = (logits / temperature).softmax(1).amax(1)
    return Calibration(temperature, confidence.quantile(1 - ACCEPTED).item())
