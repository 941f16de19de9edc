"""Who writes what is learned from, and who is kept out of it to judge."""

from pathlib import Path

import pytest

from inkdigits import InvalidDataset
from inkdigits.synthesis.hands import HELD_OUT_ALPHABETS, HELD_OUT_FONTS
from inkdigits.training.writers import handwriting_fonts, other_characters, written_digits


def test_writers_that_are_kept_out_wrote_nothing_of_it(data_dir: str) -> None:
    kept = written_digits(data_dir, "25,30")
    assert {digit.writer for digit in kept} == set(range(1, 31)) - {25, 30}


def test_it_is_said_which_writer_there_is_not(data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match=r"has no writer 31, only 1 to 30"):
        written_digits(data_dir, "30-31")


def test_it_is_said_that_too_few_are_left(data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match=r"too few digits left"):
        written_digits(data_dir, "1-30")


def test_it_is_said_where_pen_strokes_are_to_be_had(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"no pendigits-orig.tra.gz .*archive.ics.uci.edu"):
        written_digits(tmp_path)


def test_fonts_either_are_learned_from_or_judge(data_dir: str) -> None:
    learned = {font.stem for font in handwriting_fonts(data_dir)}
    assert len(learned) > 20
    assert not learned & HELD_OUT_FONTS
    assert {font.stem for font in handwriting_fonts(data_dir, held_out=True)} == HELD_OUT_FONTS


def test_alphabets_either_are_learned_from_or_judge(data_dir: str) -> None:
    learned = {character.alphabet for character in other_characters(data_dir)}
    judging = {character.alphabet for character in other_characters(data_dir, held_out=True)}
    assert len(learned) == 3
    assert judging == HELD_OUT_ALPHABETS


def test_it_is_said_which_fonts_are_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"no fonts .*handwriting-fonts"):
        handwriting_fonts(tmp_path)
