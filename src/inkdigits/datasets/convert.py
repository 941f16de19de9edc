"""Write a data set in another format."""

from __future__ import annotations

import csv
import io
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits.atomic_file import check_place, written_atomically
from inkdigits.datasets.dataset import Batch, Dataset
from inkdigits.errors import InkDigitsError, InvalidDataset
from inkdigits.recognition.digits import DigitsFile

SIDE = 28
"""Of MNIST's pictures."""
BORDER = np.pad(np.zeros((SIDE - 6, SIDE - 6), np.bool_), 3, constant_values=True)
"""Of such a picture, with three pixels on each side: what is around a digit."""
LIGHT = 2 / 3
"""What is around it is paper if it is lighter than so much of the way to the lightest pixel."""
Normalize = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From pictures (N, H, W) to what a network sees of them: (N, 28, 28) in 0..1, ink bright."""
KINDS = "csv:FILE, folder:FOLDER, npz:FILE or idx:PICTURES,LABELS"


def convert(dataset: Dataset, target: str) -> int:
    """Write all of `dataset` to `target`, such as "csv:mine.csv"; how many pictures there were.

    A folder keeps pictures as they are. The other formats have one size: pictures that are not
    28x28 are made so the way MNIST was made, by the normaliser in the model file that ships, and
    dark ink on light paper is made bright ink on 0.

    Raises InkDigitsError if the target is there already or cannot be written.
    """
    kind, _, name = target.partition(":")
    writers: dict[str, Callable[[Iterator[Batch], str], int]] = {
        "csv": _write_csv,
        "folder": _write_folder,
        "npz": _write_npz,
        "idx": _write_idx,
    }
    if kind not in writers or not name:
        raise InvalidDataset(f'"{target}" cannot be written to. Write to {KINDS}.')
    batches = dataset.batches()
    first = next(batches, None)
    if first is None:
        raise InvalidDataset(f"{dataset.name} is empty: it holds no pictures.")

    def all_batches() -> Iterator[Batch]:
        yield first
        yield from batches

    try:
        return writers[kind](all_batches(), name)
    except OSError as error:
        raise InkDigitsError(
            f"{error.filename or name} cannot be written: {error.strerror}. Choose another place."
        ) from error


def like_mnist(batch: Batch, normalize: Normalize) -> NDArray[np.uint8]:
    """The batch's pictures as MNIST has them: (N, 28, 28), ink bright on 0.

    Those that are 28x28 stay as they are, but dark ink on light paper is made bright on 0; others
    are normalised.
    """
    if isinstance(batch.pictures, np.ndarray):
        return _like_mnist(batch.pictures, normalize)
    return np.concatenate([_like_mnist(picture[None], normalize) for picture in batch.pictures])


def _like_mnist(pictures: NDArray[np.uint8], normalize: Normalize) -> NDArray[np.uint8]:
    """The same, of pictures (N, H, W) of one size."""
    if pictures.shape[1:] != (SIDE, SIDE):
        return (255 * normalize(pictures)).round().astype(np.uint8)
    around = np.median(pictures[:, BORDER], axis=1)
    darkest, brightest = pictures.min((1, 2)).astype(int), pictures.max((1, 2)).astype(int)
    on_paper = around > darkest + LIGHT * (brightest - darkest)
    paper = around[on_paper, None, None].astype(np.uint8)
    bright = pictures.copy()
    bright[on_paper] = paper - np.minimum(pictures[on_paper], paper)
    return bright


def _normalizer() -> Normalize:
    """The one in the model file that ships, loaded when it is first needed."""
    loaded = cache(lambda: DigitsFile(None))

    def normalize(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([outputs["seen"] for _, outputs in loaded().run(pictures)])

    return normalize


def _write_csv(batches: Iterator[Batch], name: str) -> int:
    normalize, count = _normalizer(), 0
    with _new_file(Path(name)) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        for batch in batches:
            if not count:
                label = [] if batch.labels is None else ["label"]
                writer.writerow([*label, *(f"pixel{i}" for i in range(SIDE * SIDE))])
            rows = like_mnist(batch, normalize).reshape(-1, SIDE * SIDE)
            if batch.labels is not None:
                rows = np.column_stack([batch.labels, rows])
            writer.writerows(rows.tolist())
            count += len(batch)
        text.detach()
    return count


def _write_folder(batches: Iterator[Batch], name: str) -> int:
    count = 0
    with _new_folder(Path(name)) as folder:
        for batch in batches:
            for i, picture in enumerate(batch.pictures):
                place = folder if batch.labels is None else folder / str(batch.labels[i])
                place.mkdir(exist_ok=True)
                # Without a label, no digit may begin the name: it would be taken for one.
                Image.fromarray(picture).save(place / f"picture_{count:06}.png")
                count += 1
    return count


def _write_npz(batches: Iterator[Batch], name: str) -> int:
    normalize = _normalizer()
    pictures, labels = [], []
    for batch in batches:
        pictures.append(like_mnist(batch, normalize))
        if batch.labels is not None:
            labels.append(batch.labels)
    arrays: dict[str, Any] = {"pictures": np.concatenate(pictures)}
    if labels:
        arrays["labels"] = np.concatenate(labels)
    with _new_file(Path(name)) as file:
        np.savez_compressed(file, **arrays)
    return len(arrays["pictures"])


def _write_idx(batches: Iterator[Batch], name: str) -> int:
    pictures_name, _, labels_name = name.partition(",")
    if labels_name and os.path.realpath(pictures_name) == os.path.realpath(labels_name):
        raise InvalidDataset(f"{pictures_name} cannot have both pictures and labels. Name two.")
    normalize, count = _normalizer(), 0
    labels: list[NDArray[np.uint8]] = []
    with _new_file(Path(pictures_name)) as file:
        file.write(b"\0" * 16)
        for batch in batches:
            file.write(like_mnist(batch, normalize).tobytes())
            count += len(batch)
            if batch.labels is not None:
                labels.append(batch.labels)
        if bool(labels) != bool(labels_name):
            has = "labels" if labels else "no labels"
            raise InvalidDataset(
                f"The data set has {has}: write to idx:PICTURES,LABELS or without."
            )
        file.seek(0)
        file.write(b"\0\0\x08\x03" + struct.pack(">III", count, SIDE, SIDE))
        if labels:
            with _new_file(Path(labels_name)) as labels_file:
                labels_file.write(b"\0\0\x08\x01" + struct.pack(">I", count))
                labels_file.write(np.concatenate(labels).tobytes())
    return count


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """A folder that was empty, and is so again if not all of it is written."""
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise InvalidDataset(f"{path} is not empty. Choose a new folder.")
    try:
        yield path
    except BaseException:
        for inside in path.iterdir():
            shutil.rmtree(inside) if inside.is_dir() else inside.unlink()
        raise


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that is there only if all of it has been written, and in nobody's place."""
    if path.exists():
        raise InvalidDataset(f"{path} is there already. Choose another name, or take it away.")
    check_place(path)
    with written_atomically(path) as file:
        yield file
