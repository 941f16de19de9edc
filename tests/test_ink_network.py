"""The network that finds ink: what it finds, on what, and which files it takes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

import inkdigits
from inkdigits import InvalidModel
from inkdigits.ink_network import InkNetwork
from pages import Grey, in_uneven_light, page, ruled

PACKAGE = Path(inkdigits.__file__).parent


@pytest.fixture(scope="module")
def network() -> InkNetwork:
    return InkNetwork()


def agreement(found: Grey, ink: Grey) -> float:
    """Intersection over union, of pixels."""
    return float(((found > 127) & (ink < 128)).sum() / ((found > 127) | (ink < 128)).sum())


def test_ink_is_found_on_clean_ruled_squared_and_shaded_paper(network: InkNetwork) -> None:
    sheet = page("305")
    for seen in (
        sheet,
        255 - sheet,
        ruled(sheet),
        ruled(sheet, squared=True),
        in_uneven_light(ruled(sheet)),
    ):
        assert agreement(network(seen), sheet) > 0.8


def test_what_is_found_has_the_size_of_the_picture(network: InkNetwork) -> None:
    for shape in ((1, 1), (31, 33), (64, 200), (1, 700)):
        found = network(np.full(shape, 230, np.uint8))
        assert found.shape == shape
        assert found.dtype == np.uint8


def test_a_large_picture_is_seen_in_parts_that_fit_together(
    network: InkNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = ruled(page("12\n34\n56\n78", height=100))
    whole = network(sheet)
    monkeypatch.setattr("inkdigits.ink_network.MOST_PIXELS", sheet.size // 3)
    np.testing.assert_allclose(network(sheet), whole, atol=1)


def test_paper_without_writing_has_no_ink(network: InkNetwork) -> None:
    blank = np.full((300, 400), 240, np.uint8)
    for paper in (blank, ruled(blank), ruled(blank, squared=True), in_uneven_light(blank)):
        assert (network(paper) > 127).mean() < 0.001


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidModel, match=r"no\.onnx: No such file or directory\. Give the path"):
        InkNetwork(tmp_path / "no.onnx")


def test_the_model_that_reads_digits_is_refused() -> None:
    with pytest.raises(InvalidModel, match=r"digits\.onnx breaks the contract.* its output ink"):
        InkNetwork(PACKAGE / "digits.onnx")


def test_a_model_of_another_contract_is_refused(tmp_path: Path) -> None:
    model = onnx.load(PACKAGE / "ink.onnx")
    properties = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**properties, "contract": "ink 0"})
    onnx.save(model, tmp_path / "old.onnx")
    with pytest.raises(InvalidModel, match="version must be ink 1, and is ink 0"):
        InkNetwork(tmp_path / "old.onnx")
