"""The processes that train together: `torchrun` starts several, and each is told its rank."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Team:
    """This process's place among those that train together; alone if left out."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process measures, reports and writes."""
        return self.rank == 0

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """Let the others begin the block when the leader has finished it."""
        if self.size == 1:
            yield
            return
        from torch import distributed

        if not self.leads:
            distributed.barrier()
        yield
        if self.leads:
            distributed.barrier()


def team_size() -> int:
    """How many processes `torchrun` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined_team(device: str) -> Iterator[Team]:
    """Join the processes that `torchrun` started, if it did, to train on that kind of device."""
    size = team_size()
    if size == 1:
        yield Team()
        return
    import torch
    from torch import distributed

    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Team(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()
