"""The command line: inkdigits read | serve | train | evaluate | compare | ….

Each command imports what it needs when it runs, so that reading a picture does not wait for a
web framework or for PyTorch.
"""

from __future__ import annotations

import csv
import glob
import io
import json
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from inkdigits import __version__
from inkdigits.errors import InkDigitsError
from inkdigits.picture import PAGED_SUFFIXES, PICTURE_SUFFIXES, page_named, pages_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inkdigits.reader import Reader
    from inkdigits.reading import Expect, Reading
    from inkdigits.training.fit import Recipe

NOT_ALL_READ, WRONG_USAGE, INTERRUPTED = 1, 2, 130
PLOT_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}
FEW = 100
"""So many pictures are read before a model that was optimised first would have caught up."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Reads handwritten digits: drawn, photographed or scanned."""


def main() -> None:
    """Run the command line; a user's mistake is a sentence and an exit code, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A file's name need not be valid text, nor fit the terminal's encoding.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(prog_name="inkdigits")
    except InkDigitsError as error:
        print(f"inkdigits: {error}", file=sys.stderr)
        sys.exit(WRONG_USAGE)
    except SystemExit as end:
        if end.code != 0:
            raise
        # All is done. Taking ONNX Runtime down in good order would take longer than reading.
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        os._exit(0)


_model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="A model file (.onnx).  [default: the one that ships]",
)


@app.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    help="Call nothing sure that is less likely than this, whatever the model says.",
)
@click.option(
    "--expect",
    type=click.Choice(["digit", "number"]),
    help="What each picture holds: one digit, or one number.",
)
@click.option("--length", type=click.IntRange(1), help="How many digits each picture holds.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw boxes and answers on the picture, into this file (.png); of one FILE.",
)
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    help="Write the numbers in rows and columns as they lie (.csv); of one FILE.",
)
@_model_option
def read(
    files: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    min_confidence: float | None,
    expect: Expect,
    length: int | None,
    plot: Path | None,
    table: Path | None,
    model: Path | None,
) -> None:
    """Read the numbers in each picture: a digit, a number, or lines of numbers with their marks.

    FILE is a picture, a PDF, a folder of pictures, a glob, or - for standard input.

    A line is the file, the number and its confidence; a slash stands where a new line of writing
    begins. Where the model is not sure, no number but "not sure (perhaps 314, 41.2%)" follows the
    file; --json and --csv give the best guess as text and say in sure that it is one. In a table
    a number that is not sure has a question mark behind it.

    The exit code is 0 if all were read, surely or not, 1 if some were not (each says why), 2 for
    wrong usage.
    """
    from inkdigits.reader import Reader

    if as_json and as_csv:
        raise click.UsageError("Choose one of --json and --csv.")
    if files.count("-") > 1:
        raise click.UsageError("Standard input (-) can be read only once.")
    if min_confidence is not None and math.isnan(min_confidence):
        raise click.UsageError("--min-confidence must be a number from 0 to 1.")
    if expect == "digit" and length not in (None, 1):
        raise click.UsageError("--expect digit means --length 1.")
    names = list(chain.from_iterable(_expand(file) for file in files))
    if (plot or table) and len(names) > 1:
        raise click.UsageError(f"--plot and --table are for one picture, not for {len(names)}.")
    if plot and plot.suffix.lower() not in PLOT_SUFFIXES:
        raise click.UsageError(f"--plot writes {' or '.join(PLOT_SUFFIXES)}, not {plot}.")
    reader = Reader(model, optimize=len(names) > FEW)
    sources: Iterator[Any] = (_source(name) for name in names)
    kept: list[tuple[NDArray[np.uint8], Reading]] = []
    results: Iterator[Reading | InkDigitsError]
    if plot or table:
        results = (_kept(reader, source, expect, length, kept) for source in sources)
    else:
        results = reader.read_many(
            sources, batch_size=16, errors="return", expect=expect, length=length
        )
    rows = (_row(name, result, min_confidence) for name, result in zip(names, results, strict=True))
    write = _write_json if as_json else _write_csv if as_csv else _write_table
    all_read = write(rows, names)
    for picture, reading in kept:
        _leave_pictures(picture, reading, plot, table)
    sys.exit(0 if all_read else NOT_ALL_READ)


def _kept(
    reader: Reader,
    source: Path | BinaryIO,
    expect: Expect,
    length: int | None,
    kept: list[tuple[NDArray[np.uint8], Reading]],
) -> Reading | InkDigitsError:
    """Read one picture, and keep both it and its reading."""
    from inkdigits.picture import read_picture

    try:
        picture = read_picture(source)
        reading = reader.read_array(picture, expect=expect, length=length)
    except InkDigitsError as error:
        return error
    kept.append((picture, reading))
    return reading


def _leave_pictures(
    picture: NDArray[np.uint8], reading: Reading, plot: Path | None, table: Path | None
) -> None:
    """Write what --plot and --table ask for."""
    from inkdigits.atomic_file import write_atomically
    from inkdigits.outputs.plot import draw_reading
    from inkdigits.outputs.table import table_of

    content = io.BytesIO()
    try:
        if plot:
            format = PLOT_SUFFIXES[plot.suffix.lower()]
            draw_reading(picture, reading).save(content, format)
            write_atomically(plot, content.getvalue())
        if table:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows(table_of(reading))
            write_atomically(table, text.getvalue().encode())
    except OSError as error:
        raise InkDigitsError(
            f"{error.filename} cannot be written: {error.strerror}. Choose another file."
        ) from error


@app.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 for any that is free.",
)
@_model_option
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that answer.",
)
@click.option(
    "--allow-origin",
    "allow_origins",
    metavar="ORIGIN",
    multiple=True,
    help="A site whose pages may use the API, such as https://example.org; may be repeated.",
)
def serve(
    host: str, port: int, model: Path | None, workers: int, allow_origins: tuple[str, ...]
) -> None:
    """Serve the page and its HTTP API."""
    with _extra("web"):
        from inkdigits.web.server import run
    try:
        run(host=host, port=port, model=model, workers=workers, allow_origins=allow_origins)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@app.command()
@click.argument("recipe")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The run's folder, such as runs/first.",
)
@click.option("--epochs", type=click.IntRange(1), help="Passes over the data.")
@click.option("--seed", type=click.IntRange(0), help="Of everything random.  [default: 0]")
@click.option(
    "--data",
    metavar="DATASET",
    help="What to train on, such as csv:train.csv.  [default: MNIST's training part]",
)
@click.option(
    "--without-writers",
    metavar="WRITERS",
    help='Keep their pen strokes out, such as "25-30", to judge by them.',
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="A folder with MNIST's files.  [default: fetched]",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--limit", type=click.IntRange(1), help="Train on so few pictures, for a trial.")
@click.option("--measure-test", is_flag=True, help="Measure on MNIST's test part, at the very end.")
@click.option(
    "--start-from",
    metavar="WEIGHTS",
    type=click.Path(path_type=Path),
    help="The weights.safetensors of another run with PyTorch to begin with.",
)
def train(recipe: str, out: Path, **options: Any) -> None:
    """Train the network of a RECIPE.

    From scratch, in NumPy: mlp, mlp-deep, mlp-small, cnn-scratch. With PyTorch: best,
    which ships, cnn, ensemble and fast; and page, which finds and reads all that is written on a
    page, and ships, too. Of it --limit is of the pages in an epoch.

    Leaves a model file, metrics.json, history.csv and pictures in the run's folder. Ctrl-C keeps
    the best so far, and --resume goes on.
    """
    with _extra("scratch"):
        from inkdigits.training.run import Interrupted
        from inkdigits.training.run import train as run
    try:
        found, extra = _recipe(recipe)
        with _extra(extra):
            metrics = run(found, out, **options)
    except Interrupted as interruption:
        print(f"inkdigits: {interruption}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    for name, accuracy in metrics.get("accuracy", {}).items():
        print(f"{name}  {accuracy:.2%}")
    if metrics:
        print(f"{out / 'model.onnx'}  {metrics['file_bytes'] / 1000:.0f} kB")


_data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="A folder with data sets' files.  [default: INKDIGITS_DATA_DIR, or MNIST is fetched]",
)


@app.command()
@click.argument("model")
@click.argument("dataset")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with pictures, too.")
@_data_dir_option
def evaluate(
    model: str, dataset: str, as_json: bool, html: Path | None, data_dir: Path | None
) -> None:
    """Judge MODEL on DATASET.

    MODEL is a model file, a run's folder, or "shipped". DATASET is such as mnist:test, csv:FILE or
    folder:my-digits; see convert.
    """
    with _extra("scratch"):
        from inkdigits.datasets.spec import open_dataset
        from inkdigits.evaluation.metrics import evaluate as figures_of
        from inkdigits.evaluation.predictions import predict
        from inkdigits.evaluation.text import evaluation_text

        predictions = predict(_reader(model), open_dataset(dataset, data_dir))
        figures = figures_of(predictions)
        if html:
            from inkdigits.atomic_file import write_atomically
            from inkdigits.evaluation.page import page

            write_atomically(html, page(model, predictions, figures).encode())
    if as_json:
        print(json.dumps({"model": model, **figures}))
    else:
        print(evaluation_text(model, figures))


@app.command()
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@click.option("--on", "dataset", metavar="DATASET", required=True, help="Such as mnist:test.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@_data_dir_option
def compare(models: tuple[str, ...], dataset: str, as_json: bool, data_dir: Path | None) -> None:
    """Judge several models on the same pictures, and whether a difference from the first is real.

    MODEL is a model file, a run's folder, or "shipped".
    """
    if len(set(models)) < 2 or len(set(models)) < len(models):
        raise click.UsageError("Name two models or more, each once.")
    with _extra("scratch"):
        from dataclasses import asdict

        from inkdigits.datasets.spec import open_dataset
        from inkdigits.evaluation.metrics import difference
        from inkdigits.evaluation.metrics import evaluate as figures_of
        from inkdigits.evaluation.predictions import predict
        from inkdigits.evaluation.text import comparison_text

        opened = open_dataset(dataset, data_dir)
        readers = {model: _reader(model) for model in models}
        predictions = {model: predict(reader, opened) for model, reader in readers.items()}
        figures = {model: figures_of(predicted) for model, predicted in predictions.items()}
        first = predictions[models[0]]
        differences = {model: difference(first, predictions[model]) for model in models[1:]}
    if as_json:
        against_first = {model: asdict(found) for model, found in differences.items()}
        print(json.dumps({"models": figures, "against_first": against_first}))
    else:
        print(comparison_text(dataset, figures, differences))


@app.command()
@click.argument("dataset")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("study"),
    show_default=True,
    help="The folder for study.html and its pictures.",
)
@_data_dir_option
def study(dataset: str, out: Path, data_dir: Path | None) -> None:
    """Look at DATASET: its counts, looks and measures, and what seems wrong with it.

    DATASET is such as mnist:train, csv:FILE or folder:my-digits; see convert.
    """
    with _extra("scratch"):
        from inkdigits.atomic_file import write_atomically
        from inkdigits.datasets.spec import open_dataset
        from inkdigits.evaluation.study import find_out
        from inkdigits.evaluation.study_page import findings, page, study_figures

        facts = find_out(open_dataset(dataset, data_dir), _reader("shipped"))
        pictures = study_figures(facts)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InkDigitsError(
            f"The folder {out} cannot be made: {error.strerror}. Choose another (--out)."
        ) from error
    for name, content in pictures.items():
        write_atomically(out / f"{name}.png", content)
    write_atomically(out / "study.html", page(facts, pictures).encode())
    for line in findings(facts):
        print(unescape(re.sub(r"</?b>", "", line)))
    print(out / "study.html")


def _reader(model: str) -> Reader:
    """For a model file, a run's folder, or "shipped"."""
    from inkdigits.reader import Reader

    path = Path(model)
    if _is_folder(model):
        path = path / "model.onnx"
    return Reader(None if model == "shipped" else path, threads=os.cpu_count() or 1)


@app.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@_data_dir_option
def convert(source: str, target: str, data_dir: Path | None) -> None:
    """Write the data set FROM in another format, TO.

    FROM is one of mnist:test (or train, validation), csv:FILE, folder:FOLDER, idx:PICTURES,LABELS,
    npz:FILE, strokes:FILE; TO is csv:FILE, folder:FOLDER, idx:PICTURES,LABELS or npz:FILE.
    """
    with _extra("scratch"):
        from inkdigits.datasets.convert import convert as run
        from inkdigits.datasets.spec import open_dataset

        count = run(open_dataset(source, data_dir), target)
    print(f"{count:,} pictures written to {target}")


@app.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"))
def runs(folder: Path) -> None:
    """Print the runs in FOLDER, or in runs, as a Markdown table."""
    from inkdigits.training.table import table_of_runs

    print(table_of_runs(folder))


@app.command()
@click.argument("test", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The submission.")
@_model_option
def kaggle(test: Path, out: Path, model: Path | None) -> None:
    """Write a submission for Kaggle's digit recogniser: TEST is its test.csv.

    Its test rows come from MNIST, most of which the model that ships was trained on. An honest
    submission is by a model that was trained on Kaggle's train.csv alone.
    """
    from inkdigits.evaluation.kaggle import HONESTY, write_submission
    from inkdigits.reader import Reader

    reader = Reader(model, threads=os.cpu_count() or 1)
    submission = write_submission(reader, test, out)
    for origin in submission.blank:
        print(f"inkdigits: {origin} is blank: its label is a guess.", file=sys.stderr)
    print(f"{submission.count:,} rows written to {out}")
    trained_on = reader.metadata.get("trained_on") or "data that it does not tell"
    print(f"The model was trained on {trained_on}. {HONESTY}")


def _recipe(name: str) -> tuple[Recipe, str]:
    """The recipe of that name, and the extra that it needs: PyTorch only if it is of PyTorch."""
    from inkdigits.scratch.recipes import RECIPES as IN_NUMPY

    if name in IN_NUMPY:
        return IN_NUMPY[name], "scratch"
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


class _extra:  # noqa: N801 (reads as a word in a with statement)
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


def _expand(file: str) -> list[str]:
    """The pictures that an argument stands for; itself where there is nothing to expand."""
    if file == "-" or page_named(file):
        return [file]
    if _is_folder(file):
        inside = sorted(str(path) for path in Path(file).rglob("*") if _is_picture(path))
        return [page for path in inside for page in _pages(path)] or [file]
    if glob.has_magic(file) and not _exists(file):
        matches = sorted(glob.glob(file, recursive=True))  # noqa: PTH207 (Path.glob: no absolute)
        if "**" in file:
            # It matches folders and also what is in them, and goes round in links that loop.
            files = [match for match in matches if not _is_folder(match)]
            matches = list({os.path.realpath(match): match for match in reversed(files)}.values())
            matches.reverse()
        return [picture for match in matches for picture in _expand(match)] or [file]
    return _pages(file)


def _pages(file: str) -> list[str]:
    return pages_in(file) if Path(file).suffix.lower() in PAGED_SUFFIXES else [file]


def _is_picture(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in PICTURE_SUFFIXES | PAGED_SUFFIXES and not _is_folder(str(path))


def _is_folder(name: str) -> bool:
    return os.path.isdir(name)  # noqa: PTH112 (Path.is_dir raises where a name is too long)


def _exists(name: str) -> bool:
    return os.path.exists(name)  # noqa: PTH110 (likewise)


def _source(name: str) -> Path | BinaryIO:
    # A Path and not the string, which might pass for base64 or a data URL.
    return sys.stdin.buffer if name == "-" else Path(name)


def _row(
    name: str, result: Reading | InkDigitsError, min_confidence: float | None
) -> dict[str, Any]:
    if isinstance(result, InkDigitsError):
        message = _no_pictures(name) or str(result)
        return {"file": name, "error": {"type": type(result).__name__, "message": message}}
    row = {"file": name, **result.to_dict()}
    if min_confidence is not None:
        for answer in (row, *row["digits"], *row["marks"]):
            answer["sure"] = answer["sure"] and answer["confidence"] >= min_confidence
    return row


def _no_pictures(name: str) -> str | None:
    """What to say of an argument that stands for no pictures."""
    if name == "-" or page_named(name):
        return None
    if _is_folder(name):
        known = ", ".join(sorted(PICTURE_SUFFIXES | PAGED_SUFFIXES))
        return f"{name} holds no pictures ({known})."
    if glob.has_magic(name) and not _exists(name):
        return f"No file matches {name}. Check the pattern."
    return None


def _write_json(rows: Iterator[dict[str, Any]], _names: list[str]) -> bool:
    all_read = True
    for row in rows:
        all_read = all_read and "error" not in row
        print(json.dumps(row), flush=True)
    return all_read


def _write_csv(rows: Iterator[dict[str, Any]], _names: list[str]) -> bool:
    all_read = True
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["file", "text", "confidence", "sure", "x0", "y0", "x1", "y1", "error", "message"]
    )
    for row in rows:
        if error := row.get("error"):
            all_read = False
            writer.writerow([row["file"], *[""] * 7, error["type"], error["message"]])
        else:
            boxes = [sign["box"] for sign in (*row["digits"], *row["marks"])]
            corners = zip(*(boxes or [[""] * 4]), strict=True)
            box = [extreme(at) for extreme, at in zip((min, min, max, max), corners, strict=True)]
            answer = [row["text"], row["confidence"], str(row["sure"]).lower()]
            writer.writerow([row["file"], *answer, *box, "", ""])
        sys.stdout.flush()
    return all_read


def _write_table(rows: Iterator[dict[str, Any]], names: list[str]) -> bool:
    """One line a picture as soon as it is read; plain text, so that nothing has to be imported."""
    all_read = True
    width = min(max(map(len, names)), 60)
    for row in rows:
        if error := row.get("error"):
            all_read = False
            answer = f"{error['type']}: {error['message']}"
        else:
            text, confidence = " / ".join(row["lines"]), row["confidence"]
            signs = len(row["skipped"])
            left_out = f"; {signs} sign{'s' * (signs > 1)} left out" if signs else ""
            guess = f"perhaps {text}, {confidence:.1%}" if text else "no digit or mark"
            unsure = f"not sure ({guess}{left_out})"
            answer = f"{text}  {confidence:6.1%}" if row["sure"] else unsure
        print(f"{row['file']:<{width}}  {answer}", flush=True)
        for warning in row.get("warnings", ()):
            print(f"inkdigits: {row['file']}: {warning}", file=sys.stderr, flush=True)
    return all_read
