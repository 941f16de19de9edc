"""Reading tells nobody: ONNX Runtime's telemetry is off."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

READ = """
import time
from handwriting import written
from inkdigits import Reader
assert Reader().read(written(7)).text == "7"
time.sleep({seconds})
"""
WHERE_FILES_ARE_KEPT = ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "APPDATA", "USERPROFILE")
LOOKED_UP_AFTER = 12
"""Seconds. ONNX Runtime 1.32 would look up a host some 9 after it is imported."""


def read_in_a_fresh_process(home: Path, seconds: int, *around: str | Path) -> None:
    """Read a picture and wait, in a process at home in that folder."""
    env = os.environ | dict.fromkeys(WHERE_FILES_ARE_KEPT, str(home))
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    env.pop("ORT_DISABLE_TELEMETRY", None)
    code = READ.format(seconds=seconds)
    subprocess.run([*around, sys.executable, "-B", "-c", code], env=env, check=True)


def test_reading_leaves_no_file_at_home(tmp_path: Path) -> None:
    read_in_a_fresh_process(tmp_path, seconds=0)
    assert list(tmp_path.iterdir()) == []


def test_who_wants_the_telemetry_may_have_it() -> None:
    code = "import inkdigits, os; assert os.environ['ORT_DISABLE_TELEMETRY'] == '0'"
    env = os.environ | {"ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace")
def test_reading_opens_no_socket(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    strace = ("strace", "-f", "-qq", "-e", "trace=socket,connect", "-e", "signal=none", "-o", log)
    home = tmp_path / "home"
    home.mkdir()
    read_in_a_fresh_process(home, LOOKED_UP_AFTER, *strace)
    assert "socket(" not in log.read_text()
