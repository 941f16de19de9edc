"""From what the number network says at each place to a text: connectionist temporal classification.

The network gives, at each of T places from left to right, a probability for each digit and for
none of them. A text is spelled by every way to go through the places that says its digits in
order, each at one place or at several in a row, with none in between, where need be, to tell two
equal digits from one. Its probability is the sum over all these ways (Graves et al. 2006,
"Connectionist Temporal Classification").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLANK = 10
"""The class of none."""
BEAMS = 12
"""So many beginnings of a text are followed at a time."""
UNLIKELY = 1e-4
"""A digit with less at a place is not there."""

Probabilities = NDArray[np.floating[Any]]
"""(T, 11): each row sums to 1; the last column is none."""


def best_text(probabilities: Probabilities, length: int | None = None) -> tuple[str, float]:
    """The likeliest text, of so many digits if `length` says so, and its probability.

    Prefix beam search (Hannun et al. 2014, "First-Pass Large Vocabulary Continuous Speech
    Recognition using Bi-Directional Recurrent DNNs"). A text of that length that no beam has led
    to is "" with probability 0.
    """
    # Of each beginning: the probability of having said it and then none, and of saying its last.
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    least = UNLIKELY if length is None else 0.0  # what is asked for may be most unlikely
    for place in np.asarray(probabilities, np.float64):
        likely = np.flatnonzero(place[:BLANK] > least)
        row, none = place.tolist(), float(place[BLANK])
        after: dict[str, tuple[float, float]] = {}

        def add(text: str, silent: float, said: float) -> None:
            before = after.get(text, (0.0, 0.0))  # noqa: B023 (called in this round only)
            after[text] = (before[0] + silent, before[1] + said)  # noqa: B023

        for text, (silent, said) in beams.items():
            add(text, (silent + said) * none, said * row[int(text[-1])] if text else 0.0)
            if length is not None and len(text) == length:
                continue
            for digit in likely.tolist():
                again = text.endswith(str(digit))
                add(f"{text}{digit}", 0.0, (silent if again else silent + said) * row[digit])
        possible = [item for item in after.items() if sum(item[1]) > 0]
        beams = dict(sorted(possible, key=lambda item: -sum(item[1]))[:BEAMS])
    ends = {
        text: sum(both) for text, both in beams.items() if length is None or len(text) == length
    }
    text = max(ends, key=lambda text: ends[text], default="")
    return text, min(ends.get(text, 0.0), 1.0)


def places_of(text: str, probabilities: Probabilities) -> list[float]:
    """Where along the T places each digit of the text is said: the middle of its places.

    By the likeliest way through them (Viterbi).
    """
    if not text:
        return []
    labels = [BLANK]
    for digit in text:
        labels += [int(digit), BLANK]
    with np.errstate(divide="ignore"):
        log = np.log(np.asarray(probabilities, np.float64))[:, labels]  # (T, states)
    # From a digit one may go on to the next at once, unless the two are equal.
    skips = np.array(
        [
            state > 1 and labels[state] not in (BLANK, labels[state - 2])
            for state in range(len(labels))
        ]
    )
    score = np.full(len(labels), -np.inf)
    score[:2] = log[0, :2]
    came_from = np.zeros(log.shape, np.int64)
    for place in range(1, len(log)):
        ways = np.stack([score, np.roll(score, 1), np.roll(score, 2)])
        ways[1, 0] = ways[2, :2] = -np.inf
        ways[2, ~skips] = -np.inf
        came_from[place] = ways.argmax(0)
        score = ways.max(0) + log[place]
    state = len(labels) - 1 if score[-1] >= score[-2] else len(labels) - 2
    said: list[list[int]] = [[] for _ in text]
    for place in range(len(log) - 1, -1, -1):
        if state % 2:
            said[state // 2].append(place)
        state -= int(came_from[place, state])
    return [float(np.mean(places)) if places else float("nan") for places in said]


def one_digit(probabilities: Probabilities) -> NDArray[np.float64]:
    """The probability (10,) of each text of one digit."""
    places = np.asarray(probabilities, np.float64)
    before, said, after = np.ones(BLANK), np.zeros(BLANK), np.zeros(BLANK)
    for place in places:
        after = (after + said) * place[BLANK]
        said = (said + before) * place[:BLANK]
        before = before * place[BLANK]
    return said + after
