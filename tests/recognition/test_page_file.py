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


def test_a_file_for_digits_is_none_for_pages() -> None:
    from pathlib import Path

    import inkdigits

    with pytest.raises(InvalidModel, match="its input must be picture, uint8 \\(H, W\\)"):
        PageFile(Path(inkdigits.__file__).parent / "models" / "digits.onnx", 1, True)
