"""A PostgreSQL server of one's own, for as long as it is needed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, which Debian has on no path; None if they are not there."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("pg_ctl")
    return debian[-1] if debian else Path(found).parent if found else None


class Server:
    """Listens on a socket in its own folder only."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._user = {"user": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
        if self._user:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder}"
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-m", "immediate", "stop")

    def crash(self) -> None:
        """Kill it, and start it again when its children have noticed, which may take a moment."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        for _ in range(50):
            with suppress(subprocess.CalledProcessError):
                self.start()
                return
            time.sleep(0.2)
        raise TimeoutError("PostgreSQL does not start again")

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._programs / program, "-D", str(self._folder / "data"), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._user)


@contextmanager
def postgresql(programs: Path) -> Iterator[Server]:
    """A new server, which is gone when the context ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = Server(programs, Path(folder))
        try:
            yield server
        finally:
            server.stop()
