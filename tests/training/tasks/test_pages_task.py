"""The task of finding pieces of writing on a page."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from drawing import scans, written_digits
from inkdigits import InvalidDataset
from inkdigits.datasets.omniglot import WrittenCharacter
from inkdigits.datasets.strokes import WrittenDigit, parse_writers
from inkdigits.modelfile.page_graph import COARSE, FINE, NEAR, REACH, USUAL
from inkdigits.synthesis.hands import HELD_OUT_ALPHABETS, HELD_OUT_FONTS
from inkdigits.synthesis.pages import SIDE, DrawnPage, Placed
from inkdigits.training.fit import Settings
from inkdigits.training.page_loss import Truth, f1_of_pieces
from inkdigits.training.page_network import Maps
from inkdigits.training.process_group import ProcessGroup
from inkdigits.training.recipes import PagesRecipe
from inkdigits.training.tasks import drawn_pages
from inkdigits.training.tasks.drawn_pages import PageLoader
from inkdigits.training.tasks.pages import (
    FOR_CALIBRATION,
    VALIDATION_WRITERS,
    Pages,
    PagesData,
    PagesFitting,
    loss_of,
    validation_batch,
)
from training import blank_pages

TINY = PagesRecipe("page", epochs=2, pages=2, batch_size=2, validation_pages=3)
KINDS = 20
SURE = 14.0
"""A logit."""

# ---------------------------------------------------------------- truths and maps, made by hand

Piece = tuple[int, int, int, int, int]
"""x0, y0, x1, y1, kind."""
PIECES: list[Piece] = [(20, 16, 40, 48, 3), (56, 24, 66, 50, 1), (80, 44, 88, 50, 10)]


def truth_of(pieces: Sequence[Piece], side: int = 128) -> Truth:
    """A page of filled rectangles."""
    fine = side // FINE
    maps = {name: np.zeros((1, fine, fine), np.uint8) for name in ("peak", "ink", "owner")}
    counts = np.ones((1, fine, fine), bool)
    for number, (x0, y0, x1, y1, kind) in enumerate(pieces, start=1):
        place = np.s_[0, y0 // FINE : y1 // FINE, x0 // FINE : x1 // FINE]
        maps["ink"][place], maps["owner"][place] = 255, number
        if kind < 0:
            counts[place] = False
        else:
            maps["peak"][0, (y0 + y1) // 2 // FINE, (x0 + x1) // 2 // FINE] = 255
    rows = [[0, *piece, number] for number, piece in enumerate(pieces, start=1)]
    return Truth(
        **{name: torch.from_numpy(values) for name, values in maps.items()},
        counts=torch.from_numpy(counts),
        pieces=torch.tensor(rows, dtype=torch.float32).reshape(-1, 7),
    )


def maps_of(truth: Truth) -> Maps:
    """What a network says that knows the truth."""
    count, high, wide = truth.peak.shape
    low, coarse = (FINE, COARSE)
    owner = torch.zeros(count, 2, high, wide)
    box = torch.zeros(count, 4, high * low // coarse, wide * low // coarse)
    kind = torch.zeros(count, KINDS, *box.shape[2:])
    rows, columns = torch.meshgrid(
        (torch.arange(high) + 0.5) * low, (torch.arange(wide) + 0.5) * low, indexing="ij"
    )
    for page, x0, y0, x1, y1, which, number in truth.pieces.tolist():
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        own = truth.owner[int(page)] == int(number)
        owner[int(page), 0][own] = (x - columns[own]) / REACH
        owner[int(page), 1][own] = (y - rows[own]) / REACH
        if which < 0:
            continue
        for row in range(max(int(y // coarse) - 1, 0), min(int(y // coarse) + 2, box.shape[2])):
            for column in range(
                max(int(x // coarse) - 1, 0), min(int(x // coarse) + 2, box.shape[3])
            ):
                box[int(page), :, row, column] = torch.tensor(
                    [
                        (x - (column + 0.5) * coarse) / NEAR,
                        (y - (row + 0.5) * coarse) / NEAR,
                        np.log((x1 - x0) / USUAL),
                        np.log((y1 - y0) / USUAL),
                    ]
                )
                kind[int(page), :, row, column] = 0
                kind[int(page), int(which), row, column] = SURE
    return Maps(
        peak=((truth.peak == 255).float() * 2 - 1)[:, None] * SURE,
        ink=torch.logit(truth.ink.float()[:, None] / 255, eps=1e-6),
        owner=owner,
        box=box,
        kind=kind,
    )


def changed(maps: Maps, name: str, change: Any) -> Maps:
    return maps._replace(**{name: change(getattr(maps, name))})


def test_the_loss_of_maps_that_say_the_truth_is_next_to_nothing() -> None:
    for pieces in (PIECES, PIECES[:1], []):
        truth = truth_of(pieces)
        assert 0 <= loss_of(maps_of(truth), truth) < 0.01


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("peak", lambda peak: peak.roll(3, 3)),
        ("peak", lambda peak: torch.full_like(peak, -SURE)),
        ("peak", lambda peak: torch.full_like(peak, SURE)),
        ("ink", lambda ink: ink.roll(4, 2)),
        ("owner", lambda owner: owner + 0.5),
        ("owner", lambda owner: -owner),
        ("box", lambda box: box + 0.5),
        ("box", lambda box: box[:, [0, 1, 3, 2]]),
        ("kind", lambda kind: kind.roll(1, 1)),
        ("kind", lambda kind: kind * 0),
    ],
)
def test_whatever_is_wrong_makes_the_loss_larger(name: str, change: Any) -> None:
    truth = truth_of(PIECES)
    maps = maps_of(truth)
    assert loss_of(changed(maps, name, change), truth) > loss_of(maps, truth) + 0.05


def test_a_peak_beside_a_middle_costs_less_than_one_far_away() -> None:
    truth = truth_of(PIECES)
    truth.peak[0, 16, 16] = 200  # beside the middle of the first, which is at 15
    maps = maps_of(truth)
    near, far = maps.peak.clone(), maps.peak.clone()
    near[0, 0, 16, 16] = far[0, 0, 40, 40] = 3.0
    losses = [loss_of(maps._replace(peak=peak), truth) for peak in (near, far)]
    assert losses[0] < 0.1 * losses[1]


def test_what_is_cut_off_is_neither_asked_for_nor_forbidden() -> None:
    truth = truth_of([*PIECES, (100, 100, 128, 128, -1)])
    maps = maps_of(truth)
    peak = maps.peak.clone()
    peak[0, 0, 56, 56] = SURE
    assert loss_of(maps._replace(peak=peak), truth) == loss_of(maps, truth)
    assert f1_of_pieces(maps._replace(peak=peak), truth) == f1_of_pieces(maps, truth) == 1


def test_f1_of_pieces_is_1_if_all_is_found_and_named_right() -> None:
    assert f1_of_pieces(maps_of(truth_of(PIECES)), truth_of(PIECES)) == 1


@pytest.mark.parametrize(
    ("said", "there", "f1"),
    [
        (PIECES[:2], PIECES, 2 * 2 / 5),  # one is missed
        (PIECES, PIECES[:2], 2 * 2 / 5),  # one is made up
        ([(*PIECES[0][:4], 8), *PIECES[1:]], PIECES, 2 * 2 / 6),  # one is misnamed
        ([(60, 80, 80, 112, 3), *PIECES[1:]], PIECES, 2 * 2 / 6),  # one is elsewhere
        ([], PIECES, 0),
        (PIECES, [], 0),
    ],
)
def test_f1_of_pieces_falls_with_each_mistake(
    said: list[Piece], there: list[Piece], f1: float
) -> None:
    assert f1_of_pieces(maps_of(truth_of(said)), truth_of(there)) == pytest.approx(f1)


# ---------------------------------------------------------------- pages from data


class Watched:
    """Draws one square on every page, and keeps what it was to draw with."""

    made: ClassVar[list[tuple[Any, ...]]] = []
    seeds: ClassVar[list[Sequence[int]]] = []

    def __init__(self, *drawn_with: Any) -> None:
        self.made.append(drawn_with)

    def draw_side_by_side(self, seed: Sequence[int]) -> list[Placed]:
        self.seeds.append(seed)
        picture = np.full((90, 120), 255, np.uint8)
        picture[20:40, 60:70] = 0
        page = DrawnPage(
            picture,
            ink=255 - picture,
            owner=(picture == 0).astype(np.uint8),
            boxes=np.array([[60, 20, 70, 40]], np.float32),
            kinds=np.array([1]),
        )
        return [Placed(page, 0)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What each page generator was given: digits, pictures, labels, fonts, characters."""
    Watched.made.clear()
    Watched.seeds.clear()
    monkeypatch.setattr(drawn_pages, "PageGenerator", Watched)
    # The real ones take seconds to read.
    digits = written_digits(range(1, 31))

    def without(data_dir: Any, writers: str | None = None) -> list[WrittenDigit]:
        return [digit for digit in digits if digit.writer not in parse_writers(writers or "31")]

    monkeypatch.setattr(drawn_pages, "written_digits", without)
    monkeypatch.setattr(drawn_pages, "load_mnist", lambda part, data_dir: (part, scans()[1]))
    return Watched.made


def data(data_dir: str | Path, without_writers: str | None = None) -> PagesData:
    settings = Settings("page", 2, 0, None, data="pages", without_writers=without_writers)
    return Pages(TINY).load(settings, data_dir)


def test_no_validation_page_is_learned_from(made: list[tuple[Any, ...]], data_dir: str) -> None:
    loaded = data(data_dir, without_writers="25-30")
    validation_batch(loaded.validation, TINY)
    list(PageLoader(loaded.training, workers=0).batches([[(0, 1, 0)]]))
    validation, training = made
    writers = [{digit.writer for digit in some[0]} for some in (validation, training)]
    assert VALIDATION_WRITERS == "19-24"
    assert writers == [set(range(19, 25)), set(range(1, 19))]
    assert [some[1] for some in (validation, training)] == ["validation", "train"]
    for _, _, _, fonts, characters in made:
        assert len(fonts) > 20
        assert not {font.stem for font in fonts} & HELD_OUT_FONTS
        alphabets = {character.alphabet for character in characters}
        assert len(alphabets) >= 3
        assert not alphabets & HELD_OUT_ALPHABETS
        assert isinstance(characters[0], WrittenCharacter)


def test_the_truth_is_where_the_page_says_and_beyond_a_small_page_is_nothing(
    made: list[tuple[Any, ...]], data_dir: str
) -> None:
    seen, truth = validation_batch(data(data_dir).validation, TINY)
    assert seen.shape == (TINY.validation_pages, 1, SIDE, SIDE)
    assert not seen[:, :, 90:].any()
    assert not seen[:, :, :, 120:].any()
    assert (seen[:, 0, 25, 65] < -3).all()
    assert truth.pieces[:, 0].tolist() == list(range(TINY.validation_pages))
    assert (truth.pieces[:, 1:] == torch.tensor([60, 20, 70, 40, 1, 1])).all()
    for maps in (truth.peak, truth.ink, truth.owner, truth.counts):
        assert maps.shape == (TINY.validation_pages, SIDE // FINE, SIDE // FINE)
    assert (truth.peak == 255).nonzero().tolist() == [
        [n, 15, 32] for n in range(TINY.validation_pages)
    ]
    assert (truth.ink[:, 10:20, 30:35] == 255).all()
    assert (truth.owner > 0).sum() == TINY.validation_pages * 50
    assert truth.counts.all()
    maps = maps_of(truth)
    assert loss_of(maps, truth) < 0.01
    assert f1_of_pieces(maps, truth) == 1


def test_pages_are_the_same_however_many_processes_draw_them(data_dir: str) -> None:
    training = data(data_dir, without_writers="2-18,25-30").training  # it takes time to know many
    loaders = [PageLoader(training, workers=workers) for workers in (0, 1)]
    drawn = []
    for seeds in ([[(13, 1, 0)], [(13, 1, 1)]], [[(13, 2, 0)]]):  # the process goes on
        alone, beside = (list(loader.batches(seeds)) for loader in loaders)
        assert len(alone) == len(beside) == len(seeds)
        for (pictures, truth), (same, same_truth) in zip(alone, beside, strict=True):
            np.testing.assert_array_equal(pictures, same)
            for name in vars(truth):
                assert torch.equal(getattr(truth, name), getattr(same_truth, name))
            drawn.append(pictures.tobytes())
    assert len(set(drawn)) == 3


def test_the_process_that_draws_ends_even_if_the_one_that_learns_is_killed() -> None:
    learning = subprocess.Popen(
        [sys.executable, blank_pages.__file__],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert learning.stdout
        assert learning.stdout.readline() == b"a batch\n"
        learning.kill()
        learning.communicate(timeout=30)  # to the end of what both of them can still write
    finally:
        with suppress(ProcessLookupError):
            os.killpg(learning.pid, signal.SIGKILL)


def test_strips_are_learned_from_side_by_side_each_normalised_by_itself(
    made: list[tuple[Any, ...]], data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Watched().draw_side_by_side((0,))[0].page
    dim = replace(alone, picture=(alone.picture // 2).astype(np.uint8))
    monkeypatch.setattr(
        Watched, "draw_side_by_side", lambda *_: [Placed(alone, 0), Placed(dim, 96)]
    )
    recipe = replace(TINY, validation_pages=1)
    seen, truth = validation_batch(data(data_dir).validation, recipe)
    assert torch.allclose(seen[:, :, :90], seen[:, :, 96:186], atol=0.2)
    expected = [[0, 60, 20, 70, 40, 1, 1], [0, 60, 116, 70, 136, 1, 2]]
    assert truth.pieces.tolist() == expected
    assert set(truth.owner.unique().tolist()) == {0, 1, 2}
    assert (truth.owner[0, 58:68, 30:35] == 2).all()


def test_each_page_to_learn_from_is_another_one_and_those_that_judge_are_always_the_same(
    made: list[tuple[Any, ...]], data_dir: str
) -> None:
    for seed in (1, 2):
        loaded = data(data_dir, without_writers="2-18,25-30")
        settings = Settings("page", 2, seed, None, data="pages")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drawn_pages, "WORKERS", 0)
            fitting = PagesFitting(TINY, settings, loaded, "cpu", ProcessGroup())
        assert len(list(fitting.epochs(lambda *_: None))) == 2
    validation, pages = TINY.validation_pages, TINY.epochs * TINY.pages
    seeds = [tuple(seed) for seed in Watched.seeds]
    assert len(seeds) == 2 * (validation + pages)
    held_out = [seed for seed in seeds if len(seed) == 2]
    assert held_out == 2 * [(0, number) for number in range(validation)]
    assert len({seed for seed in seeds if len(seed) == 3}) == 2 * pages


def test_no_page_to_learn_from_is_drawn_like_one_that_judges(
    made: list[tuple[Any, ...]], data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bytes] = []

    def speckled(self: Watched, seed: Sequence[int]) -> list[Placed]:
        picture = np.random.default_rng(seed).integers(0, 256, (90, 120), np.uint8)
        drawn.append(picture.tobytes())
        return [Placed(replace(square, picture=picture), 0)]

    square = Watched().draw_side_by_side((0,))[0].page
    monkeypatch.setattr(Watched, "draw_side_by_side", speckled)
    monkeypatch.setattr(drawn_pages, "WORKERS", 0)
    recipe = replace(TINY, epochs=4, validation_pages=5)
    loaded = data(data_dir, without_writers="2-18,25-30")
    validation_batch(loaded.validation, recipe)
    for number in range(5):
        loaded.validation[FOR_CALIBRATION, number]
    judging = {*drawn}
    drawn.clear()
    monkeypatch.setattr(PagesFitting, "validate", lambda *_: (0.0, 0.0))
    for seed in (0, 1):
        settings = Settings("page", 4, seed, None, data="pages")
        fitting = PagesFitting(recipe, settings, loaded, "cpu", ProcessGroup())
        assert len(list(fitting.epochs(lambda *_: None))) == 4
    assert len(judging) == 10
    assert len({*drawn}) == 2 * 4 * recipe.pages
    assert not judging & {*drawn}


def test_a_data_folder_without_fonts_is_refused(made: list[Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"no fonts \(\*\.woff2\) in handwriting-fonts"):
        data(tmp_path)
