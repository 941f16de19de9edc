"""MNIST (LeCun, Cortes, Burges): 70,000 handwritten digits of 28x28, from a folder or a mirror.

Every file is checked on every load, so neither a folder nor the cache can hand out a damaged one.
"""

import importlib
import io
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from inkdigits.datasets.idx import parse_idx, read_idx, unpack
from inkdigits.errors import InvalidDataset

MIRRORS: tuple[str, ...] = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
DATA_DIR_VARIABLE = "INKDIGITS_DATA_DIR"
_USE_A_FOLDER = (
    f"put the files of MNIST into a folder and name that folder (data_dir, {DATA_DIR_VARIABLE})."
)

# Seconds to connect, and to wait for the next bytes: a mirror that hangs is given up on.
TIMEOUT = (10.0, 30.0)

# Recipes, thresholds and calibration are chosen on these, the last of the training pictures. The
# test part is for the last measurement only: a choice made on it would flatter its accuracy.
VALIDATION_SIZE = 5000

Split = Literal["train", "validation", "train+validation", "test"]


@dataclass(frozen=True)
class IdxFile:
    """One file of the data set, and the MD5 of its *decompressed* bytes.

    Of the decompressed bytes, because the gzip headers differ from mirror to mirror.
    """

    name: str
    md5: str


_TRAIN = (
    IdxFile("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"),
    IdxFile("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"),
)
_TEST = (
    IdxFile("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"),
    IdxFile("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637"),
)
_SPLITS: dict[str, tuple[tuple[IdxFile, IdxFile], slice]] = {
    "train": (_TRAIN, slice(None, -VALIDATION_SIZE)),
    "validation": (_TRAIN, slice(-VALIDATION_SIZE, None)),
    "train+validation": (_TRAIN, slice(None)),
    "test": (_TEST, slice(None)),
}


def load_mnist(
    split: Split,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    mirrors: Sequence[str] = MIRRORS,
    cache_dir: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures (N, 28, 28), ink bright on 0, and labels (N,) from 0 to 9.

    N is 55,000 for "train", 5,000 for "validation" (to choose by), 60,000 for "train+validation"
    (to train on once all is chosen) and 10,000 for "test" (to measure once, at the end).

    The files come from the folder `data_dir`, else from the folder that INKDIGITS_DATA_DIR names;
    they lie there or in its subfolder `mnist`, and nothing is downloaded. Without such a folder
    they come from `cache_dir` (by default one in the system's cache folder), and what is missing
    or damaged there is fetched from the first of the `mirrors` that has it.

    Raises `InvalidDataset` if a file is missing, truncated or not the original, or if every
    mirror fails.
    """
    if split not in _SPLITS:
        raise InvalidDataset(f'MNIST has no part "{split}": choose one of {", ".join(_SPLITS)}.')
    files, rows = _SPLITS[split]
    folder = _given_folder(data_dir)
    if folder is not None:
        pictures, labels = (read_from_folder(file, folder) for file in files)
    else:
        cache = Path(cache_dir) if cache_dir is not None else _default_cache()
        pictures, labels = (
            fetch_file(file, cache, mirrors=mirrors, progress=progress) for file in files
        )
    return pictures[rows], labels[rows]


def _given_folder(data_dir: str | os.PathLike[str] | None) -> Path | None:
    """The folder the user chose, by argument or environment; None: use the cache."""
    if data_dir is not None:
        folder, who = Path(data_dir), "data folder"
    elif from_environment := os.environ.get(DATA_DIR_VARIABLE):
        folder, who = Path(from_environment), f"folder in {DATA_DIR_VARIABLE}"
    else:
        return None
    folder = folder.expanduser()
    if not folder.is_dir():
        raise InvalidDataset(
            f"The {who}, {folder}, does not exist or is not a folder. "
            "Correct it, or leave it out to have MNIST fetched."
        )
    return folder


def _default_cache() -> Path:
    return Path(_import_pooch().os_cache("inkdigits")) / "mnist"


# A folder


def read_from_folder(file: IdxFile, folder: Path) -> NDArray[np.uint8]:
    """`file` from `folder` or `folder`/mnist, gzipped or plain. Raises `InvalidDataset`."""
    path = _find(file, folder)
    advice = (
        f"The original is {MIRRORS[0]}{file.name}.gz. "
        f"Or leave out the folder (data_dir, {DATA_DIR_VARIABLE}) to have MNIST fetched."
    )
    if path is None:
        raise InvalidDataset(
            f"{file.name} (or {file.name}.gz) is neither in {folder} nor in {folder / 'mnist'}. "
            f"Put it there. {advice}"
        )
    try:
        return read_idx(path, md5=file.md5)
    except InvalidDataset as error:
        raise InvalidDataset(f"{error} {advice}") from error


def _find(file: IdxFile, folder: Path) -> Path | None:
    # Some copies on the web are called train-images.idx3-ubyte.
    names = (file.name, file.name.replace("-idx", ".idx"))
    candidates = (
        place / f"{name}{suffix}"
        for place in (folder, folder / "mnist")
        for name in names
        for suffix in ("", ".gz")
    )
    return next((path for path in candidates if path.is_file()), None)


# The cache and the mirrors


def fetch_file(
    file: IdxFile,
    cache: Path,
    *,
    mirrors: Sequence[str] = MIRRORS,
    timeout: tuple[float, float] = TIMEOUT,
    progress: bool = True,
) -> NDArray[np.uint8]:
    """`file` from the folder `cache`, else from the first mirror whose copy is right.

    A download is checked in memory and only then put into the cache, decompressed. Raises
    `InvalidDataset` with every mirror's reason if all fail.
    """
    cached = cache / file.name
    failures = []
    if cached.exists():
        try:
            return read_idx(cached, md5=file.md5)
        except InvalidDataset as error:
            failures.append(str(error))

    pooch = _import_pooch()
    _make_folder(cache)
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{file.name}.gz"
        try:
            content = unpack(_download(pooch, url, timeout, progress), url)
            array = parse_idx(content, url, md5=file.md5)
        except InvalidDataset as error:
            failures.append(str(error))
            continue
        _put_in_place(content, cached)
        return array

    raise InvalidDataset(
        "\n  ".join([f"{file.name} could not be fetched.", *failures])
        + f"\nCheck the connection and try again, or {_USE_A_FOLDER}"
    )


def _download(pooch: ModuleType, url: str, timeout: tuple[float, float], progress: bool) -> bytes:
    body = io.BytesIO()
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        disable=not progress,
    ) as display:
        bar = _Bar(display, f"{url.rpartition('/')[2]} from {urlsplit(url).hostname}")
        download = pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=timeout)
        try:
            download(url, body, None)
        # requests' errors are OSErrors; the ValueError is for a header that makes no sense.
        except (OSError, ValueError) as error:
            raise InvalidDataset(f"{url} did not arrive: {error}.") from error
    return body.getvalue()


class _Bar:
    """What pooch expects of a progress bar (tqdm's interface), drawn by rich."""

    total = 0
    """Bytes; pooch sets it, to 0 when the server does not tell the size."""

    def __init__(self, display: Progress, description: str) -> None:
        self._display = display
        self._task = display.add_task(description, total=None)

    def update(self, size: int) -> None:
        self._display.update(self._task, total=self.total or None, advance=size)

    def reset(self) -> None:
        self._display.update(self._task, completed=0)

    def close(self) -> None:
        """Nothing to do: the display that this bar is part of closes itself."""


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _put_in_place(content: bytes, path: Path) -> None:
    """Write the file whole or not at all, however many processes do so at once."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except PermissionError as error:
        # Windows does not replace a file that another process is reading. Nothing is lost: the
        # content is in hand, and what lies there is checked by whoever reads it.
        if not path.is_file():
            raise _unwritable(path.parent, error) from error
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(folder: Path, error: OSError) -> InvalidDataset:
    return InvalidDataset(
        f"The cache folder {folder} cannot be written to: {error.strerror or error}. "
        f"Choose another (cache_dir), or {_USE_A_FOLDER}"
    )


def _import_pooch() -> ModuleType:
    """pooch, imported late: it comes with an extra, and a given folder does not need it."""
    try:
        return importlib.import_module("pooch")
    except ModuleNotFoundError as error:
        raise InvalidDataset(
            f'Fetching MNIST needs pooch: pip install "inkdigits[train]", or {_USE_A_FOLDER}'
        ) from error
