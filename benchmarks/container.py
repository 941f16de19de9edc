"""The steps of Containerfile without a container engine, and how large what they make is.

    python benchmarks/container.py

Does what COPY and RUN of its first stage say, in a temporary folder instead of /opt and /source and
with this Python instead of the image's; then starts what ENTRYPOINT and CMD say, as the USER if it
may, and asks what HEALTHCHECK asks.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from install_size import size_of

REPOSITORY = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    text = (REPOSITORY / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def build(folder: Path) -> None:
    """What the first stage says."""
    source = folder / "source"
    source.mkdir()
    environment = dict(os.environ)
    for name, rest in instructions()[1:]:
        if name == "FROM":
            return
        if name == "ARG":
            key, _, value = rest.partition("=")
            environment[key] = value
        elif name == "COPY":
            *paths, place = rest.split()
            for path in paths:
                if (REPOSITORY / path).is_dir():
                    shutil.copytree(REPOSITORY / path, source / place)
                else:
                    shutil.copy(REPOSITORY / path, source / place)
        elif name == "RUN":
            here = rest.replace("/opt/", f"{folder}/opt/")
            command = re.sub(r"^python ", f"{sys.executable} ", here)
            environment.pop("PYTHONPATH", None)
            subprocess.run(command, shell=True, check=True, cwd=source, env=environment)


def main() -> None:
    last = dict(instructions())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        start = time.perf_counter()
        build(folder)
        installed = folder / "opt" / "inkdigits"
        print(f"built in {time.perf_counter() - start:.0f} s; {size_of(installed) / 1e6:.1f} MB")
        environment = {"PATH": f"{installed}/bin:{os.environ['PATH']}", "HOME": "/nowhere"}
        user, group = map(int, last["USER"].split(":"))
        who: dict[str, Any] = {"user": user, "group": group, "extra_groups": []}
        try:
            subprocess.run([sys.executable, "-c", ""], cwd="/", check=True, **who)
        except PermissionError:  # who asks is not root, or has this Python for itself
            who = {}
        words = [*json.loads(last["ENTRYPOINT"]), *json.loads(last["CMD"])]
        check = json.loads(last["HEALTHCHECK"].partition("CMD ")[2])

        def run(words: list[str]) -> subprocess.Popen[bytes]:
            here = [word.replace("8000", port) for word in words]
            here[0] = str(installed / "bin" / here[0])
            return subprocess.Popen(here, cwd="/", env=environment, **who)

        as_whom = f"user {user}" if who else "the same user, not as USER"
        start = time.perf_counter()
        with run(words) as server:
            while run(check).wait():
                if server.poll() is not None or time.perf_counter() - start > 120:
                    sys.exit("It is not healthy.")
            print(f"healthy after {time.perf_counter() - start:.1f} s as {as_whom}")
            server.terminate()
        print(f"SIGTERM: ended with {server.returncode}")


if __name__ == "__main__":
    main()
