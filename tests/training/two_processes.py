"""A test's file, run by two processes that train together."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def answer_of(file: str, *arguments: str) -> dict[str, Any]:
    """What the file prints, as JSON, when torchrun starts it twice."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    printed = subprocess.run(
        [sys.executable, *TORCHRUN, file, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    ).stdout
    answer: dict[str, Any] = json.loads(printed)
    return answer
