"""Export: a PyTorch network as ONNX."""

import numpy as np
import onnxruntime
import pytest
import torch

from inkdigits.modelfile.normalizer import normalizer
from inkdigits.training.export import to_onnx, with_float16_weights
from inkdigits.training.recipes import BEST, CNN, RECIPES, Recipe

FOR_DIGITS = {name: each for name, each in RECIPES.items() if isinstance(each, Recipe)}


@pytest.mark.parametrize("recipe", FOR_DIGITS.values(), ids=FOR_DIGITS.keys())
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


def test_weights_take_half_the_space_and_hardly_change_the_logits() -> None:
    torch.manual_seed(0)
    whole = to_onnx(CNN.network())
    half = with_float16_weights(whole)
    assert half.ByteSize() < 0.6 * whole.ByteSize()
    seen = torch.rand(7, 28, 28).numpy()
    one, other = (
        onnxruntime.InferenceSession(model.SerializeToString()).run(["logits"], {"seen": seen})[0]
        for model in (whole, half)
    )
    np.testing.assert_allclose(one, other, atol=2e-3)


def test_what_ships_fits_into_a_megabyte() -> None:
    network = with_float16_weights(to_onnx(BEST.network()))
    assert network.ByteSize() + normalizer().ByteSize() < 1_000_000
