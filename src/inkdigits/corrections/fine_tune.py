"""Learn from corrections: a candidate run, what the gate says of it, and a version to promote."""

from __future__ import annotations

import os
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from inkdigits.cores import cores
from inkdigits.corrections.gate import Comparison, judged, others
from inkdigits.corrections.versions import SHIPS, Version, Versions
from inkdigits.corrections.weight import which_weight
from inkdigits.datasets.dataset import Batch
from inkdigits.errors import InvalidDataset
from inkdigits.modelfile.build import say
from inkdigits.reader import Reader
from inkdigits.training.fit import InvalidRun
from inkdigits.training.folder import RunFolder
from inkdigits.training.recipes import BEST, Recipe, fine_tuning
from inkdigits.training.run import Interrupted, train
from inkdigits.training.tasks.fine_tuning import (
    HALF,
    HELD_OUT_WRITERS,
    Corrections,
    corrections,
    judges,
)
from inkdigits.training.writers import DataDir

WEIGHTS = Path(__file__).parents[1] / "models" / "digits.safetensors"
"""Of the model that ships: each fine-tuning starts from them, and learns all corrections anew."""
JUDGES = 6
"""So many corrections have to be held back: with fewer, not even if all of them were misread before
and none is now, chance can be ruled out (p < 0.05)."""
LEARNED = 5
"""From fewer nothing is learned."""
SOME = 250
"""So many of MNIST's digits, and of pendigits', say how much the model's word counts."""


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
        personal: learn from all of the pictures, which are of one hand, and hold none back: each
            half is judged by another network, which learns from the other half alone.
        recipe, start_from: of the network that goes on to learn.
        options: seed, threads, resume and overwrite, as of `train`.

    Raises:
        InvalidDataset: there are too few corrections, or other data are missing or damaged.
        InvalidRun, Interrupted: as of `train`.
    """
    given = corrections(spec, data_dir)
    held_back = judges(given, 0.0 if personal else None, 0)
    if personal:
        _check_halves(spec, judges(given, HALF, 0))
    else:
        _check_enough(spec, len(given.digits), int(held_back.sum()))

    versions.make()  # or it is said before hours of training,
    promoted, before = versions.promoted, _reader(versions.folder)  # as that this one is damaged

    def learned(run: Path, validation: float | None, **options: Any) -> dict[str, Any]:
        return train(
            fine_tuning(recipe),
            run,
            data=spec,
            validation=validation,
            without_writers=HELD_OUT_WRITERS,
            start_from=start_from,
            data_dir=data_dir,
            console=console,
            **options,
        )

    validation = 0.0 if personal else None
    metrics = learned(Path(out), validation, **options)
    if metrics["validation"] != validation:  # it was resumed, and has learned from what judges
        started = "without" if personal else "with"
        raise InvalidRun(
            f"The run in {out} was started {started} --personal. Resume it as it was started, or "
            "start another (--out)."
        )
    model = RunFolder(Path(out)).model
    unseen = [(_reader(model), given.digits.only(held_back))]
    if personal:
        again = {name: it for name, it in options.items() if name not in ("resume", "overwrite")}
        unseen = []
        for seed in (metrics["seed"], metrics["seed"] + 1):
            with TemporaryDirectory() as folder:
                try:
                    learned(Path(folder), HALF, **{**again, "seed": seed})
                except Interrupted:
                    raise Interrupted(
                        f"Interrupted while halves judged each other. The run in {out} is "
                        "complete; --resume begins with the judging."
                    ) from None
                half = given.digits.only(judges(given, HALF, seed))
                unseen.append((_reader(RunFolder(Path(folder)).model), half))
    sample = [(_reader(model), _some_of(dataset.load())) for dataset in others(data_dir)]
    weight = which_weight(unseen, sample)
    say(model, which_weight=str(weight))
    after = _reader(model)
    comparisons = list(judged(before, after, given.digits, unseen, data_dir, personal=personal))
    story = {
        "made_from": {
            "data": spec,
            "pictures": len(given.digits),
            "no_digits": len(given.no_digits),
            "held_back": int(held_back.sum()),
            "data_sha256": _fingerprint(given),
            "weights_sha256": metrics["start_from"],
            "recipe": metrics["recipe"],
            "seed": metrics["seed"],
            "revision": metrics["revision"],
        },
        "which_weight": weight,
        "compared_with": promoted or SHIPS,
        "judged": [asdict(comparison) for comparison in comparisons],
        "passed": all(comparison.passed for comparison in comparisons),
    }
    version = versions.add(model, story)
    if version.passed != story["passed"]:
        (console or Console(stderr=True)).print(
            f"{version.name} has passed before, and that verdict counts."
        )
    return version, comparisons


def _reader(model: Path) -> Reader:
    return Reader(model, threads=cores())


def _some_of(batch: Batch) -> Batch:
    return batch.only(np.arange(0, len(batch), len(batch) // SOME + 1))


def _check_halves(spec: str, half: NDArray[np.bool_]) -> None:
    if len(half) < LEARNED:
        raise InvalidDataset(f"{spec} has {len(half)} pictures. It takes {LEARNED} to learn from.")
    if half.all() or not half.any():
        raise InvalidDataset(
            f"The lot puts all {len(half)} pictures of {spec} into one of the halves that judge "
            "each other. Add another."
        )


def _check_enough(spec: str, given: int, judges: int) -> None:
    if judges < JUDGES:
        more = max(round((JUDGES - judges) * given / max(judges, 1)), JUDGES - judges)
        raise InvalidDataset(
            f"{spec} has {given} corrections, of which {judges} are held back to judge by. It "
            f"takes {JUDGES} of these, so some {more} corrections more; or, if all are of one "
            "hand, make a model for that one (--personal)."
        )


def _fingerprint(given: Corrections) -> str:
    """Of the pictures and their labels."""
    found = sha256(given.labels.tobytes())
    for picture in [*given.digits.pictures, *given.no_digits]:
        found.update(f"{picture.shape}".encode() + picture.tobytes())
    return found.hexdigest()
