"""page.onnx and its contract."""

import numpy as np
import pytest

from inkdigits import InvalidModel
from inkdigits.recognition.page import PageFile
from pieces import RULES, page_file, pieces_of, row

PICTURE = np.full((40, 60), 255, np.uint8)


def test_a_page_file_gives_pieces_and_says_how_they_become_a_text() -> None:
    page = PageFile(page_file(pieces_of(row("3.1"))), 1, True)
    pieces = page(PICTURE)
    assert pieces.kind.argmax(1).tolist() == [3, 10, 1]
    assert pieces.crop.shape == (3, 64, 64)
    assert page.rules == RULES


@pytest.mark.parametrize("missing", ["piece_from", "sure_from", "space"])
def test_a_page_file_without_its_rules_is_refused(missing: str) -> None:
    with pytest.raises(InvalidModel, match=missing):
        PageFile(page_file(pieces_of(row("3")), **{missing: None}), 1, True)


def test_a_page_file_of_another_contract_is_refused() -> None:
    with pytest.raises(InvalidModel, match="contract version must be page 1"):
        PageFile(page_file(pieces_of(row("3")), contract="page 0"), 1, True)


def test_a_page_file_that_says_nonsense_is_refused() -> None:
    with pytest.raises(InvalidModel, match="metadata"):
        PageFile(page_file(pieces_of(row("3")), space="wide"), 1, True)


@pytest.mark.parametrize("rule", ["piece_from", "sure_from", "mark_sure_from", "most_pieces"])
@pytest.mark.parametrize("value", ["nan", "inf", "-5"])
def test_a_page_file_with_rules_that_cannot_be_is_refused(rule: str, value: str) -> None:
    with pytest.raises(InvalidModel, match=f"{rule} in its metadata must be a number from"):
        PageFile(page_file(pieces_of(row("3")), **{rule: value}), 1, True)


@pytest.mark.parametrize("share", [np.nan, np.inf, -0.5, 1.5])
def test_a_piece_that_is_not_likely_from_0_to_1_is_an_error(share: float) -> None:
    pieces = pieces_of(row("31"))
    pieces.kind[1, 1] = share
    page = PageFile(page_file(pieces), 1, True)
    with pytest.raises(InvalidModel, match="kind that is not from 0 to 1"):
        page(PICTURE)


def test_a_file_for_digits_is_none_for_pages() -> None:
    from pathlib import Path

    import inkdigits

    with pytest.raises(InvalidModel, match="its input must be picture, uint8 \\(H, W\\)"):
        PageFile(Path(inkdigits.__file__).parent / "models" / "digits.onnx", 1, True)
