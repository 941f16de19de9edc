"""A recipe of one's own, in a file: `inkdigits train mine.py --out runs/mine`."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from typing import TypeGuard

from inkdigits.errors import InkDigitsError
from inkdigits.scratch.recipes import ScratchRecipe
from inkdigits.training.fit import InvalidRun, Recipe

NAME = "RECIPE"
PACKAGE = Path(__file__).parents[1]


def own_recipe(path: Path) -> Recipe:
    """The RECIPE of a Python file, which is run, and finds what is beside it in its folder.

    Raises InvalidRun if there is no such file, it has no recipe, or it fails, and
    ModuleNotFoundError for a package that recipes need.
    """
    if not path.is_file():
        raise InvalidRun(f"There is no file {path}. Name a recipe, or a Python file that has one.")
    spec = importlib.util.spec_from_file_location(f"{path.stem} (recipe)", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except InkDigitsError:
        raise
    except Exception as error:
        if _is_extras(error):
            raise
        raise InvalidRun(f"{path} fails{_line(error, path)}: {_what(error)}") from error
    recipe = getattr(module, NAME, None)
    if not isinstance(recipe, ScratchRecipe) and not _is_of_pytorch(recipe):
        raise InvalidRun(
            f"{path} has no recipe called {NAME}. Let it say {NAME} = ScratchRecipe(...), of "
            "inkdigits.scratch.recipes, or Recipe(...), of inkdigits.training.recipes."
        )
    return recipe


def _is_extras(error: Exception) -> bool:
    """Whether PyTorch is missing, or what inkdigits itself would import."""
    if not isinstance(error, ModuleNotFoundError):
        return False
    *_, last = traceback.extract_tb(error.__traceback__)
    return error.name == "torch" or Path(last.filename).is_relative_to(PACKAGE)


def _line(error: Exception, path: Path) -> str:
    """Where in the file."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f" in line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f" in line {lines[-1]}" if lines else ""


def _what(error: Exception) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_of_pytorch(recipe: object) -> TypeGuard[Recipe]:
    """Only a file that has imported PyTorch itself can have such a recipe."""
    if "torch" not in sys.modules:
        return False
    from inkdigits.training.recipes import PagesRecipe
    from inkdigits.training.recipes import Recipe as TorchRecipe

    return isinstance(recipe, TorchRecipe | PagesRecipe)
