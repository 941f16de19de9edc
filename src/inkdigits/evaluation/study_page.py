"""A study of a data set as one HTML file, which says in words what was found."""

from __future__ import annotations

from html import escape

import numpy as np

from inkdigits.evaluation import study_figures as figures
from inkdigits.evaluation.figures import picture
from inkdigits.evaluation.html_page import document, image
from inkdigits.evaluation.study import Doubt, Facts

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
    sections = [
        f"<h1>{escape(facts.name)}</h1>",
        f"<ul>{''.join(f'<li>{line}</li>' for line in findings(facts))}</ul>",
    ]
    if "counts" in pictures:
        sections += ["<h2>Pictures of each digit</h2>", image(pictures["counts"], "counts")]
    sections += [
        "<h2>What they look like</h2>",
        "<p>As the normaliser shows them to a network; chosen at random.</p>",
        image(pictures["samples"], "samples"),
        "<h2>Mean and spread</h2>",
        "<p>Above the mean of each digit; below, dark is where its pictures differ.</p>",
        image(pictures["mean-and-spread"], "mean and spread"),
        "<h2>How they are written</h2>",
        "<p>Boxes hold the middle half of the pictures, whiskers 90 % of them.</p>",
        image(pictures["measures"], "ink, slant, thickness, aspect ratio"),
        "<h2>Maps</h2>",
        f"<p>{len(facts.mapped):,} pictures; those that are alike lie close together. A picture "
        "among those of another colour is hard to tell, or has the wrong label.</p>",
        *(f"<h3>{m}</h3>{image(pictures[f'map-{m}'], f'map by {m}')}" for m in facts.maps),
    ]
    if facts.doubts:
        shown = facts.doubts[:MOST_DOUBTS]
        sections += [
            f"<h2>Unlike their label: {len(facts.doubts):,}"
            f"{f', of which {len(shown)}' if len(shown) < len(facts.doubts) else ''}</h2>",
            "<p>The model that ships is sure that these are something else: the label is a "
            "mistake, the picture is hard to tell, or the model is wrong.</p>",
            f'<div class="gallery">{"".join(_doubt(facts, doubt) for doubt in shown)}</div>',
        ]
    return document(facts.name, "\n".join(sections))


def findings(facts: Facts) -> list[str]:
    """What was found, in sentences of HTML."""
    total = len(facts.origins) + len(facts.blank)
    lines = [f"{total:,} pictures, {'with' if facts.labels is not None else 'without'} labels."]
    if facts.labels is not None:
        lines.append(_balance(facts.counts))
    lines.append(
        f"<b>{_many(len(facts.blank), 'blank picture')}</b>, in which nothing is written: "
        f"{_named(facts.blank)}."
        if facts.blank
        else "No picture is blank."
    )
    if facts.duplicates:
        groups = [" = ".join(facts.origins[i] for i in group) for group in facts.duplicates]
        again = sum(len(group) - 1 for group in facts.duplicates)
        lines.append(f"<b>{_many(again, 'duplicate')}</b>, to the last pixel: {_named(groups)}.")
    else:
        lines.append("No picture is there twice.")
    if facts.contradictions:
        assert facts.labels is not None
        groups = [
            " = ".join(f"{facts.origins[i]} ({facts.labels[i]})" for i in group)
            for group in facts.contradictions
        ]
        lines.append(f"<b>The same picture with different labels</b>: {_named(groups)}.")
    if facts.labels is not None:
        lines.append(_doubts(facts))
    slants = np.median(facts.measures["slant"])
    lean = "to the right" if slants > 0.05 else "to the left" if slants < -0.05 else "hardly"
    lines.append(
        f"The writing leans {lean} (median slant {slants:.2f}); strokes are "
        f"{np.median(facts.measures['thickness']):.1f} of 28 pixels thick."
    )
    return lines


def _balance(counts: np.ndarray) -> str:
    missing = [str(digit) for digit, count in enumerate(counts) if not count]
    if missing:
        return f"<b>No pictures at all of {', '.join(missing)}.</b>"
    least, most = int(counts.argmin()), int(counts.argmax())
    text = f"from {counts[least]:,} of {least} to {counts[most]:,} of {most}"
    if counts[most] > UNEVEN * counts[least]:
        return f"<b>Digits are uneven</b>: {text}."
    return f"Digits are about even: {text}."


def _doubts(facts: Facts) -> str:
    if not facts.doubts:
        return "No picture looks clearly unlike its label."
    assert facts.labels is not None
    named = [
        f"{facts.origins[doubt.index]} ({facts.labels[doubt.index]}, looks like {doubt.looks_like})"
        for doubt in facts.doubts
    ]
    return (
        f"<b>{_many(len(named), 'picture')} unlike the label</b>, mistaken or hard to tell: "
        f"{_named(named)}."
    )


def _doubt(facts: Facts, doubt: Doubt) -> str:
    assert facts.labels is not None
    return (
        f"<figure>{image(picture(facts.seen[doubt.index]), 'the picture')}<figcaption>"
        f"<b>{facts.labels[doubt.index]}</b>, looks like <b>{doubt.looks_like}</b> "
        f"({doubt.confidence:.1%})<br>"
        f"{escape(facts.origins[doubt.index])}</figcaption></figure>"
    )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _named(names: list[str]) -> str:
    text = "; ".join(escape(name) for name in names[:MOST_NAMED])
    return text + (f"; and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else "")
