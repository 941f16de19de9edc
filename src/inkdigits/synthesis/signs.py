"""Single signs in small pictures: digits of many hands, and letters and words, which are none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits.datasets.omniglot import WrittenCharacter
from inkdigits.synthesis.forms import FormsHand
from inkdigits.synthesis.glyphs import Manner, Mask, Rng, cut_out
from inkdigits.synthesis.hands import (
    LETTERS,
    CharactersHand,
    FontHand,
    Hand,
    unlike_digits,
)
from inkdigits.synthesis.handwriting import Canvas, write_word
from inkdigits.synthesis.manners import of_a_font, some_manner
from inkdigits.synthesis.pens import SIDE

HANDS_OF_FORMS = 400
"""So many people write national forms."""
FORMS_SHARE = 0.6
"""So many of the digits are of forms, the others of fonts."""
WORDS_SHARE = 0.2
"""So many of what is none are words of several letters."""
CHARACTERS_SHARE = 0.45
"""So many of single letters are Omniglot's characters."""
LETTERS_ALONE = LETTERS.replace("b", "")
"""A b that stands alone is a 6 to the eye."""


class SignGenerator:
    """Draws single digits of national forms and fonts, and letters of fonts and alphabets."""

    def __init__(self, fonts: Collection[Path], characters: Sequence[WrittenCharacter]) -> None:
        self._forms = [FormsHand(1000 + number) for number in range(HANDS_OF_FORMS)]
        self._fonts = [FontHand(file) for file in sorted(fonts)]
        self._characters = CharactersHand(unlike_digits(characters))

    def digits(
        self, count: int, seed: int | Sequence[int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """`count` pictures (N, 56, 56), ink bright, and their labels."""
        rng = np.random.default_rng(seed)
        labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
        return np.stack([self._digit(str(label), rng) for label in labels]), labels

    def letters(self, count: int, seed: int | Sequence[int]) -> NDArray[np.uint8]:
        """`count` pictures (N, 56, 56), ink bright, of letters, characters and words."""
        rng = np.random.default_rng(seed)
        return np.stack([self._letter(rng) for _ in range(count)])

    def _digit(self, sign: str, rng: Rng) -> NDArray[np.uint8]:
        if rng.random() < FORMS_SHARE:
            return _drawn(sign, self._forms[int(rng.integers(len(self._forms)))], rng)
        return _drawn(sign, self._font(rng), rng)

    def _letter(self, rng: Rng) -> NDArray[np.uint8]:
        length = int(rng.integers(2, 6)) if rng.random() < WORDS_SHARE else 1
        if rng.random() < CHARACTERS_SHARE:
            return _drawn("x" * length, self._characters, rng)
        return _drawn("".join(rng.choice(list(LETTERS_ALONE), length)), self._font(rng), rng)

    def _font(self, rng: Rng) -> FontHand:
        return self._fonts[int(rng.integers(len(self._fonts)))]


def _drawn(signs: str, hand: Hand, rng: Rng) -> NDArray[np.uint8]:
    """Signs in the middle of a picture (SIDE, SIDE)."""
    height = rng.uniform(0.5, 0.85) * SIDE
    manner: Manner = some_manner(height, rng)
    if isinstance(hand, FontHand):
        manner = of_a_font(manner, rng)
    manner = replace(manner, turn=manner.turn * 2)
    room = SIDE * 3
    canvas = Canvas.empty(room, room + SIDE * 2 * len(signs))
    write_word(canvas, signs, hand, height, manner, SIDE, 2 * SIDE, rng)
    return _in_the_middle(cut_out(canvas.ink))


def _in_the_middle(ink: Mask) -> NDArray[np.uint8]:
    picture = Image.fromarray((ink * 255).astype(np.uint8)) if ink.size else Image.new("L", (1, 1))
    picture.thumbnail((SIDE - 4, SIDE - 4), Image.Resampling.BOX)
    field = Image.new("L", (SIDE, SIDE))
    field.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
    return np.asarray(field)
