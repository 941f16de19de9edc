"""The command line: inkdigits read | serve | train.

Each command imports what it needs when it runs, so that reading a picture does not wait for a
web framework or for PyTorch.
"""

from __future__ import annotations

import csv
import glob
import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from inkdigits.errors import InkDigitsError

if TYPE_CHECKING:
    from inkdigits.reader import Reading

NOT_ALL_READ, WRONG_USAGE, INTERRUPTED = 1, 2, 130
PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Reads handwritten digits: drawn, photographed or scanned.",
)


def main() -> None:
    """Run the command line; a user's mistake is a sentence and an exit code, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A file's name need not be valid text, nor fit the terminal's encoding.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except InkDigitsError as error:
        print(f"inkdigits: {error}", file=sys.stderr)
        sys.exit(WRONG_USAGE)
    except BrokenPipeError:
        # Whoever reads the output, such as `head`, has enough. Python flushes once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOT_ALL_READ)


def _print_version(wanted: bool) -> None:
    if wanted:
        from inkdigits import __version__

        print(f"inkdigits {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


Model = Annotated[
    Path | None, typer.Option(help="A model file (.onnx); the one that ships if left out.")
]


@app.command()
def read(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Pictures, folders, globs, or - for standard input."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Call a digit sure from this confidence on, 0 to 1."),
    ] = None,
    model: Model = None,
) -> None:
    """Read the digit in each picture.

    Exit code: 0 all were read, 1 some were not (each says why), 2 wrong usage.
    """
    from inkdigits.reader import Reader

    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    reader = Reader(model)
    names = list(chain.from_iterable(_expand(file) for file in files))
    results = reader.read_many((_source(name) for name in names), batch_size=16, errors="return")
    rows = (_row(name, result, min_confidence) for name, result in zip(names, results, strict=True))
    write = _write_json if as_json else _write_csv if as_csv else _write_table
    all_read = write(rows, names)
    raise typer.Exit(0 if all_read else NOT_ALL_READ)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    model: Model = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="A site whose pages may use the API, such as https://example.org."),
    ] = None,
) -> None:
    """Serve the page and its HTTP API."""
    with _extra("web"):
        from inkdigits.web.server import run
    run(host=host, port=port, model=model, workers=workers, allow_origins=allow_origin or [])


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="What to train, such as cnn.")],
    out: Annotated[Path, typer.Option(help="The run's folder, such as runs/first.")],
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data; the recipe's own if left out.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of everything random; 0 if left out.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="A folder with MNIST's files; fetched if left out.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Train on only so many pictures, for a trial.")
    ] = None,
    measure_test: Annotated[
        bool, typer.Option("--measure-test", help="Measure on MNIST's test part at the very end.")
    ] = False,
) -> None:
    """Train a network and leave a model file, metrics.json, history.csv and curve.png.

    Ctrl-C keeps the best so far; --resume goes on.
    """
    with _extra("train"):
        from inkdigits.training.recipes import RECIPES
        from inkdigits.training.run import Interrupted
        from inkdigits.training.run import train as run
    if recipe not in RECIPES:
        raise typer.BadParameter(f"there is no recipe {recipe}; choose from: {', '.join(RECIPES)}")
    try:
        metrics = run(
            RECIPES[recipe],
            out,
            epochs=epochs,
            seed=seed,
            data_dir=data_dir,
            device=device,
            resume=resume,
            limit=limit,
            measure_test=measure_test,
        )
    except Interrupted as interruption:
        print(f"\ninkdigits: {interruption}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    for name, accuracy in metrics.get("accuracy", {}).items():
        print(f"{name}  {accuracy:.2%}")
    if metrics:
        print(f"{out / 'model.onnx'}  {metrics['file_bytes'] / 1000:.0f} kB")


class _extra:  # noqa: N801 (reads as a word in a with statement)
    """Turn a missing package into a sentence that names the extra it comes with."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith(
            "inkdigits"
        ):
            raise InkDigitsError(
                f'This command needs {error.name}: pip install "inkdigits[{self.name}]"'
            ) from error


def _expand(file: str) -> Iterable[str]:
    """The pictures that an argument stands for; itself where there is nothing to expand."""
    if file == "-":
        return [file]
    path = Path(file)
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES)
        return map(str, inside) if inside else [file]
    if not path.exists() and glob.has_magic(file):
        matches = sorted(glob.glob(file, recursive=True))  # noqa: PTH207 (Path.glob: no absolute)
        return chain.from_iterable(_expand(match) for match in matches) if matches else [file]
    return [file]


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
        for answer in (row, *row["digits"]):
            answer["sure"] = answer["confidence"] >= min_confidence
    return row


def _no_pictures(name: str) -> str | None:
    if name != "-" and Path(name).is_dir():
        return f"{name} holds no pictures ({', '.join(sorted(PICTURE_SUFFIXES))})."
    if name != "-" and not Path(name).exists() and glob.has_magic(name):
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
            box = row["digits"][0]["box"]
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
            unsure = "" if row["sure"] else "  not sure"
            answer = f"{row['text']}  {row['confidence']:6.1%}{unsure}"
        print(f"{row['file']:<{width}}  {answer}", flush=True)
    return all_read
