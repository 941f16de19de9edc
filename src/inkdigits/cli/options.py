"""What several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkdigits.cores import cores
from inkdigits.errors import InkDigitsError

if TYPE_CHECKING:
    from inkdigits.reader import Reader

SHIPPED = "shipped"
"""Stands for the model file that ships, wherever one is named."""

model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    callback=lambda _ctx, _option, model: None if model == Path(SHIPPED) else model,
    help="A model file (.onnx), a run's folder, or one of versions.  [default: shipped]",
)

models_option = click.option(
    "--model",
    "models",
    metavar="MODEL",
    multiple=True,
    default=[SHIPPED],
    help="A model file, a run's folder, or the one that ships; several are blended.  "
    "[default: shipped]",
)

versions_option = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="The folder of the versions.  [default: models in your data folder]",
)

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="A folder with data sets' files.  [default: INKDIGITS_DATA_DIR, or MNIST is fetched]",
)


def check_resumed_or_new(options: Mapping[str, Any]) -> None:
    if options["resume"] and options["overwrite"]:
        raise click.UsageError("Choose one of --resume and --overwrite.")


class extra:  # noqa: N801 (reads as a word in a with statement)
    """Turn a missing package into a sentence that names the extra it comes with."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not isinstance(error, ModuleNotFoundError):
            return
        package = (error.name or "").partition(".")[0]
        if package != "inkdigits":
            raise InkDigitsError(
                f'This command needs {package}: pip install "inkdigits[{self.name}]"'
            ) from error


def reader_of(model: str) -> Reader:
    """For a model file, a run's folder, or "shipped"."""
    from inkdigits.reader import Reader

    folder = Path(model)
    if (folder / "metrics.json").exists() and not (folder / "model.onnx").exists():
        raise InkDigitsError(
            f"{folder} tells of a run, but has no model.onnx: git keeps only the story of such "
            "runs. Train your own into another folder (inkdigits train RECIPE --out runs/mine) "
            "and name that."
        )
    return Reader(None if model == SHIPPED else model, threads=cores())
