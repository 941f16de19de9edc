"""What there is to know about a data set, and which of its pictures look wrong."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from inkdigits.datasets.dataset import Dataset
from inkdigits.errors import InvalidDataset
from inkdigits.evaluation.predictions import CLASSES, outputs_of
from inkdigits.modelfile.normalizer import SIDE
from inkdigits.reader import Reader

COMPONENTS = 40
"""The map by t-SNE begins with so many principal components."""
ENOUGH_FOR_TSNE = 30
MOST_MAPPED = 1500
"""So many pictures, at the most, are laid out on the maps."""


@dataclass(frozen=True)
class Doubt:
    """A picture that looks unlike its label."""

    index: int
    looks_like: int
    """What the model reads."""
    confidence: float
    """In 0..1."""


@dataclass(frozen=True)
class Facts:
    """What is known about a data set; indices count the N pictures that have ink, from 0."""

    name: str
    seen: NDArray[np.float32]
    """(N, 28, 28) in 0..1, ink bright: pictures as the normaliser shows them to a network."""
    labels: NDArray[np.uint8] | None
    """(N,)"""
    origins: list[str]
    """(N)"""
    blank: list[str]
    """Where the pictures come from in which nothing is written."""
    duplicates: list[list[int]]
    """Groups of pictures that are the same to the last pixel."""
    measures: dict[str, NDArray[np.float64]]
    """(N,) each: see `measure`."""
    mapped: NDArray[np.int64]
    """(M,) which pictures are on the maps."""
    maps: dict[str, NDArray[np.float64]]
    """(M, 2) their places, by method."""
    doubts: list[Doubt]
    """Those that the model is sure are something else than their label, the surest first."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """(10,) how many pictures each label has."""
        if self.labels is None:
            return np.zeros(CLASSES, np.int64)
        return np.bincount(self.labels, minlength=CLASSES)

    @property
    def contradictions(self) -> list[list[int]]:
        """The duplicates whose labels differ."""
        if self.labels is None:
            return []
        labels = self.labels
        return [group for group in self.duplicates if len(set(labels[group].tolist())) > 1]


def find_out(dataset: Dataset, reader: Reader) -> Facts:
    """Look at all pictures of a data set; `reader` normalises them, and reads them to find doubts.

    Raises InvalidDataset if it is empty, damaged, or has nothing but blank pictures.
    """
    seen, labels, probabilities, sure = [], [], [], []
    origins: list[str] = []
    blank: list[str] = []
    same: dict[bytes, list[int]] = defaultdict(list)
    for batch in dataset.batches():
        outputs = outputs_of(reader, batch)
        inked = np.flatnonzero(outputs["has_ink"])
        blank += [batch.origins[i] for i in np.flatnonzero(~outputs["has_ink"]).tolist()]
        for i in inked.tolist():
            picture = np.ascontiguousarray(batch.pictures[i])
            key = hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).digest()
            same[key].append(len(origins))
            origins.append(batch.origins[i])
        seen.append(outputs["seen"][inked])
        probabilities.append(outputs["probabilities"][inked])
        sure.append(outputs["sure"][inked])
        if batch.labels is not None:
            labels.append(batch.labels[inked])
    if not origins:
        why = "nothing is written in any of its pictures" if blank else "it holds no pictures"
        raise InvalidDataset(f"{dataset.name} cannot be studied: {why}.")
    pictures = np.concatenate(seen)
    known = np.concatenate(labels) if labels else None
    answers = np.concatenate(probabilities)
    mapped = np.sort(np.random.default_rng(0).permutation(len(pictures))[:MOST_MAPPED])
    return Facts(
        name=dataset.name,
        seen=pictures,
        labels=known,
        origins=origins,
        blank=blank,
        duplicates=[group for group in same.values() if len(group) > 1],
        measures=measure(pictures),
        mapped=mapped,
        maps=_maps(pictures[mapped]),
        doubts=[]
        if known is None
        else _doubts(answers.argmax(axis=1), answers.max(axis=1), np.concatenate(sure), known),
    )


def measure(seen: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """Of each picture (N, 28, 28), four numbers (N,).

    ink        how many of the 784 pixels it would cover in full
    slant      pixels to the right for each pixel up, by its second moments
    thickness  of its strokes, in pixels: twice the area over the length of the outline
    aspect     width over height of its box
    """
    ink = seen.sum(axis=(1, 2), dtype=np.float64)
    y, x = np.mgrid[:SIDE, :SIDE]
    weight = seen / ink[:, None, None]
    dx = x - (weight * x).sum(axis=(1, 2))[:, None, None]
    dy = y - (weight * y).sum(axis=(1, 2))[:, None, None]
    upright = np.maximum((weight * dy**2).sum(axis=(1, 2)), 1e-9)
    solid = np.pad(seen > 0.5, ((0, 0), (1, 1), (1, 1)))
    outline = sum(
        np.count_nonzero(np.diff(solid.astype(np.int8), axis=axis), axis=(1, 2)) for axis in (1, 2)
    )
    # On a grid, the outline of a slanted stroke is up to √2 longer; 4 / π is its mean.
    length = np.maximum(outline, 1) * np.pi / 4
    rows = np.asarray(solid.any(axis=2))
    columns = np.asarray(solid.any(axis=1))
    return {
        "ink": ink,
        "slant": -(weight * dx * dy).sum(axis=(1, 2)) / upright,
        "thickness": 2 * np.count_nonzero(solid, axis=(1, 2)) / length,
        "aspect": _extent(columns) / np.maximum(_extent(rows), 1),
    }


def _extent(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """From the first to the last of the flags (N, length), inclusive."""
    last = flags.shape[1] - 1 - flags[:, ::-1].argmax(axis=1)
    return np.where(flags.any(axis=1), last - flags.argmax(axis=1) + 1, 0)


def _maps(seen: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """Places in two dimensions. t-SNE: van der Maaten, Hinton 2008, "Visualizing Data"."""
    flat = seen.reshape(len(seen), -1)
    if len(flat) < 2:
        return {"PCA": np.zeros((len(flat), 2))}
    components = PCA(min(COMPONENTS, len(flat)), random_state=0).fit_transform(flat)
    places = np.zeros((len(flat), 2))
    places[:, : components.shape[1]] = components[:, :2]
    maps = {"PCA": places}
    if len(flat) > ENOUGH_FOR_TSNE:
        perplexity = min(30, len(flat) / 4)
        maps["t-SNE"] = TSNE(perplexity=perplexity, random_state=0).fit_transform(components)
    return maps


def _doubts(
    answers: NDArray[np.int64],
    confidence: NDArray[np.float32],
    sure: NDArray[np.bool_],
    labels: NDArray[np.uint8],
) -> list[Doubt]:
    """Pictures that the model is sure are something else than their label.

    The one that ships has learned MNIST's labels, but not by heart: bent pictures and smoothed
    labels keep it from that, and it still doubts those that are wrong to the eye.
    """
    doubtful = np.flatnonzero(sure & (answers != labels))
    order = doubtful[np.argsort(-confidence[doubtful], kind="stable")]
    return [Doubt(int(i), int(answers[i]), float(confidence[i])) for i in order]
