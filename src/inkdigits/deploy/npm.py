"""The npm package `inkdigits`: what reads in the bundled page, for everybody's JavaScript."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from importlib.metadata import distribution
from pathlib import Path

from inkdigits import __version__
from inkdigits.deploy.files import check_folder, files_of, write_folder
from inkdigits.recognition.digits import DigitsFile
from inkdigits.recognition.fingerprint import version_of
from inkdigits.recognition.page import PageFile
from inkdigits.recognition.session import model_content

ABOUT = {
    "name": "inkdigits",
    "version": __version__,
    "description": "Reads handwritten digits and numbers: drawn, photographed or scanned.",
    "keywords": ["mnist", "handwriting", "digits", "ocr", "onnx"],
    "license": "MIT",
    "type": "module",
    "exports": {".": {"types": "./index.d.ts", "default": "./index.js"}},
    "engines": {"node": ">=18"},
    "peerDependencies": {"onnxruntime-node": ">=1.22", "onnxruntime-web": ">=1.22"},
    "peerDependenciesMeta": {
        "onnxruntime-node": {"optional": True},
        "onnxruntime-web": {"optional": True},
    },
}
"""package.json."""
MARKS = ("models.js", "models/page.onnx", "reader/text.js")
"""Files of no other folder: what has them may be replaced."""


def bundle_npm(out: Path, *, model: str | os.PathLike[str] | None = None) -> dict[str, int]:
    """Write the package into the folder `out`, and say how many bytes each of its files has.

    Raises:
        InvalidModel: the model file is missing or breaks its contract.
        InkDigitsError: `out` cannot be written, or holds other files.
    """
    check_folder(out, MARKS)
    digits = DigitsFile(model)  # which checks it
    rules = PageFile(None).rules.beside(digits.metadata)
    reading = files_of("deploy/static/reader", ".js")
    del reading["worker.js"]
    files = files_of("deploy/package", ".js", ".ts", ".md")
    files |= {f"reader/{name}": content for name, content in reading.items()}
    models = {
        "digits.onnx": model_content(model, "digits.onnx")[1],
        "page.onnx": model_content(None, "page.onnx")[1],
    }
    files |= {f"models/{name}": content for name, content in models.items()}
    versions = {name: version_of(content) for name, content in models.items()}
    files["models.js"] = (
        f"/** What the model files say in their metadata. */\nexport const rules = "
        f"{json.dumps(asdict(rules), indent=2)};\n\n"
        f"export const versions = {json.dumps(versions, indent=2)};\n".encode()
    )
    if licence := distribution("inkdigits").read_text("licenses/LICENSE"):
        files["LICENSE"] = licence.encode()
    files["package.json"] = f"{json.dumps(ABOUT, indent=2)}\n".encode()
    write_folder(out, files, MARKS)
    return {name: len(content) for name, content in files.items()}
