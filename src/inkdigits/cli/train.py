"""inkdigits train: a run of any recipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkdigits.cli.app import INTERRUPTED, app
from inkdigits.cli.kept import keep_outside
from inkdigits.cli.options import check_resumed_or_new, data_dir_option, extra
from inkdigits.errors import InkDigitsError

if TYPE_CHECKING:
    from inkdigits.training.fit import Recipe


@app.command()
@click.argument("recipe")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The run's folder, such as runs/first.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    help="Passes over the data; with --resume, so many in all.",
)
@click.option(
    "--learning-rate", type=click.FloatRange(0, min_open=True), help="The highest, of its schedule."
)
@click.option("--batch-size", type=click.IntRange(1), help="Pictures in each step.")
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Change a setting of the recipe, such as weight_decay=0.1; may be repeated.",
)
@click.option("--seed", type=click.IntRange(0), help="The seed of everything random.  [default: 0]")
@click.option(
    "--data",
    metavar="DATASET",
    multiple=True,
    help="What to train on, such as csv:train.csv; several are joined, and mnist is MNIST's "
    "training part.  [default: mnist]",
)
@click.option(
    "--validation",
    metavar="SHARE",
    type=click.FloatRange(0, 1, max_open=True),
    help="Share of the data that is kept to judge by.  [default: 0.1; MNIST has its own part]",
)
@click.option(
    "--folds",
    metavar="K",
    type=click.IntRange(2),
    help="Train K times, each time with another K-th of the data kept to judge by.",
)
@click.option(
    "--without-writers",
    metavar="WRITERS",
    help='Keep their pen strokes out, such as "25-30", to judge by them.',
)
@data_dir_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="How many threads compute, on the CPU.  [default: 1 in NumPy; one a core with PyTorch]",
)
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--overwrite", is_flag=True, help="Start anew where a run is in --out.")
@click.option(
    "--limit", type=click.IntRange(1), help="Train on at most so many pictures, or pages an epoch."
)
@click.option(
    "--measure-test", is_flag=True, help="Measure on the test part, too, at the very end."
)
@click.option(
    "--tensorboard",
    is_flag=True,
    help="Write the history for TensorBoard, too, to watch as it grows: tensorboard --logdir runs",
)
@click.option(
    "--start-from",
    metavar="WEIGHTS",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The weights.safetensors of another run with PyTorch to begin with; may be repeated, for "
    "the mean of several runs' weights.",
)
@click.option(
    "--teacher",
    "teachers",
    metavar="MODEL",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A model file, or a run's folder, from whose probabilities a network of PyTorch learns "
    "beside the labels (distillation); may be repeated, for their mean.",
)
def train(
    recipe: str,
    out: Path,
    data: tuple[str, ...],
    learning_rate: float | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    folds: int | None,
    **options: Any,
) -> None:
    """Train the network of a RECIPE.

    From scratch, in NumPy: mlp-small and mlp-deep, which take seconds on two cores, mlp half a
    minute, cnn-scratch some minutes. With PyTorch: fast takes seconds, cnn some ten minutes, best,
    which ships, and ensemble two or three hours; page, which finds and reads all that is written
    on a page and ships, too, some hours. Or a Python file with a RECIPE of your own, such as
    mine.py.

    Leaves a model file, metrics.json, history.csv and pictures in the run's folder. Ctrl-C keeps
    the best so far, and --resume goes on. With --folds the folder holds a run for each, fold-1 and
    so on, and folds.json, which says how well they read: the mean, and how far they lie apart.
    """
    if folds and options["validation"] is not None:
        raise click.UsageError("--folds says what is kept for validation. Leave out --validation.")
    check_resumed_or_new(options)
    changes = dict(_split(setting) for setting in settings)
    for name, value in ("learning_rate", learning_rate), ("batch_size", batch_size):
        if value is not None:
            changes[name] = str(value)
    if options["tensorboard"]:
        with extra("tensorboard"):
            import inkdigits.training.tensorboard  # noqa: F401 (to know it before hours of training)
    with extra("scratch"):
        from inkdigits.modelfile.calibration import NEVER
        from inkdigits.training.folds import train_folds
        from inkdigits.training.run import Interrupted
        from inkdigits.training.run import train as run
    for dataset in () if options["resume"] else data:
        keep_outside(out, dataset, options["data_dir"])
    options |= {"data": data or None, "changes": changes or None}
    try:
        found, needed = _recipe(recipe)
        with extra(needed):
            if folds:
                _print_folds(train_folds(found, out, folds, **options))
                return
            metrics = run(found, out, **options)
    except Interrupted as interruption:
        print(f"inkdigits: {interruption}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    for name, accuracy in metrics.get("accuracy", {}).items():
        print(f"{name}  {accuracy:.2%}")
    if metrics:
        print(f"{out / 'model.onnx'}  {metrics['file_bytes'] / 1000:.0f} kB")
    if metrics.get("sure_from") == NEVER and "validation_pictures" in metrics:
        print(
            "It is sure of no answer. Validation pictures have to show of some answers that 99 % "
            f"are right, as 299 that are all right do; its {metrics['validation_pictures']:,} do "
            "not. Train on more pictures, or keep more of them for validation (--validation)."
        )


def _print_folds(summary: dict[str, dict[str, Any]]) -> None:
    for name, accuracy in summary.items():
        each = ", ".join(f"{share:.2%}" for share in accuracy["each"])
        print(f"{name}  {accuracy['mean']:.2%} ± {accuracy['spread']:.2%}  ({each})")


def _split(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes NAME=VALUE, such as weight_decay=0.1, not {setting}.")
    return name.strip(), value.strip()


def _recipe(name: str) -> tuple[Recipe, str]:
    """The recipe of that name, and the extra that it needs: PyTorch only if it is of PyTorch."""
    from inkdigits.scratch.recipes import RECIPES as IN_NUMPY
    from inkdigits.scratch.recipes import ScratchRecipe

    if name in IN_NUMPY:
        return IN_NUMPY[name], "scratch"
    if name.endswith(".py"):
        from inkdigits.training.own_recipe import own_recipe

        with extra("train"):
            mine = own_recipe(Path(name))
        return mine, "scratch" if isinstance(mine, ScratchRecipe) else "train"
    known = ", ".join(IN_NUMPY)
    try:
        from inkdigits.training.recipes import RECIPES as IN_PYTORCH
    except ModuleNotFoundError as error:
        raise InkDigitsError(
            f"{name} is none of {known}. The recipes of PyTorch, such as cnn, need {error.name}: "
            'pip install "inkdigits[train]"'
        ) from error
    if name in IN_PYTORCH:
        return IN_PYTORCH[name], "train"
    known = ", ".join([*IN_NUMPY, *IN_PYTORCH])
    raise click.UsageError(f"There is no recipe {name}. Choose from: {known}.")
