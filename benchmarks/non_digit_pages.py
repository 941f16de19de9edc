"""Pages and photos with no digit on them: text, words, drawings, textures, landscapes.

Whoever reads these as numbers, and is sure, reads too much. Letters and shapes that are digits to
the eye (O, l, S, Z) do occur, as they do in texts; words of nothing else do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from drawn_pages import (
    LetterHand,
    Mask,
    Page,
    Plane,
    Rng,
    Written,
    as_photo,
    clouds,
    cut_out,
    on_plain_paper,
    write,
)
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, LETTERS, draw_non_digits, fonts

TEXT = """the quick brown fox jumps over a lazy dog while seven wizards brew very hot tea and talk
about maps rivers bridges windows paper winter harbour children garden yellow street music
Dear friends Thank you kindly Yours truly Herr Frau mit und durch nicht aber wenn jour merci"""
WORDS = TEXT.split()


def non_digit_page(kind: str, rng: Rng, digits: Sequence[WrittenDigit]) -> Page:
    """A page of one of `PAGE_KINDS`; some are made of parts of `digits`."""
    return PAGE_KINDS[kind](rng, digits)


def _on_paper(ink: Mask, height: int, rng: Rng) -> Page:
    written = Written("", height, ink, ())
    return as_photo(written, rng) if rng.random() < 0.6 else on_plain_paper(written, rng)


def _printed_text(rng: Rng, _: Sequence[WrittenDigit]) -> Page:
    """A few lines of a printed text."""
    size = int(rng.integers(18, 48))
    chosen = fonts(size)
    font = chosen[int(rng.integers(len(chosen)))]
    lines = [" ".join(rng.choice(WORDS, rng.integers(2, 7))) for _line in range(rng.integers(1, 9))]
    text = "\n".join(lines)
    canvas = Image.new("L", (size * 40, size * 2 * (len(lines) + 1)))
    ImageDraw.Draw(canvas).text((size, size), text, fill=255, font=font, spacing=size // 2)
    return _on_paper(cut_out(np.asarray(canvas, np.float32) / 255), size, rng)


def _written_words(rng: Rng, _: Sequence[WrittenDigit]) -> Page:
    """A line or two of written letters."""
    lines = []
    for _line in range(rng.integers(1, 3)):
        lengths = rng.integers(2, 8, rng.integers(1, 3))
        lines.append(" ".join("".join(map(str, rng.integers(0, 10, n))) for n in lengths))
    height = int(rng.integers(30, 80))
    written = write(
        "\n".join(lines), LetterHand(LETTERS, rng), height, rng, touching=rng.random() < 0.3
    )
    return _on_paper(written.ink, height, rng)


def _drawings(rng: Rng, digits: Sequence[WrittenDigit]) -> Page:
    """One to five shapes that are no digits, of families that nothing is trained on."""
    family = sorted(HELD_OUT)[int(rng.integers(len(HELD_OUT)))]
    return _shapes([family], rng, digits)


def _scribbles(rng: Rng, digits: Sequence[WrittenDigit]) -> Page:
    """One to five shapes that are no digits, of any family."""
    known = sorted(set(FAMILIES) - {"several digits", "half digits", "textures"})
    return _shapes(list(rng.choice(known, 5)), rng, digits)


def _shapes(families: Sequence[str], rng: Rng, digits: Sequence[WrittenDigit]) -> Page:
    count = int(rng.integers(1, 6))
    side = int(rng.integers(60, 140))
    ink = np.zeros((side * 2, side * count), np.float32)
    for place in range(count):
        family = str(families[place % len(families)])
        [picture] = draw_non_digits(family, 1, int(rng.integers(2**31)), digits, side)
        top = int(rng.integers(0, side))
        ink[top : top + side, place * side : (place + 1) * side] = 1 - picture / 255.0
    if ink.max() < 0.2:  # drawn too finely to be seen
        ink[side, :] = 1.0
    return _on_paper(cut_out(ink), side, rng)


def _octaves(shape: tuple[int, int], rng: Rng) -> Plane:
    """Noise of all sizes, the coarse stronger: what nature looks like from afar."""
    total = np.zeros(shape, np.float32)
    cell = max(shape) / 2
    while cell > 2:
        total += clouds(shape, cell, rng) * (cell / max(shape)) ** rng.uniform(0.6, 1.0)
        cell /= 2
    return total


def _landscape(rng: Rng, _: Sequence[WrittenDigit]) -> Page:
    """Sky above, something below, things in front: a holiday photo."""
    shape = (int(rng.integers(240, 480)), int(rng.integers(320, 640)))
    y = np.linspace(0, 1, shape[0])[:, None]
    horizon = rng.uniform(0.3, 0.7) + 0.1 * _octaves((1, shape[1]), rng)
    below = y > horizon
    picture = np.where(below, rng.uniform(60, 140), rng.uniform(150, 230)) + 25 * _octaves(
        shape, rng
    )
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    brush = ImageDraw.Draw(image)
    for _thing in range(rng.integers(0, 12)):
        at, size = rng.uniform(0, 1, 2) * shape[::-1], rng.uniform(0.02, 0.25, 2) * shape[0]
        corners = [*(at - size / 2), *(at + size / 2)]
        draw = brush.ellipse if rng.random() < 0.5 else brush.rectangle
        draw(corners, fill=int(rng.integers(0, 255)))
    noisy = np.asarray(image, np.float32) + rng.normal(0, rng.uniform(0, 6), shape)
    return Page(noisy.clip(0, 255).astype(np.uint8)[:, :, None].repeat(3, 2), "", ())


def _texture(rng: Rng, _: Sequence[WrittenDigit]) -> Page:
    """Cloth, stone, a lawn: the same all over."""
    shape = (int(rng.integers(120, 400)), int(rng.integers(120, 500)))
    scale = rng.uniform(2, 30)
    picture = rng.uniform(60, 200) + rng.uniform(5, 60) * clouds(shape, scale, rng)
    if rng.random() < 0.4:
        y, x = np.mgrid[: shape[0], : shape[1]]
        angle, wave = rng.uniform(0, np.pi), rng.uniform(4, 30)
        picture += rng.uniform(5, 50) * np.sin(
            (x * np.cos(angle) + y * np.sin(angle)) * 6.28 / wave
        )
    return Page(picture.clip(0, 255).astype(np.uint8)[:, :, None].repeat(3, 2), "", ())


PAGE_KINDS: dict[str, Callable[[Rng, Sequence[WrittenDigit]], Page]] = {
    "printed text": _printed_text,
    "written words": _written_words,
    "drawings": _drawings,
    "scribbles": _scribbles,
    "landscapes": _landscape,
    "textures": _texture,
}
