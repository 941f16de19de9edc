"""A recipe of one's own, in a file: `inkdigits train mine.py --out runs/mine`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TypeGuard

from inkdigits.scratch.recipes import ScratchRecipe
from inkdigits.training.fit import InvalidRun, Recipe

NAME = "RECIPE"


def own_recipe(path: Path) -> Recipe:
    """The RECIPE of a Python file, which is run, and finds what is beside it in its folder.

    Raises InvalidRun if there is no such file or it has no recipe; what the file itself raises is
    left as it is.
    """
    if not path.is_file():
        raise InvalidRun(f"There is no file {path}. Name a recipe, or a Python file that has one.")
    spec = importlib.util.spec_from_file_location(f"{path.stem} (recipe)", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    sys.path.insert(0, str(path.parent.resolve()))
    spec.loader.exec_module(module)
    recipe = getattr(module, NAME, None)
    if not isinstance(recipe, ScratchRecipe) and not _is_of_pytorch(recipe):
        raise InvalidRun(
            f"{path} has no recipe called {NAME}. Let it say {NAME} = ScratchRecipe(...), of "
            "inkdigits.scratch.recipes, or Recipe(...), of inkdigits.training.recipes."
        )
    return recipe


def _is_of_pytorch(recipe: object) -> TypeGuard[Recipe]:
    """Only a file that has imported PyTorch itself can have such a recipe."""
    if "torch" not in sys.modules:
        return False
    from inkdigits.training.recipes import PagesRecipe
    from inkdigits.training.recipes import Recipe as TorchRecipe

    return isinstance(recipe, TorchRecipe | PagesRecipe)
