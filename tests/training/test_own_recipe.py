"""A recipe of one's own, in a file."""

import sys
from pathlib import Path

import numpy as np
import pytest

from inkdigits import Reader
from inkdigits.errors import InvalidModel, InvalidNetwork
from inkdigits.scratch.export import add_layer
from inkdigits.training.fit import InvalidRun
from inkdigits.training.own_recipe import own_recipe
from inkdigits.training.run import Interrupted, train
from training.interruption import ctrl_c

IN_NUMPY = """
from dataclasses import dataclass
from inkdigits.scratch import Adam, Dense, Flatten, Layer
from inkdigits.scratch.recipes import ScratchRecipe

@dataclass
class Twice(Layer):
    factor: float = 2.0
    def forward(self, x, training=False):
        return self.factor * x
    def backward(self, gradient):
        return self.factor * gradient

layers = [Flatten(), Twice(), Dense(10)]
RECIPE = ScratchRecipe("mine", layers, optimizer=Adam(0.01), epochs=2, batch_size=20)
"""
WITH_PYTORCH = """
from torch import nn
from inkdigits.training.recipes import CNN, Recipe
from sizes import HIDDEN

def layers():
    return [nn.Flatten(), nn.Linear(784, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10)]

RECIPE = Recipe("mine", layers, epochs=2, batch_size=50, augmentation=None)
"""


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Ten pictures of each digit, which are as many bars."""
    labels = np.repeat(np.arange(10), 10).astype(np.uint8)
    pictures = np.zeros((100, 28, 28), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[4 : 4 + 2 * (label + 1), 6:22] = 255
    np.savez(tmp_path / "bars.npz", pictures=pictures, labels=labels)
    return f"npz:{tmp_path}/bars.npz"


def file(folder: Path, content: str) -> Path:
    (folder / "mine.py").write_text(content)
    (folder / "sizes.py").write_text("HIDDEN = 16")
    return folder / "mine.py"


def test_a_network_with_pytorch_is_trained_from_a_file_and_what_is_beside_it(
    tmp_path: Path, data: str
) -> None:
    metrics = train(own_recipe(file(tmp_path, WITH_PYTORCH)), tmp_path / "run", data=data)
    assert metrics["recipe"] == "mine"
    assert metrics["parameters"] == 784 * 16 + 16 + 16 * 10 + 10
    assert Reader(tmp_path / "run" / "model.onnx").metadata["name"] == "mine"


def test_a_layer_of_ones_own_has_to_say_how_it_is_exported_before_it_is_trained(
    tmp_path: Path, data: str
) -> None:
    recipe = own_recipe(file(tmp_path, IN_NUMPY))
    with pytest.raises(InvalidNetwork, match=r"Twice\(\) cannot be exported: say how"):
        train(recipe, tmp_path / "run", data=data)
    assert not (tmp_path / "run" / "history.csv").exists()


def test_a_layer_of_ones_own_that_cannot_be_saved_is_told_before_it_is_trained(
    tmp_path: Path, data: str
) -> None:
    recipe = own_recipe(file(tmp_path, IN_NUMPY.replace("Twice()", "Twice({})")))
    own = next(type(layer) for layer in recipe.layers if type(layer).__name__ == "Twice")  # type: ignore[attr-defined]
    add_layer.register(own, lambda layer, g, x: x)
    with pytest.raises(InvalidModel, match=r"Twice has a setting that cannot be saved, {}\."):
        train(recipe, tmp_path / "run", data=data)
    assert not (tmp_path / "run" / "history.csv").exists()


def test_a_network_in_numpy_with_layers_of_ones_own_stops_and_goes_on(
    tmp_path: Path, data: str
) -> None:
    recipe = own_recipe(file(tmp_path, IN_NUMPY))
    own = next(type(layer) for layer in recipe.layers if type(layer).__name__ == "Twice")  # type: ignore[attr-defined]
    add_layer.register(own, lambda layer, g, x: x * layer.factor)
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted):
        train(recipe, tmp_path / "run", data=data)
    metrics = train(recipe, tmp_path / "run", resume=True)
    assert metrics["epochs_done"] == 2


MODULE = """
TIMES = 2

class Doubled(nn.Module):
    def forward(self, x):
        # as often
        return TIMES * x

"""
DOUBLED = WITH_PYTORCH.replace("\n\n", MODULE).replace("nn.ReLU()", "Doubled()")


@pytest.mark.parametrize(
    ("content", "before", "after"),
    [
        (IN_NUMPY, "return self.factor * x", "return self.factor + x"),
        (
            IN_NUMPY.replace("Twice(), D", "Skip([Twice()]), D"),
            "self.factor * g",
            "self.factor + g",
        ),
        (DOUBLED, "TIMES * x", "TIMES + x"),
        (DOUBLED, "TIMES = 2", "TIMES = 3"),
    ],
)
def test_a_recipe_is_another_one_when_a_layer_of_ones_own_is_written_anew(
    tmp_path: Path, content: str, before: str, after: str
) -> None:
    content = content.replace("Layer\n", "Layer, Skip\n")
    first = own_recipe(file(tmp_path, content)).fingerprint()
    noted = content.replace("# as often\n", "# with a note\n\n") + "# and another\n"
    assert own_recipe(file(tmp_path, noted)).fingerprint() == first
    assert before in content
    again = own_recipe(file(tmp_path, content.replace(before, after)))
    assert again.fingerprint() != first


@pytest.mark.parametrize("content", ["RECIPE = 5", "recipe = None"])
def test_a_file_without_a_recipe_says_what_is_missing(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidRun, match=r"mine\.py has no recipe called RECIPE. Let it say"):
        own_recipe(file(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRun, match=r"There is no file .*mine\.py"):
        own_recipe(tmp_path / "mine.py")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("RECIPE = [", "fails in line 1: SyntaxError: '\\[' was never closed"),
        ("def f():\n    return missing\n\nRECIPE = f()", "fails in line 2: NameError: name"),
        ("import json\nRECIPE = json.loads('{')", "fails in line 2: JSONDecodeError: "),
        ("import size", r"fails in line 1: ModuleNotFoundError: No module named 'size'"),
        ("import inkdigits.scrath", r"fails in line 1: .* named 'inkdigits\.scrath'"),
        ("import torch.layers", r"fails in line 1: .* named 'torch\.layers'"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_line(
    tmp_path: Path, content: str, says: str
) -> None:
    with pytest.raises(InvalidRun, match=says):
        own_recipe(file(tmp_path, content))


@pytest.mark.parametrize(
    ("missing", "content"),
    [("torch", WITH_PYTORCH), ("tensorboardX", "import inkdigits.training.tensorboard")],
)
def test_a_package_that_recipes_need_is_named_by_who_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, content: str
) -> None:
    monkeypatch.delitem(sys.modules, "inkdigits.training.tensorboard", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=missing):
        own_recipe(file(tmp_path, content))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("HIDDEN, 10)", "HIDDEN, 9)"), r"gives \(2, 9\) for 2 pictures; it has to end with 10"),
        (("nn.Flatten(), ", ""), r"Layer 1, Linear\(.*\(2, 1, 28, 28\): RuntimeError: mat1 and"),
        (("nn.Flatten(), nn.Linear(784", "nn.Linear(28"), r"28, 10\).* Is there an nn\.Flatten"),
        (("ReLU()", "ReLU"), "Layer 3 is <class .*, and no layer of PyTorch"),
        (('"mine", layers', '"mine", layers()'), r"Write layers, not layers\(\)"),
        (("    return ", "    "), r"layers\(\) gives None\. Let it return a list"),
        (("HIDDEN)", "WIDE)"), r"cannot be made: NameError: .*mine\.py, line 7\)"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_in_a_sentence_before_the_run(
    tmp_path: Path, data: str, change: tuple[str, str], says: str
) -> None:
    recipe = own_recipe(file(tmp_path, WITH_PYTORCH.replace(*change)))
    with pytest.raises(InvalidRun, match=says):
        train(recipe, tmp_path / "run", data=data)
    assert not (tmp_path / "run").exists()
