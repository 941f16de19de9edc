"""The process group of a training: `torchrun` starts several processes, and tells each its rank."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessGroup:
    """This process's place among those that train together; it is the only one by default."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the main process, which measures, reports and writes."""
        return self.rank == 0

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Let the others begin the block when the main process has finished it."""
        if self.size == 1:
            yield
            return
        from torch import distributed

        if not self.is_main:
            distributed.barrier()
        yield
        if self.is_main:
            distributed.barrier()


def group_size() -> int:
    """How many processes `torchrun` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined_group(device: str) -> Iterator[ProcessGroup]:
    """Join the group of processes that `torchrun` started, if it did, to train on such a device."""
    size = group_size()
    if size == 1:
        yield ProcessGroup()
        return
    import torch
    from torch import distributed

    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield ProcessGroup(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()
