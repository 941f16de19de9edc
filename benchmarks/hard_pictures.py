"""What `hard_pages.py` judges by: pictures drawn here and nowhere else, so that none is trained on.

Each kind is a function of a `Hands` and a random generator, and gives a page whose truth is known.
Lengths are in pixels, unless they are called shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drawn_pages import (
    Box,
    Hand,
    Mask,
    Page,
    Rng,
    Written,
    as_jpeg,
    as_levels,
    as_photo,
    back_through,
    clouds,
    cut_out,
    homography,
    light_on,
    on_plain_paper,
)
from hard_ink import drawn, in_a_row, smooth
from hard_texts import LETTERS, amount_with_marks, word
from inkdigits.datasets.strokes import Stroke

Colour = NDArray[np.float64]
"""Red, green and blue, as shares of the paper's."""


@dataclass(frozen=True)
class Hands:
    """Who writes."""

    pens: Sequence[Hand]
    """People whose pen is chosen for each picture."""
    scans: Hand
    """Digits that were scanned, as they are."""
    fonts: Sequence[Path]
    """Handwriting."""
    characters: Sequence[list[Stroke]]
    """Of scripts whose characters are no digits."""

    def pen(self, rng: Rng) -> Hand:
        return self.pens[int(rng.integers(len(self.pens)))]

    def any(self, rng: Rng) -> Hand:
        return self.scans if rng.random() < 0.5 else self.pen(rng)


# ---------------------------------------------------------------- paper and camera


def _ink_colour(rng: Rng) -> Colour:
    dark = {
        "black": ([0.02, 0.02, 0.02], [0.25, 0.25, 0.25]),
        "blue": ([0.03, 0.08, 0.4], [0.3, 0.35, 0.8]),
        "pencil": ([0.3, 0.3, 0.3], [0.5, 0.5, 0.5]),
    }
    return rng.uniform(*dark[str(rng.choice(list(dark), p=[0.4, 0.4, 0.2]))])


def _paper(rng: Rng) -> Colour:
    """Its levels, in 0..255."""
    return rng.uniform(205, 252) * rng.uniform([0.95, 0.95, 0.9], 1.0)


def _photographed(
    sheet: NDArray[Any], paper: Colour, content: Box, page: Page, frame: Sequence[float], rng: Rng
) -> Page:
    """The sheet (H, W, 3) from an angle, so that `content` is whole in a frame (width, height).

    Light, grain, blur, noise and JPEG come after that. `page` has the truth and its boxes.
    """
    height, width = sheet.shape[:2]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float) * [width, height]
    angle = np.radians(rng.normal(0, 3.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    bent = corners + rng.uniform(-0.03, 0.03, (4, 2)) * [width, height]
    there = homography(corners, bent @ turn.T)
    x0, y0, x1, y1 = _moved(content, there)
    extent = np.array([x1 - x0, y1 - y0])
    size = np.maximum(np.round(frame), extent + 8).astype(int).tolist()
    free = np.array(size) - extent
    shift = np.eye(3)
    shift[:2, 2] = np.round(free * rng.uniform(0.15, 0.85, 2)) - [x0, y0]
    there = shift @ there

    seen = Image.fromarray(as_levels(sheet)).transform(
        (size[0], size[1]),
        Image.Transform.PERSPECTIVE,
        back_through(there),
        Image.Resampling.BICUBIC,
        fillcolor=tuple(int(level) for level in paper),
    )
    grain = clouds((size[1], size[0]), 3, rng) * rng.uniform(0, 3)
    grain += clouds((size[1], size[0]), max(size) / 5, rng) * rng.uniform(0, 4)
    lit = (np.asarray(seen, np.float32) + grain[:, :, None]) * light_on(grain.shape, rng)[..., None]
    image = Image.fromarray(as_levels(lit)).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1)))
    noisy = np.asarray(image, np.float32)
    noisy = noisy + rng.normal(0, rng.uniform(1, 7), noisy.shape).astype(np.float32)
    picture = as_jpeg(as_levels(noisy), int(rng.integers(50, 93)))
    return Page(picture, page.text, tuple(_moved(box, there) for box in page.boxes))


def _moved(box: Box, there: NDArray[Any]) -> Box:
    x0, y0, x1, y1 = box
    points = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]]) @ there.T
    points = points[:, :2] / points[:, 2:]
    (left, top), (right, bottom) = np.floor(points.min(0)), np.ceil(points.max(0))
    return int(left), int(top), int(right), int(bottom)


def _scanned(sheet: NDArray[Any], page: Page, rng: Rng) -> Page:
    """The sheet as a scanner sees it, in colour or in grey."""
    levels = sheet if rng.random() < 0.5 else sheet.mean(2, keepdims=True).repeat(3, 2)
    image = Image.fromarray(as_levels(levels))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.7)))
    noisy = np.asarray(image, np.float32) + rng.normal(0, rng.uniform(0, 3), levels.shape)
    return replace(page, picture=as_jpeg(as_levels(noisy), int(rng.integers(75, 97))))


# ---------------------------------------------------------------- the kinds


def in_printed_boxes(hands: Hands, rng: Rng, photo: bool) -> Page:
    """A number of 3 to 8 digits on a form, one in each box, some across the lines."""
    text = "".join(map(str, rng.integers(0, 10, rng.integers(3, 9))))
    height, hand = int(rng.integers(40, 101)), hands.pen(rng)
    pen = rng.uniform(1, 4)
    tall = height * rng.uniform(1.05, 1.6)
    wide = max(tall * rng.uniform(0.6, 1.1), height * 0.75)
    apart = wide * rng.uniform(0.05, 0.35) if rng.random() < 0.35 else 0.0
    margin = int(tall * 0.8 + 0.06 * len(text) * wide)
    width = round(len(text) * (wide + apart)) + 2 * margin
    form = (margin, margin, round(width - margin - apart), round(margin + tall))
    printed = _boxes_of_a_form((round(tall) + 2 * margin, width), form, wide, apart, rng)

    ink, boxes = np.zeros(printed.shape, np.float32), []
    careless = rng.uniform(0.02, 0.12)
    for place, sign in enumerate(text):
        mask = hand.digit(int(sign), height * rng.uniform(0.85, 1.08), pen, rng)
        if mask.shape[1] > 1.1 * wide:
            smaller = height * 1.05 * wide / mask.shape[1]
            mask = hand.digit(int(sign), smaller, pen, np.random.default_rng(place))
        high, broad = mask.shape
        x = margin + place * (wide + apart) + (wide - broad) / 2 + wide * rng.normal(0, careless)
        y = margin + (tall - high) / 2 + tall * rng.normal(0, careless)
        left, top = round(x), round(y)
        part = ink[top : top + high, left : left + broad]
        np.maximum(part, mask, out=part)
        boxes.append((left, top, left + broad, top + high))

    paper = _paper(rng) if photo else np.full(3, rng.uniform(240, 255))
    line = 1 - rng.uniform(0.6, 1.0) * (rng.uniform(0.6, 1, 3) if rng.random() < 0.2 else 1)
    sheet = paper * (1 - printed[..., None] * (1 - line))
    sheet = sheet * (1 - ink[..., None] * (1 - _ink_colour(rng)))
    page = Page(as_levels(sheet), text, tuple(boxes))
    if not photo:
        return _scanned(sheet, page, rng)
    content = _around([*boxes, form])
    frame = np.array([content[2] - content[0], content[3] - content[1]]) * rng.uniform(1.1, 1.9, 2)
    return _photographed(sheet, paper, content, page, frame.tolist(), rng)


def _boxes_of_a_form(
    shape: tuple[int, int], form: Box, wide: float, apart: float, rng: Rng
) -> Mask:
    """Separate boxes if they are `apart`; or else one frame with dividers, or a comb."""
    canvas = Image.new("L", (shape[1], shape[0]))
    brush = ImageDraw.Draw(canvas)
    left, top, right, bottom = form
    tall = bottom - top
    line = int(rng.integers(1, max(round(tall * 0.05), 2) + 1))
    if apart:
        for x in np.arange(left, right - 1, wide + apart):
            brush.rectangle([x, top, x + wide, bottom], outline=255, width=line)
        return np.asarray(canvas, np.float32) / 255
    comb, inner = rng.random() < 0.45, max(line - int(rng.integers(0, 2)), 1)
    teeth = top if not comb else round(bottom - tall * rng.uniform(0.2, 0.6))
    if comb:
        brush.line([left, bottom, right, bottom], fill=255, width=line)
    else:
        brush.rectangle([left, top, right, bottom], outline=255, width=line)
    for x in np.linspace(left, right, round((right - left) / wide) + 1):
        brush.line([round(x), teeth, round(x), bottom], fill=255, width=inner)
    return np.asarray(canvas, np.float32) / 255


def _around(boxes: Sequence[Box]) -> Box:
    edges = np.array(boxes)
    (x0, y0), (x1, y1) = edges[:, :2].min(0).tolist(), edges[:, 2:].max(0).tolist()
    return x0, y0, x1, y1


def one_thin_digit(hands: Hands, rng: Rng) -> Page:
    """A digit of 150 to 900 px, by a pen of 1.5 to 5 % of that, from close up."""
    value, height = int(rng.integers(10)), int(rng.integers(150, 901))
    pen = height * rng.uniform(0.015, 0.05)
    mask = hands.pen(rng).digit(value, height, pen, rng)
    frame = rng.uniform(np.maximum(300, np.array(mask.shape[::-1]) * 1.15), 1600)
    frame = np.minimum(frame, np.maximum(300, height * 3.0))
    around = int(max(frame) / 2)
    ink = np.pad(mask, around)
    paper = _paper(rng)
    sheet = np.ones((*ink.shape, 3), np.float32) * paper.astype(np.float32)
    if rng.random() < 0.4:  # squares of 5 mm where digits are 10 to 30 mm high
        every, pale = height * rng.uniform(0.17, 0.5), 1 - rng.uniform(0.08, 0.3)
        thick = max(round(every * 0.03), 1)
        sides = (0, 1) if rng.random() < 0.6 else (0,)
        for side in sides:
            for start in np.arange(rng.uniform(0, every), ink.shape[side], every).astype(int):
                sheet[(slice(None),) * side + (slice(start, start + thick),)] *= pale
    sheet *= 1 - ink[..., None] * (1 - _ink_colour(rng).astype(np.float32))
    box = (around, around, around + mask.shape[1], around + mask.shape[0])
    page = Page(as_levels(sheet), str(value), (box,))
    return _photographed(sheet, paper, box, page, frame.tolist(), rng)


def one_of_a_number(hands: Hands, rng: Rng) -> Page:
    """A digit that is cut out of a number, with up to 30 % of each neighbour in view."""
    text = "".join(map(str, rng.integers(0, 10, rng.integers(3, 6))))
    height = int(rng.integers(30, 91))
    written = in_a_row(text, hands.any(rng), height, height * rng.uniform(0.05, 0.14), rng)
    page = as_photo(written, rng) if rng.random() < 0.5 else on_plain_paper(written, rng)
    place = int(rng.integers(len(text)))
    x0, y0, x1, y1 = page.boxes[place]
    above, below, before, after = rng.uniform(0.1, 0.5, 4) * (y1 - y0)
    left, right = x0 - before, x1 + after
    if place > 0:
        start, _, end, _ = page.boxes[place - 1]
        left = max(left, end - 0.3 * (end - start))
    if place + 1 < len(text):
        start, _, end, _ = page.boxes[place + 1]
        right = min(right, start + 0.3 * (end - start))
    left, top = max(round(min(left, x0)), 0), max(round(y0 - above), 0)
    picture = page.picture[top : round(y1 + below), left : round(max(right, x1))]
    return Page(picture, text[place], ((x0 - left, y0 - top, x1 - left, y1 - top),))


def with_marks(hands: Hands, rng: Rng, photo: bool) -> Page:
    """A price, a date, a time, a sum: 2 to 8 digits and marks."""
    height = int(rng.integers(40, 111))
    pen = height * rng.uniform(0.045, 0.13)
    written = in_a_row(amount_with_marks(rng), hands.any(rng), height, pen, rng)
    return as_photo(written, rng) if photo else on_plain_paper(written, rng)


def in_few_pixels(hands: Hands, rng: Rng, smooth_edges: bool) -> Page:
    """2 to 4 digits in a picture of 20 to 64 px, without or with grey edges."""
    times = 4
    while True:
        text = "".join(map(str, rng.integers(0, 10, rng.integers(2, 5))))
        height = int(rng.integers(11, 41))
        pen = rng.uniform(1.1, max(1.3, 0.2 * height))
        written = in_a_row(text, hands.any(rng), height * times, pen * times, rng)
        ink = np.pad(written.ink, [(0, -side % times) for side in written.ink.shape])
        small = ink.reshape(len(ink) // times, times, -1, times).mean((1, 3))
        if max(small.shape) <= 60:
            break
    size = rng.integers(np.maximum(20, np.add(small.shape, 2)), 65)
    top, left = rng.integers(1, size - small.shape).tolist()
    sheet = np.zeros(size)
    sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    if not smooth_edges:
        sheet = (sheet > 0.35).astype(float)
    ink_level, paper = rng.uniform(0, 80), rng.uniform(200, 255)
    if rng.random() < 0.3:
        ink_level, paper = paper, ink_level
    levels = as_levels(paper + (ink_level - paper) * sheet)
    boxes = [
        (left + x0 // times, top + y0 // times, left - (-x1 // times), top - (-y1 // times))
        for x0, y0, x1, y1 in written.boxes
    ]
    return Page(levels[:, :, None].repeat(3, 2), text, tuple(boxes))


def a_letter(hands: Hands, rng: Rng) -> Page:
    """Of a handwriting font; none that looks like a digit."""
    return _on_some_paper(
        _set(str(rng.choice(list(LETTERS))), hands, rng.uniform(45, 120), rng), rng
    )


def a_word(hands: Hands, rng: Rng) -> Page:
    """Of 3 to 9 letters, in a handwriting font."""
    return _on_some_paper(_set(word(rng), hands, rng.uniform(40, 90), rng), rng)


def a_character(hands: Hands, rng: Rng) -> Page:
    """Of a script whose characters are no digits, as somebody drew it."""
    strokes = hands.characters[int(rng.integers(len(hands.characters)))]
    points = np.concatenate(strokes)
    height = rng.uniform(45, 120)
    scale = height / max(np.ptp(points, axis=0).max(), 1)
    pen = height * rng.uniform(0.03, 0.12)
    mask, _, _ = drawn([smooth(stroke * scale) for stroke in strokes], pen, dot=1)
    return _on_some_paper(cut_out(mask), rng)


def _set(text: str, hands: Hands, height: float, rng: Rng) -> Mask:
    """The text in one of the fonts, so many pixels high."""
    path = str(hands.fonts[int(rng.integers(len(hands.fonts)))])
    _, top, _, bottom = ImageFont.truetype(path, 100).getbbox(text)
    font = ImageFont.truetype(path, round(100 * height / (bottom - top)))
    x0, y0, x1, y1 = (round(edge) for edge in font.getbbox(text))
    canvas = Image.new("L", (x1 - x0 + 20, y1 - y0 + 20))
    ImageDraw.Draw(canvas).text((10 - x0, 10 - y0), text, fill=255, font=font)
    return cut_out(np.asarray(canvas, np.float32) / 255)


def _on_some_paper(ink: Mask, rng: Rng) -> Page:
    written = Written("", len(ink), ink, ())
    return as_photo(written, rng) if rng.random() < 0.5 else on_plain_paper(written, rng)
