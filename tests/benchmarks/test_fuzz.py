"""`make fuzz` finds what it looks for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HARMS = """
import os
import fuzz

harms = iter([
    lambda: 1 / 0,
    lambda: os.write(2, b"hello"),
    lambda: b"1" * 500_000_000,
    lambda: sum(range(10**7)),
    lambda: os._exit(3),
])
fuzz.MOST_SECONDS = 0.1
fuzz.DOORS = {name: (lambda *_: next(harms)(), *rest) for name, (_, *rest) in fuzz.DOORS.items()}
fuzz.open_all(seed=1, start=0, seconds=100)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only on Linux")
def test_an_error_a_warning_memory_time_and_a_crash_are_found() -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", HARMS], stdout=subprocess.PIPE, env=env)

    *lines, last = map(json.loads, result.stdout.splitlines())
    error, warning, memory, time = [" ".join(finds) for _, finds in lines[1::2]]
    assert "ZeroDivisionError" in error
    assert "hello" in warning
    assert "MB" in memory
    assert time.endswith(" s")
    assert last[0] == 4
    assert result.returncode == 3
