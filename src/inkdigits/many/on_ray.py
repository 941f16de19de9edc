"""Many pictures read on a Ray cluster (`pip install "inkdigits[ray]"`).

Each node has to have inkdigits and see the pictures by the same names, as those of s3:// are. A
node may be lost: Ray reads its pictures again, elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import ray

from inkdigits.errors import InkDigitsError
from inkdigits.many.job import BATCH, Job, Worker

BLOCK = 256
"""Pictures that one worker is given at a time, and that are read again if its node is lost."""


def read_on_ray(names: Iterable[str], job: Job, workers: int | None = None) -> Iterator[list[str]]:
    """Rows as lines of JSON, a batch at a time, in any order.

    The cluster is that of RAY_ADDRESS, or else this machine; `workers` are as many as it has
    cores if left out.
    """
    try:
        ray.init(ignore_reinit_error=True, log_to_driver=False, logging_level="warning")
    except ConnectionError as error:
        raise InkDigitsError(
            f"There is no Ray cluster: {error}. Start one, or see to RAY_ADDRESS."
        ) from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    pictures = [{"name": name} for name in names]
    blocks = max(1, -(-len(pictures) // BLOCK))
    workers = workers or max(1, int(ray.cluster_resources()["CPU"]))
    if job.model is not None:
        job = replace(job, model=job.model_bytes())  # other nodes have not that file
    rows = ray.data.from_items(pictures, override_num_blocks=blocks).map_batches(
        _RayWorker,
        fn_constructor_args=(job,),
        batch_size=BATCH,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
        num_cpus=1,
    )
    for batch in rows.iter_batches(batch_size=None):
        yield batch["line"].tolist()


class _RayWorker:
    """A `Worker` that takes and gives columns."""

    def __init__(self, job: Job) -> None:
        self._worker = Worker(job)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"line": np.array(self._worker(batch["name"].tolist()), object)}
