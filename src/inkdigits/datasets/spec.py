"""One name for any data set: mnist:test, csv:train.csv, folder:my-digits, strokes:file.gz."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path

from inkdigits.datasets.corrections import SavedCorrections, StoredCorrections
from inkdigits.datasets.csv_file import CsvDataset
from inkdigits.datasets.dataset import ArrayDataset, Dataset
from inkdigits.datasets.folder import FolderDataset
from inkdigits.datasets.idx_pair import IdxDataset
from inkdigits.datasets.mnist import DATA_DIR_VARIABLE, load_mnist
from inkdigits.datasets.npz import NpzDataset
from inkdigits.datasets.strokes import StrokesDataset
from inkdigits.errors import InvalidDataset
from inkdigits.folders import at_home

KINDS = {
    "mnist": "mnist:train, mnist:validation, mnist:train+validation or mnist:test",
    "csv": "csv:FILE, 784 pixels a row and perhaps a label",
    "folder": "folder:FOLDER of pictures, labelled by sub-folder (7/mine.png) or name (7_mine.png)",
    "idx": "idx:PICTURES or idx:PICTURES,LABELS, MNIST's own format",
    "npz": "npz:FILE, or npz:FILE,train and npz:FILE,test",
    "strokes": "strokes:FILE of pen strokes in UNIPEN's format",
    "corrections": "corrections: that were accepted, corrections:URL of their database, or "
    "corrections:FILE that the page has saved",
}
KINDS_BY_SUFFIX = {".csv": "csv", ".npz": "npz"}


def open_dataset(
    spec: str, data_dir: str | os.PathLike[str] | None = None, *, labels: bool = True
) -> Dataset:
    """The data set that `spec` names; see `KINDS`.

    A file that is not where the spec says is looked for in `data_dir`, too, or else in the folder
    that INKDIGITS_DATA_DIR names, and in their sub-folders, with all folders that the spec names;
    MNIST is as `load_mnist` finds it. Where nobody needs `labels`, names in a folder need say none.

    Raises InvalidDataset if there is no such data set, or it is not what it should be.
    """
    kind, _, rest = spec.partition(":")
    openers: dict[str, Callable[[], Dataset]] = {
        "mnist": lambda: _mnist(rest, data_dir),
        "csv": lambda: CsvDataset(find_file(rest, data_dir)),
        "folder": lambda: FolderDataset(rest, labels),
        "idx": lambda: IdxDataset(*(find_file(name, data_dir) for name in rest.split(",", 1))),
        "npz": lambda: NpzDataset(
            find_file(rest.partition(",")[0], data_dir), rest.partition(",")[2] or None
        ),
        "strokes": lambda: StrokesDataset(find_file(rest, data_dir)),
        "corrections": lambda: _corrections(rest, data_dir),
    }
    if kind not in openers or not (rest or kind == "corrections"):
        known = "\n  ".join(KINDS.values())
        raise InvalidDataset(
            f'"{spec}" names no data set.{_meant(spec)} Name one like this:\n  {known}'
        )
    return openers[kind]()


def _meant(path: str) -> str:
    """A question, where there is a file or a folder that only lacks its kind."""
    kind = KINDS_BY_SUFFIX.get(Path(path).suffix.lower())
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a name is too long)
        kind = "folder"
    elif not os.path.isfile(path):  # noqa: PTH113 (likewise)
        kind = None
    return f" Do you mean {kind}:{path}?" if kind else ""


def _mnist(part: str, data_dir: str | os.PathLike[str] | None) -> Dataset:
    return ArrayDataset(f"mnist:{part}", *load_mnist(part, data_dir))  # type: ignore[arg-type]


def _corrections(place: str, data_dir: str | os.PathLike[str] | None) -> Dataset:
    if place and "://" not in place:
        return SavedCorrections(find_file(place, data_dir))
    try:
        from inkdigits.corrections.store import Store
    except ModuleNotFoundError as error:
        raise InvalidDataset(
            f'corrections:{place} needs {error.name}: pip install "inkdigits[corrections]"'
        ) from error
    store = Store(place or None)
    if store.is_missing:
        raise InvalidDataset(
            f"There is no database {store.name}. Check its URL, or INKDIGITS_DATABASE_URL."
        )
    return StoredCorrections(store)


def find_file(name: str, data_dir: str | os.PathLike[str] | None = None) -> Path:
    """The file, where `name` says or, as in `open_dataset`, in the data folder.

    Raises InvalidDataset if there are several there.
    """
    path = at_home(name)
    folder = data_dir or os.environ.get(DATA_DIR_VARIABLE)
    is_there = os.path.exists(path)  # noqa: PTH110 (as in _meant)
    if is_there or path.is_absolute() or not folder:
        return path
    found = sorted(at_home(folder).rglob(glob.escape(name)))
    if len(found) > 1:
        raise InvalidDataset(
            f"There is no {name} here, and below {folder} there are {len(found)}, such as "
            f"{found[0]} and {found[1]}. Say which."
        )
    return found[0] if found else path
