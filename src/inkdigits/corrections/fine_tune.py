"""Learn from corrections: a candidate run, what the gate says of it, and a version to promote."""

from __future__ import annotations

import os
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.console import Console

from inkdigits.corrections.gate import Comparison, judged
from inkdigits.corrections.versions import Version, Versions
from inkdigits.datasets.dataset import Batch
from inkdigits.errors import InvalidDataset
from inkdigits.reader import Reader
from inkdigits.training.folder import RunFolder
from inkdigits.training.recipes import BEST, Recipe, fine_tuning
from inkdigits.training.run import train
from inkdigits.training.tasks.fine_tuning import HELD_OUT_WRITERS, corrections, held_back
from inkdigits.training.writers import DataDir

WEIGHTS = Path(__file__).parents[1] / "models" / "digits.safetensors"
"""Of the model that ships: each fine-tuning starts from them, and learns all corrections anew."""
JUDGES = 6
"""So many corrections have to be held back: with fewer, not even if all of them were misread before
and none is now, chance can be ruled out (p < 0.05)."""
LEARNED = 5
"""From fewer nothing is learned."""


def fine_tune(
    spec: str,
    out: str | os.PathLike[str],
    versions: Versions,
    *,
    personal: bool = False,
    data_dir: DataDir = None,
    recipe: Recipe = BEST,
    start_from: str | os.PathLike[str] = WEIGHTS,
    console: Console | None = None,
    **options: Any,
) -> tuple[Version, list[Comparison]]:
    """Fine-tune the model that ships on a data set of corrections, and judge it.

    Args:
        spec: the data set, as `inkdigits.datasets.spec.open_dataset` names it.
        out: the run's folder, as of `inkdigits.training.run.train`.
        versions: where the candidate is kept; it is compared with what is promoted there.
        personal: learn from all of the pictures, which are of one hand, and hold none back.
        recipe, start_from: of the network that goes on to learn.
        options: seed, threads, resume and overwrite, as of `train`.

    Raises:
        InvalidDataset: there are too few corrections, or other data are missing or damaged.
        InvalidRun, Interrupted: as of `train`.
    """
    given = corrections(spec, data_dir)
    judges = held_back(given.pictures) & (not personal)
    _check_enough(spec, len(given), int(judges.sum()), personal)
    metrics = train(
        fine_tuning(recipe),
        out,
        data=spec,
        validation=0.0 if personal else None,
        without_writers=HELD_OUT_WRITERS,
        start_from=start_from,
        data_dir=data_dir,
        console=console,
        **options,
    )
    model = RunFolder(Path(out)).model
    before, after = (Reader(each, threads=os.cpu_count() or 1) for each in (versions.folder, model))
    comparisons = list(judged(before, after, given, judges, data_dir))
    story = {
        "made_from": {
            "data": spec,
            "pictures": len(given),
            "held_back": int(judges.sum()),
            "data_sha256": _fingerprint(given),
            "weights_sha256": metrics["start_from"],
            "recipe": metrics["recipe"],
            "seed": metrics["seed"],
            "revision": metrics["revision"],
        },
        "compared_with": versions.promoted or "what ships",
        "judged": [asdict(comparison) for comparison in comparisons],
        "passed": all(comparison.passed for comparison in comparisons),
    }
    return versions.add(model, story), comparisons


def _check_enough(spec: str, given: int, judges: int, personal: bool) -> None:
    if personal and given < LEARNED:
        raise InvalidDataset(f"{spec} has {given} pictures. It takes {LEARNED} to learn from.")
    if not personal and judges < JUDGES:
        more = max(round((JUDGES - judges) * given / max(judges, 1)), JUDGES - judges)
        raise InvalidDataset(
            f"{spec} has {given} corrections, of which {judges} are held back to judge by. It "
            f"takes {JUDGES} of these, so some {more} corrections more; or, if all are of one "
            "hand, make a model for that one (--personal)."
        )


def _fingerprint(batch: Batch) -> str:
    """Of the pictures and their labels."""
    assert batch.labels is not None
    found = sha256(batch.labels.tobytes())
    for picture in batch.pictures:
        found.update(f"{picture.shape}".encode() + picture.tobytes())
    return found.hexdigest()
