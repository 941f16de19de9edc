"""Reading tells nobody: ONNX Runtime's telemetry is off."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from handwriting import png, written
from sent import sent

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


def fresh_process_that_reads(home: Path, seconds: int, *around: str) -> subprocess.Popen[bytes]:
    """It reads a picture and waits, and is at home in that folder."""
    env = os.environ | dict.fromkeys(WHERE_FILES_ARE_KEPT, str(home))
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    env.pop("ORT_DISABLE_TELEMETRY", None)
    code = READ.format(seconds=seconds)
    return subprocess.Popen([*around, sys.executable, "-B", "-c", code], env=env)


def test_reading_leaves_no_file_at_home(tmp_path: Path) -> None:
    assert fresh_process_that_reads(tmp_path, seconds=0).wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_who_wants_the_telemetry_may_have_it() -> None:
    code = "import inkdigits, os; assert os.environ['ORT_DISABLE_TELEMETRY'] == '0'"
    env = os.environ | {"ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace")
def test_reading_opens_no_socket_and_a_server_only_those_of_who_asks(tmp_path: Path) -> None:
    with (
        fresh_process_that_reads(tmp_path, LOOKED_UP_AFTER, *strace(tmp_path / "read")) as reading,
        served_with_all_it_can(tmp_path) as (url, log),
    ):
        httpx.post(f"{url}/api/read", content=png(written(7)), timeout=60).raise_for_status()
        httpx.post(f"{url}/api/corrections", json=sent(), timeout=60).raise_for_status()
        assert reading.wait() == 0
    assert "socket(" not in (tmp_path / "read").read_text()
    calls = log.read_text()
    assert "accept4(" in calls
    assert not re.search(r"(connect|sendto|sendmsg)\(.*AF_INET", calls)


@contextmanager
def served_with_all_it_can(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server that keeps corrections and follows what is promoted, and its calls."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    home, versions, log = folder / "home", folder / "versions", folder / "calls"
    for each in (home, versions):
        each.mkdir()
    (versions / "promoted").touch()
    env = os.environ | dict.fromkeys(WHERE_FILES_ARE_KEPT, str(home))
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    env["INKDIGITS_DATABASE_URL"] = f"sqlite:///{folder}/corrections.db"
    serve = f"serve --corrections --workers 2 --port {port} --model {versions}".split()
    command = [*strace(log), sys.executable, "-B", "-m", "inkdigits", *serve]
    with (
        subprocess.Popen(
            command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as server,
        httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=60) as client,
    ):
        try:
            said = []
            for line in server.stderr or ():
                said.append(line)
                if "startup complete" in line:
                    break
            else:
                pytest.fail("".join(said))
            client.get(f"http://127.0.0.1:{port}/api/ready").raise_for_status()
            yield f"http://127.0.0.1:{port}", log
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # which strace leaves to what it follows
    assert list(home.iterdir()) == []


def strace(log: Path) -> list[str]:
    calls = "trace=socket,connect,accept4,sendto,sendmsg"
    return ["strace", "-f", "-qq", "-e", calls, "-e", "signal=none", "-o", str(log)]
