"""A study of a data set as one HTML file, which says in words what was found."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup, escape

from inkdigits.evaluation import study_figures as figures
from inkdigits.evaluation.figures import picture
from inkdigits.evaluation.html_page import render
from inkdigits.evaluation.study import Facts

MOST_NAMED = 20
"""So many blank pictures and duplicates, at the most, are named."""
MOST_DOUBTS = 60
UNEVEN = 1.5
"""Digits are called uneven if one has so many times more pictures than another."""


def study_figures(facts: Facts) -> dict[str, bytes]:
    """The PNG files of a study, by name."""
    found = {
        "samples": figures.samples(facts),
        "mean-and-spread": figures.mean_and_spread(facts),
        "measures": figures.measures(facts),
        **{f"map-{method}": figures.picture_map(facts, method) for method in facts.maps},
    }
    return found if facts.labels is None else {"counts": figures.counts(facts), **found}


def page(facts: Facts, pictures: dict[str, bytes]) -> str:
    """The HTML, with the pictures of `study_figures` in it."""
    return render(
        "study.html",
        title=facts.name,
        findings=findings(facts),
        facts=facts,
        pictures=pictures,
        picture=picture,
        most_doubts=MOST_DOUBTS,
    )


def findings(facts: Facts) -> list[Markup]:
    """What was found, in sentences of HTML."""
    total = len(facts.origins) + len(facts.blank)
    labels = "without" if facts.labels is None else "with"
    lines: list[str] = [f"{_many(total, 'picture')}, {labels} labels."]
    if facts.labels is not None:
        lines.append(_balance(facts.counts))
    lines.append(
        _bold(_many(len(facts.blank), "blank picture"))
        + f", in which nothing is written: {_named(facts.blank)}."
        if facts.blank
        else "No picture is blank."
    )
    if facts.duplicates:
        groups = [" = ".join(facts.origins[i] for i in group) for group in facts.duplicates]
        again = sum(len(group) - 1 for group in facts.duplicates)
        lines.append(_bold(_many(again, "duplicate")) + f", to the last pixel: {_named(groups)}.")
    else:
        lines.append("No picture is there twice.")
    if facts.contradictions:
        assert facts.labels is not None
        groups = [
            " = ".join(f"{facts.origins[i]} ({facts.labels[i]})" for i in group)
            for group in facts.contradictions
        ]
        lines.append(_bold("The same picture with different labels") + f": {_named(groups)}.")
    if facts.labels is not None:
        lines.append(_doubts(facts))
    slants = np.median(facts.measures["slant"])
    side = "right" if slants > 0 else "left"
    leans = f"leans to the {side}" if abs(slants) > 0.05 else "hardly leans"
    lines.append(
        f"The writing {leans} (median slant {slants:.2f}); strokes are "
        f"{np.median(facts.measures['thickness']):.1f} of 28 pixels thick."
    )
    return [escape(line) for line in lines]


def _balance(counts: np.ndarray) -> str:
    missing = [str(digit) for digit, count in enumerate(counts) if not count]
    if missing:
        return _bold(f"No pictures at all of {', '.join(missing)}.")
    least, most = int(counts.argmin()), int(counts.argmax())
    text = f"from {counts[least]:,} of {least} to {counts[most]:,} of {most}"
    if counts[most] > UNEVEN * counts[least]:
        return _bold("Digits are uneven") + f": {text}."
    return f"Digits are about even: {text}."


def _doubts(facts: Facts) -> str:
    if not facts.doubts:
        return "No picture looks clearly unlike its label."
    assert facts.labels is not None
    named = [
        f"{facts.origins[doubt.index]} ({facts.labels[doubt.index]}, looks like {doubt.looks_like})"
        for doubt in facts.doubts
    ]
    found = _bold(f"{_many(len(named), 'picture')} unlike the label")
    return found + f", mistaken or hard to tell: {_named(named)}."


def _bold(text: str) -> Markup:
    """What is added to it is escaped, if it is not Markup."""
    return Markup("<b>{}</b>").format(text)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _named(names: list[str]) -> str:
    text = "; ".join(names[:MOST_NAMED])
    return text + (f"; and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else "")
