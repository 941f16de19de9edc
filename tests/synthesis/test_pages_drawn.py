"""The page generator: pages to learn from, and the truth about them."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drawing import FONT, characters, generator, scans, written_digits
from inkdigits import InvalidDataset
from inkdigits.datasets.omniglot import WrittenCharacter
from inkdigits.synthesis import pages
from inkdigits.synthesis.glyphs import Manner
from inkdigits.synthesis.hands import LIKE_DIGITS
from inkdigits.synthesis.handwriting import INKED
from inkdigits.synthesis.pages import SIDE, DrawnPage, PageGenerator, areas

COUNT = 80


@pytest.fixture(scope="module")
def drawn() -> list[DrawnPage]:
    pages_of = generator()
    return [pages_of.draw([0, seed]) for seed in range(COUNT)]


def same(one: DrawnPage, other: DrawnPage) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(DrawnPage)
    )


def test_the_same_seed_draws_the_same_page_whatever_was_drawn_before(
    drawn: list[DrawnPage],
) -> None:
    fresh = generator()
    for seed in (COUNT - 1, 3, 0, 40):
        assert same(fresh.draw([0, seed]), drawn[seed])
    assert not same(fresh.draw([1, 0]), drawn[0])


def test_pictures_are_at_most_so_large_and_some_are_cut_out_around_a_number(
    drawn: list[DrawnPage],
) -> None:
    shapes = [page.picture.shape for page in drawn]
    assert np.max(shapes) == SIDE
    assert np.min(shapes) >= 16
    cut_out = np.mean([shape != (SIDE, SIDE) for shape in shapes])
    assert 0.1 < cut_out < 0.4


def test_strips_fill_a_page_side_by_side_and_do_not_overlap() -> None:
    pages_of = generator()
    together = [pages_of.draw_side_by_side([2, seed]) for seed in range(40)]
    assert same(together[7][0].page, pages_of.draw([2, 7]))
    several = [placed for placed in together if len(placed) > 1]
    assert len(several) >= 4
    for placed in several:
        ends = [top + len(page.picture) for page, top in placed]
        assert placed[0].top == 0
        assert all(end <= top for end, (_, top) in zip(ends, placed[1:], strict=False))
        assert ends[-1] <= SIDE
        for page, _ in placed:
            assert page.picture.shape == page.owner.shape


def test_maps_have_the_pictures_shape_and_each_piece_a_kind(drawn: list[DrawnPage]) -> None:
    for page in drawn:
        assert page.picture.dtype == page.ink.dtype == page.owner.dtype == np.uint8
        assert page.picture.shape == page.ink.shape == page.owner.shape
        assert page.boxes.shape == (len(page.kinds), 4)
        assert page.owner.max(initial=0) <= len(page.kinds)
        assert set(page.kinds.tolist()) <= set(range(-1, 20))


def test_boxes_contain_the_ink_of_their_pieces(drawn: list[DrawnPage]) -> None:
    for page in drawn:
        for number, (x0, y0, x1, y1) in enumerate(page.boxes, start=1):
            y, x = (page.owner == number).nonzero()
            assert ((x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)).all()
        assert ((page.owner > 0) <= (page.ink >= int(INKED * 255))).all()


def test_boxes_are_tight_around_pieces_that_nothing_lies_over(drawn: list[DrawnPage]) -> None:
    compared = 0
    for page in drawn:
        high, wide = page.picture.shape
        for number, (x0, y0, x1, y1) in enumerate(page.boxes, start=1):
            others = np.delete(page.boxes, number - 1, 0)
            apart = (
                (others[:, 0] > x1)
                | (others[:, 2] < x0)
                | (others[:, 1] > y1)
                | (others[:, 3] < y0)
            )
            if apart.all() and x0 >= 0 and y0 >= 0 and x1 <= wide and y1 <= high:
                y, x = (page.owner == number).nonzero()
                if x.size > 30:  # of a faint pen little is anybody's
                    ink = [x.min(), y.min(), x.max() + 1, y.max() + 1]
                    compared += np.abs(np.subtract(ink, [x0, y0, x1, y1])).max() <= 2
    assert compared > 60


def test_every_kind_of_piece_turns_up(drawn: list[DrawnPage]) -> None:
    kinds = np.concatenate([page.kinds for page in drawn])
    counts = np.bincount(kinds[kinds >= 0], minlength=20)
    assert (counts > 0).all()
    assert counts[:10].sum() > 0.3 * counts.sum()


def share_of_boxes(page: DrawnPage) -> NDArray[np.floating[Any]]:
    """(K,): how much of each box is in the picture."""
    return areas(page.seen) / areas(page.boxes)


def test_what_the_edge_leaves_too_little_of_has_no_kind(drawn: list[DrawnPage]) -> None:
    for page in drawn:
        share = share_of_boxes(page)
        assert (page.kinds[share == 1] >= 0).all()
        assert (page.kinds[share < 0.3] == -1).all()
    assert sum((page.kinds < 0).sum() for page in drawn) > 10


def test_slivers_of_neighbours_at_the_edge_are_no_pieces(drawn: list[DrawnPage]) -> None:
    assert min(share_of_boxes(page).min(initial=1) for page in drawn) > 0.1
    edges = [(page.ink[:, at] > 200) & (page.owner[:, at] == 0) for page in drawn for at in (0, -1)]
    assert sum(nobodys.sum() > 2 for nobodys in edges) > 5


def test_ink_stands_out_from_the_paper_and_some_pages_are_dark(drawn: list[DrawnPage]) -> None:
    lighter = []
    for page in drawn:
        covered, free = page.ink > 200, page.ink == 0
        if covered.sum() > 50:
            lighter.append(float(page.picture[covered].mean()) - float(page.picture[free].mean()))
    assert np.mean(np.abs(lighter) > 10) > 0.9
    assert 0.02 < np.mean(np.array(lighter) > 0) < 0.35


def test_a_few_pages_hold_nothing_that_is_written(drawn: list[DrawnPage]) -> None:
    empty = [page for page in drawn if not page.kinds.size]
    assert 0 < len(empty) < COUNT / 6
    assert max(page.picture.std() for page in empty) > 15  # another thing is photographed


def test_pens_reach_from_a_hairs_breadth_to_two_fifths_of_the_height(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[tuple[float, Manner]] = []

    def write_row(*asked: Any) -> list[Any]:
        rows.append((asked[4], asked[5]))
        return []

    monkeypatch.setattr(pages, "write_row", write_row)
    blank = np.full((SIDE, SIDE), 255, np.uint8)  # what the rows stand on is not looked at
    monkeypatch.setattr(PageGenerator, "_on_a_sheet", lambda *_: blank)
    pages_of = generator(fonts=())
    for seed in range(180):
        pages_of.draw([9, seed])
    heights, widths = np.array([(high, manner.pen) for high, manner in rows]).T
    # A row's height differs by some 12 % from the one that its pen was chosen for.
    shares = widths / heights
    assert 0.01 < shares[heights > 40].min() < 0.025
    assert 0.02 < (shares < 0.03).mean() < 0.15
    assert 0.25 < shares.max() < 0.4 * 1.4
    assert 0.06 < np.median(shares) < 0.13
    assert heights.min() < 13
    assert heights.max() > 90


def test_characters_that_look_like_digits_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[WrittenCharacter] = []

    class Watched:
        def __init__(self, characters: list[WrittenCharacter]) -> None:
            asked.extend(characters)

    monkeypatch.setattr(pages, "CharactersHand", Watched)
    latin = characters("Latin", range(1, 27))
    greek = characters("Greek", range(1, 25))
    others = characters("Balinese", (2, 15))
    PageGenerator(written_digits(), *scans(), [FONT], [*latin, *greek, *others])
    left = {(character.alphabet, character.character) for character in asked}
    assert not left & {(name, number) for name, those in LIKE_DIGITS.items() for number in those}
    assert {("Balinese", 2), ("Balinese", 15), ("Latin", 1), ("Greek", 1)} <= left
    assert {("Latin", 15), ("Latin", 12), ("Greek", 15)}.isdisjoint(left)  # o, l, omicron


def test_without_fonts_pages_are_drawn_too() -> None:
    assert generator(fonts=()).draw(3).picture.size


def test_writers_who_have_not_written_all_digits_write_nothing() -> None:
    some = [digit for digit in written_digits() if digit.label or digit.writer != 2]
    PageGenerator(some, *scans(), [FONT], characters())  # writer 1 has written all
    with pytest.raises(InvalidDataset, match="all ten digits"):
        PageGenerator([digit for digit in some if digit.label], *scans(), [FONT], characters())


def test_a_font_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.ttf").write_bytes(b"no font")
    with pytest.raises(OSError, match="unknown file format"):
        PageGenerator(written_digits(), *scans(), [tmp_path / "no.ttf"], characters())
