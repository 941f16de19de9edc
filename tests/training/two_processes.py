"""Two processes that train together."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


@contextmanager
def beside_another(file: str, *arguments: str) -> Iterator[None]:
    """This process, which has PyTorch at hand, is the first of two, as torchrun would start them;
    the other one runs the file."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])  # which is free once it is closed
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    of_other = {**os.environ, **group, "RANK": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**group, "RANK": "0"}.items():
            patch.setenv(name, value)
        with subprocess.Popen([sys.executable, file, *arguments], env=of_other) as other:
            try:
                yield
                assert other.wait(timeout=300) == 0
            finally:
                other.kill()
