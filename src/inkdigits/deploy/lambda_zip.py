"""A zip for AWS Lambda: the package, its model files, and the wheels for the machine it runs on."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath
from shutil import which
from tempfile import TemporaryDirectory

from inkdigits.atomic_file import check_place, write_atomically
from inkdigits.deploy.files import files_of
from inkdigits.errors import InkDigitsError
from inkdigits.recognition.digits import DigitsFile
from inkdigits.recognition.session import model_content

ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""By Lambda's names for them, the names that wheels have."""
PYTHONS = ("3.12", "3.13", "3.14")
"""Lambda's older ones run on a system that is too old for the wheels."""
GLIBC = (28, 27, 26, 24, 17)
"""Wheels are for glibc 2.28 or one of these older ones; Lambda's system has 2.34."""

OURS = (
    *("picture/", "recognition/", "models/", "web/__init__.py", "web/answers.py"),
    *("web/settings.py", "web/uploads.py", "deploy/__init__.py", "deploy/aws_"),
)
"""Beside the files of the package's top, what begins so is in the zip."""
NOT_NEEDED = (
    *("numpy/f2py/", "numpy/random/_examples/", "onnxruntime/backend/", "onnxruntime/datasets/"),
    *("onnxruntime/quantization/", "onnxruntime/tools/", "onnxruntime/transformers/"),
    "onnxruntime/capi/libonnxruntime.so",  # for programs in C: Python's module has it all in itself
    *("PIL/_avif", "pillow.libs/libavif"),  # a format that is not read
)
"""What begins so of the wheels is not; nor are tests, and what compilers and type checkers want."""
SUFFIXES_NOT_NEEDED = {".a", ".h", ".lib", ".pxd", ".pyi", ".pyx"}

_AWS = Path(__file__).with_name("aws")
REQUIREMENTS = _AWS / "requirements.txt"
AT = "/var/task"
"""Where Lambda unpacks it."""


class NoWheels(InkDigitsError):
    """What the function runs on cannot be had."""


def bundle_lambda(
    out: Path,
    *,
    arch: str,
    python: str,
    model: Path | None = None,
    requirements: Path | None = None,
    level: int = 9,
    compiled: bool = True,
) -> dict[str, int]:
    """Write the zip, and say how many bytes each of its files has unpacked.

    The same call writes the same bytes. Bytecode is in it if there is a `python` here to make it;
    without it each start of the function takes a second longer.

    Args:
        out: is replaced if it is there.
        arch: one of ARCHITECTURES.
        python: one of PYTHONS, or another that all wheels are to be had for.
        model: a file like `digits.onnx`; the one that ships if left out.
        requirements: what pip is to fetch, each with its version; ours if left out.
        level: how hard deflate tries, from 0 to 9.
        compiled: whether to make bytecode.

    Raises:
        InvalidModel: the model file is missing or breaks its contract.
        NoWheels: pip cannot fetch a wheel, or one is not what was published.
        InkDigitsError: `out` cannot be written.
    """
    check_place(out)
    DigitsFile(model)  # which checks it
    files = _wheels(arch, python, requirements) | _package()
    files["inkdigits/models/digits.onnx"] = model_content(model, "digits.onnx")[1]
    if compiled:
        files |= bytecode(files, python)
    write_atomically(out, _zip(files, level))
    return {name: len(content) for name, content in files.items()}


def write_template(out: Path, arch: str, python: str) -> bool:
    """Write template.yaml, with which AWS SAM deploys the zip, beside it.

    Returns whether there is another one, which is kept: somebody may have changed it.
    """
    text = (_AWS / "template.yaml").read_text("utf-8")
    for name, value in {"zip": out.name, "arch": arch, "python": python}.items():
        text = text.replace(f"{{{name}}}", value)
    path = out.with_name("template.yaml")
    if path.exists():
        return path.read_text("utf-8") != text
    write_atomically(path, text.encode())
    return False


def _wheels(arch: str, python: str, requirements: Path | None) -> dict[str, bytes]:
    """What is in the wheels that pip fetches, by where it is installed."""
    with TemporaryDirectory() as folder:
        machine = ARCHITECTURES[arch]
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC]
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, "--no-deps"),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python),
            *(f"--platform={platform}" for platform in [*platforms, f"manylinux2014_{machine}"]),
            *("--requirement", str(requirements or REQUIREMENTS)),
        ]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode:
            lines = map(str.strip, done.stderr.splitlines())
            said = " ".join(line for line in lines if line and not line.startswith("WARNING"))
            raise NoWheels(
                f"pip cannot fetch what the function runs on. {said} Check the "
                "network, or put the wheels into a folder and name it in PIP_FIND_LINKS."
            )
        files: dict[str, bytes] = {}
        for path in sorted(Path(folder).glob("*.whl")):
            with zipfile.ZipFile(path) as wheel:
                files |= {name: wheel.read(name) for name in wheel.namelist() if _is_needed(name)}
    return files


def _is_needed(name: str) -> bool:
    path = PurePosixPath(name)
    return not (
        name.startswith(NOT_NEEDED)
        or "tests" in path.parts
        or path.suffix in SUFFIXES_NOT_NEEDED
        or path.name == "RECORD"  # which lists all of them
    )


def _package() -> dict[str, bytes]:
    return {
        f"inkdigits/{name}": content
        for name, content in files_of("", ".py", ".onnx").items()
        if "/" not in name or name.startswith(OURS)
    }


def bytecode(files: dict[str, bytes], python: str) -> dict[str, bytes]:
    """Of all modules, as this Python makes it; none if it is not installed here."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    compiler = sys.executable if python == running else which(f"python{python}")
    if not compiler:
        return {}
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            if name.endswith(".py"):
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / name).write_bytes(content)
        # Lambda's files have no times that could be compared.
        how = ["--invalidation-mode", "unchecked-hash", "-s", folder, "-p", AT]
        command = [compiler, "-I", "-m", "compileall", "-qq", *how, folder]
        subprocess.run(command, capture_output=True)  # a module that does not compile has none
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in Path(folder).rglob("*.pyc")
        }


def _zip(files: dict[str, bytes], level: int) -> bytes:
    """In one order, and of one time, so that the same files give the same bytes."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # of 1980
            entry.create_system = 3  # Unix
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, level)
    return content.getvalue()
