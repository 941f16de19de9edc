"""Export: a PyTorch network as ONNX."""

import numpy as np
import onnxruntime
import pytest
import torch

from inkdigits.training.export import to_onnx
from inkdigits.training.recipes import CNN, RECIPES, Recipe


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_onnx_gives_the_logits_that_pytorch_gives(recipe: Recipe) -> None:
    torch.manual_seed(0)
    network = recipe.network()
    network(torch.rand(64, 28, 28))  # so that batch normalisation has something to do
    model = to_onnx(network)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for count in (1, 7):
        seen = torch.rand(count, 28, 28)
        [logits] = session.run(["logits"], {"seen": seen.numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(logits, network.eval()(seen), atol=1e-4)


def test_exporting_leaves_the_network_in_training() -> None:
    network = CNN.network()
    to_onnx(network)
    assert network.training


def test_only_standard_operators_are_used() -> None:
    model = to_onnx(CNN.network())
    assert {node.domain for node in model.graph.node} == {""}
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}


def test_each_recipe_fits_into_a_megabyte() -> None:
    for recipe in RECIPES.values():
        assert sum(parameter.numel() for parameter in recipe.network().parameters()) < 240_000
