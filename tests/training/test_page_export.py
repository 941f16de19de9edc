"""From a trained network to page.onnx."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper

from inkdigits.modelfile.build import Facts
from inkdigits.modelfile.page_graph import Look
from inkdigits.recognition.page import PAGE_CONTRACT, PAGE_CONTRACT_VERSION
from inkdigits.training.page_export import page_model
from inkdigits.training.page_network import KINDS, PageNetwork

LOOK = Look(least_score=0.02, most_pieces=40)


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """Of a network that has learned nothing: it takes many places for pieces."""
    torch.manual_seed(0)
    rules = {"piece_from": 0.25, "space": 0.6}
    return page_model(PageNetwork(), Facts("page", "1.2", "nothing"), LOOK, rules)


def test_a_file_of_two_bytes_a_weight_reads_pictures_of_any_size(model: onnx.ModelProto) -> None:
    content = model.SerializeToString()
    parameters = sum(parameter.numel() for parameter in PageNetwork().parameters())
    assert len(content) < 2 * parameters + 200_000
    session = onnxruntime.InferenceSession(content)
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (70, 45), (33, 150)):
        picture = rng.integers(0, 256, shape, np.uint8)
        box, kind, crop, line = session.run(list(PAGE_CONTRACT), {"picture": picture})
        count = len(box)
        assert count <= LOOK.most_pieces
        assert (box.shape, kind.shape) == ((count, 4), (count, KINDS))
        assert (crop.shape, line.shape) == ((count, 64, 64), (count,))
        assert np.isfinite(kind).all()
        assert (box[:, 2:] <= shape[::-1]).all()


def test_a_file_says_what_it_is_and_by_what_rules_pieces_become_a_text(
    model: onnx.ModelProto,
) -> None:
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert said["contract"] == PAGE_CONTRACT_VERSION
    assert said["most_pieces"] == "40"
    assert float(said["piece_from"]) == 0.25
    assert float(said["space"]) == 0.6
    assert said["name"] == "page"
    assert said["trained_on"] == "nothing"


def test_a_file_has_only_operators_of_standard_onnx(model: onnx.ModelProto) -> None:
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 20)]
    assert {node.domain for node in model.graph.node} == {""}
    loops = [node for node in model.graph.node if node.op_type == "Loop"]
    assert all(
        node.domain == ""
        for loop in loops
        for node in helper.get_node_attr_value(loop, "body").node
    )
