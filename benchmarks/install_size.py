"""The size of the core install, unpacked: no extras, no bytecode, without pip and setuptools.

    python benchmarks/install_size.py

Installs this checkout into a fresh virtual environment in a temporary folder and adds it up.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder but bytecode."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and file.suffix != ".pyc")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        [python] = [*Path(folder).glob("bin/python"), *Path(folder).glob("Scripts/python.exe")]
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--no-compile", str(REPOSITORY)], check=True
        )
        where = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = Path(subprocess.check_output([python, "-c", where], text=True).strip())
        sizes = {
            path.name: size_of(path)
            for path in packages.iterdir()
            if path.name not in NOT_OURS and not path.name.startswith(("pip-", "setuptools-"))
        }
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:10]:
        print(f"{name:32} {size / 1e6:7.1f} MB")
    print(f"{'all':32} {sum(sizes.values()) / 1e6:7.1f} MB")


if __name__ == "__main__":
    main()
