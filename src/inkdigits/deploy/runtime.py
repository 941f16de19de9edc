"""What runs model files in a browser: two pinned packages of npm, fetched, checked, unpacked."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

from inkdigits.errors import InkDigitsError

REGISTRY = "https://registry.npmjs.org"
"""npm's own default."""
SECONDS = 60
"""A registry that says nothing for so long is not there."""


class NoRuntime(InkDigitsError):
    """A package of npm cannot be had, or is not the one that it should be."""


@dataclass(frozen=True)
class Package:
    """A package of npm, and which of its files the page needs."""

    name: str
    version: str
    sha512: str
    """Of its tarball, in base64, as npm's lock files have it."""
    files: tuple[str, ...]

    @property
    def tarball(self) -> str:
        return f"{self.name}-{self.version}.tgz"

    def url(self, registry: str) -> str:
        return f"{registry}/{self.name}/-/{self.tarball}"


PACKAGES = (
    # Newer ones are larger by a quarter and no faster; the build without WebGPU is the smallest.
    Package(
        "onnxruntime-web",
        "1.22.0",
        "Ud/+EBo6mhuaQWt/OjaOk0iNWjXqJoeeMFr6xQEERZdIZH2OWpGzuujz7lfuOBjUa6TEE/sc4nb7Da5dNL34fg==",
        (
            "dist/ort.wasm.min.mjs",
            "dist/ort-wasm-simd-threaded.mjs",
            "dist/ort-wasm-simd-threaded.wasm",
        ),
    ),
    # Browsers unpack gzip themselves, which is 1.2 MB larger.
    Package(
        "xz-decompress",
        "0.2.3",
        "O8v6HG8T0PrKBcpyWA13GkSYWFvncwzuzcLx5A7++l3HsE3atmoetXjIxrZ/JV/nbvSZ7WS4+3XvREZuVn+rEA==",
        ("dist/package/xz-decompress.min.js",),
    ),
)


def runtime_files(folder: Path | None = None) -> dict[str, bytes]:
    """The files of all packages, by their names without folders; modules end with .js: many hosts
    say of .mjs that it is no script.

    The packages' tarballs are in `folder`, or else fetched from the registry that npm would ask.

    Raises:
        NoRuntime: one is missing, or is not what was published.
    """
    registry = "" if folder else _registry()
    files: dict[str, bytes] = {}
    for package in PACKAGES:
        origin = str(folder / package.tarball) if folder else package.url(registry)
        try:
            content = Path(origin).read_bytes() if folder else _fetched(origin)
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or error
            raise NoRuntime(
                f"{origin}: {why}. Check the network, or run `npm pack {package.name}@"
                f"{package.version}` elsewhere and name its folder with --runtime."
            ) from error
        files |= _unpacked(package, content, origin)
    return files


def _registry() -> str:
    """As npm has it: of its environment variable or, if it is installed, of its settings."""
    named = os.environ.get("NPM_CONFIG_REGISTRY")
    if not named and (npm := shutil.which("npm")):
        command = [npm, "config", "get", "registry"]
        named = subprocess.run(command, capture_output=True, encoding="utf-8").stdout.strip()
    return (named or REGISTRY).rstrip("/")


def _fetched(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise OSError("npm's registry has to be an address that begins with https://")
    with urlopen(url, timeout=SECONDS) as response:
        content: bytes = response.read()
    return content


def _unpacked(package: Package, content: bytes, origin: str) -> dict[str, bytes]:
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != package.sha512:
        raise NoRuntime(
            f"{origin} is not {package.name} {package.version} as it was published: its SHA-512 "
            "is another. Fetch it again, from a registry that you trust."
        )
    with tarfile.open(fileobj=BytesIO(content)) as tarball:
        members = [tarball.extractfile(f"package/{name}") for name in package.files]
        return {
            Path(name).name.replace(".mjs", ".js"): member.read()
            for name, member in zip(package.files, members, strict=True)
            if member
        }
