"""Whether the API answers as it describes itself, whatever it is sent: all checks of schemathesis.

    python benchmarks/api.py --minutes 10      with schemathesis on the PATH; make api sees to that

Schemathesis makes requests of every kind, right and wrong, from /openapi.json of a server that
keeps corrections in a folder of its own. `schemathesis.toml` says which answers it takes for right.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from server_load import served

TOKEN = "the owner's token of this server"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    seconds = round(60 * parser.parse_args().minutes)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "INKDIGITS_CORRECTIONS": "1",
            "INKDIGITS_DATABASE_URL": f"sqlite:///{folder}/corrections.db",
            "INKDIGITS_OWNER_TOKEN": TOKEN,
        }
        with served() as (url, _, _):
            command = [
                *("schemathesis", "--config-file", Path(__file__).with_name("schemathesis.toml")),
                *("run", f"{url}/openapi.json"),
                *("--max-time", str(seconds), "--header", f"Authorization: Bearer {TOKEN}"),
            ]
            sys.exit(subprocess.run(command, cwd=folder).returncode)


if __name__ == "__main__":
    main()
