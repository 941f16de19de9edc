"""NumPy's .npz files: as Keras gives MNIST, or with arrays called pictures and labels."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.errors import InvalidDataset

PICTURE_NAMES = ("pictures", "images", "x", "x_train", "x_test")
LABEL_NAMES = ("labels", "y", "y_train", "y_test")


def open_npz(path: str | os.PathLike[str], part: str | None = None) -> ArrayDataset:
    """The pictures (N, H, W), or (N, 784), of an .npz file, and its labels if it has any.

    Args:
        path: the file.
        part: "train" or "test", for a file that has both, as Keras's mnist.npz.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            pictures = _array(file, PICTURE_NAMES, part, path)
            if pictures is None:
                raise InvalidDataset(
                    f"{path} holds {', '.join(file.files) or 'nothing'}. It needs an array called "
                    f"{PICTURE_NAMES[0]}, and may have one called {LABEL_NAMES[0]}."
                )
            labels = _array(file, LABEL_NAMES, part, path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidDataset(f"{path} cannot be read as .npz: {why}.") from error
    return ArrayDataset(
        f"npz:{path}" + (f",{part}" if part else ""), _pictures(pictures, path), labels
    )


def _array(
    file: np.lib.npyio.NpzFile, names: tuple[str, ...], part: str | None, path: Path
) -> NDArray[np.generic] | None:
    found = [name for name in names if name in file.files and (not part or name.endswith(part))]
    if len(found) > 1:
        raise InvalidDataset(
            f"{path} holds {' and '.join(found)}: say which, such as npz:{path},train."
        )
    return file[found[0]] if found else None


def _pictures(array: NDArray[np.generic], path: Path) -> NDArray[np.uint8]:
    if array.ndim == 2 and array.shape[1] == 784:
        array = array.reshape(-1, 28, 28)
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.ndim != 3 or array.dtype.kind not in "ui" or not array.size:
        raise InvalidDataset(
            f"{path}: the pictures are {array.dtype} {array.shape}. They should be whole numbers "
            "from 0 to 255, (N, height, width) or (N, 784)."
        )
    if array.min() < 0 or array.max() > 255:
        raise InvalidDataset(
            f"{path}: the pictures' pixels go from {array.min()} to {array.max()}, not 0 to 255."
        )
    return array.astype(np.uint8)
