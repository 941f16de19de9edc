"""The npm package reads in Node.js what Python reads."""

import json
import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import pages
from handwriting import written
from inkdigits import Reader, __version__
from inkdigits.deploy.npm import bundle_npm
from runnable import missing_targets, run_page

PAGE = Path(__file__).parents[2] / "docs" / "model-file.md"
SCRIPT = """
import { readFileSync, writeFileSync } from "node:fs";
import * as ort from "./ort.wasm.min.mjs";
import { Reader } from "inkdigits";

const { pictures, models } = JSON.parse(readFileSync(0, "utf8"));
ort.env.wasm.wasmBinary = readFileSync("ort-wasm-simd-threaded.wasm");
ort.env.wasm.numThreads = 1;
const file = (name) => readFileSync(`node_modules/inkdigits/models/${name}.onnx`);
const reader = await Reader.open(ort, { digits: file("digits"), page: file("page") });
const answers = [];
for (const { rgba, width, height, hints } of pictures) {
  const data = Uint8Array.from(Buffer.from(rgba, "hex"));
  answers.push(await reader.read({ data, width, height }, hints).catch((error) => error.message));
}
const other = Buffer.from(file("digits"));
other.write("0123456789ab", other.length - 64);
writeFileSync("other.onnx", other);
const otherPage = Buffer.from(file("page"));
otherPage.write("0123456789ab", otherPage.length - 64);
await Reader.open(ort, { digits: "node_modules/inkdigits/models/digits.onnx", page: file("page") });
const mistakes = [
  Reader.open(ort, { digits: other, page: file("page") }),
  Reader.open(ort, { digits: "other.onnx", page: file("page") }),
  Reader.open(ort, { digits: file("digits"), page: otherPage }),
  Reader.open({}),
  Reader.open(ort, { digits: file("page") }),
  reader.read("photo.jpg"),
  reader.read(),
  reader.read({ data: new Float32Array(4), width: 1, height: 1 }),
  reader.read({ data: new Uint8Array(), width: 0, height: 0 }),
  reader.read({ data: new Uint8Array(24), width: -2, height: -3 }),
  reader.read({ data: new Uint8Array(4), width: "1", height: 1 }),
];
const white = { data: new Uint8ClampedArray(40 * 40 * 4).fill(255), width: 40, height: 40 };
mistakes.push(reader.read(white, null).then(String)); // without hints
const told = mistakes.map((mistake) => mistake.catch((error) => error.message));
answers.push(...(await Promise.all(told)));
console.log(JSON.stringify(answers));
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the package is installed."""
    folder = tmp_path_factory.mktemp("project")
    bundle_npm(folder / "node_modules" / "inkdigits")
    return folder


def rgba(picture: NDArray[np.uint8], **hints: Any) -> dict[str, Any]:
    colours = np.asarray(Image.fromarray(picture).convert("RGBA"))
    height, width = picture.shape[:2]
    return {"rgba": colours.tobytes().hex(), "width": width, "height": height, "hints": hints}


def test_node_reads_what_python_reads(
    project: Path, site: Path, reader: Reader, node_path: str
) -> None:
    for name in ("ort.wasm.min", "ort-wasm-simd-threaded"):
        shutil.copy(site / "reader" / f"{name}.js", project / f"{name}.mjs")
    wasm = lzma.decompress((site / "reader" / "ort-wasm-simd-threaded.wasm.xz").read_bytes())
    (project / "ort-wasm-simd-threaded.wasm").write_bytes(wasm)
    (project / "read.mjs").write_text(SCRIPT)
    number = np.hstack([written(4), np.full((280, 60), 255, np.uint8), written(2)])
    yellow = np.dstack([np.full_like(number, 255)] * 2 + [number])
    at_last = pages.page("31402", height=45)  # it is sure of it in three widths together
    form = Image.open(Path(__file__).parents[2] / "docs" / "form.png").convert("L")
    lying = np.rot90(np.asarray(form))
    broken = rgba(number) | {"width": 10}
    asked = [
        rgba(written(7)),
        rgba(number, expect="number"),
        rgba(yellow),
        rgba(at_last),
        rgba(lying, length=10),
        rgba(lying, length=11),
        rgba(number * 0),
        broken,
        rgba(number, expect="digits"),
        rgba(number, length=0),
        rgba(number, expect="digit", length=2),
    ]
    done = subprocess.run(
        [node_path, "read.mjs"],
        cwd=project,
        input=json.dumps({"pictures": asked}),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    seven, joined, pale, sure, turned, longer, nothing, refused, *impossible = json.loads(
        done.stdout
    )
    for there, here in (
        (seven, reader.read(written(7))),
        (joined, reader.read(number, expect="number")),
        (pale, reader.read(yellow)),
        (sure, reader.read(at_last)),
        (turned, reader.read(lying, length=10)),
        (longer, reader.read(lying, length=11)),
    ):
        assert (there["text"], there["model"]) == (here.text, here.model)
        assert (there["sure"], there["turned"]) == (here.sure, here.turned)
        for digit, same in zip(there["digits"], here.digits, strict=True):
            assert digit["probabilities"] == pytest.approx(same.probabilities, abs=1e-3)
            assert digit["sure"] == same.sure
    assert sure["sure"]
    assert turned["turned"] == longer["turned"] == 90
    assert nothing is None
    assert "4 for each" in refused
    assert "not Float32Array" in impossible[10]
    assert [re.split("[;,]| from", message)[0] for message in impossible] == [
        'expect is "digits"',
        "length is 0",
        'expect is "digit" and length 2',
        *["What is given as digits.onnx is version 0123456789ab"] * 2,
        "What is given as page.onnx is version 0123456789ab",
        "Reader.open takes ONNX Runtime",
        "What is given as digits.onnx is none: it has no output probabilities.",
        *["Give pixels as {data"] * 3,
        *(f"The picture is {size} pixels. Give whole numbers" for size in ("0 x 0", "-2 x -3")),
        "The picture is 1 x 1 pixels. Give whole numbers",
        "null",
    ]


def test_npm_packs_it_with_its_types_and_model_files(project: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm")
    package = project / "node_modules" / "inkdigits"
    command = [npm, "pack", "--dry-run", "--json", "--ignore-scripts", "--offline"]
    done = subprocess.run(command, cwd=package, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    [packed] = json.loads(done.stdout)
    assert (packed["name"], packed["version"]) == ("inkdigits", __version__)
    files = {file["path"] for file in packed["files"]}
    assert {"index.js", "index.d.ts", "README.md", "reader/text.js", "models/page.onnx"} <= files
    assert "reader/worker.js" not in files
    imported = re.findall(r'from "\./(.*?)"', (package / "index.js").read_text("utf-8"))
    assert set(imported) <= files


def test_the_example_reads_a_photo(
    project: Path, node_path: str, reader: Reader, tmp_path: Path
) -> None:
    folder = os.environ.get("INKDIGITS_NODE_MODULES")
    if not folder:
        pytest.skip("INKDIGITS_NODE_MODULES names no folder with onnxruntime-node and sharp")
    [example] = re.findall(r"```js\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example.count("\n") < 60
    (tmp_path / "read.mjs").write_text(example)
    (tmp_path / "node_modules").mkdir()
    for path in [*Path(folder).iterdir(), project / "node_modules" / "inkdigits"]:
        (tmp_path / "node_modules" / path.name).symlink_to(path)
    Image.fromarray(np.hstack([written(4, 900), written(2, 900)])).save(tmp_path / "photo.jpg")
    command = [node_path, "--preserve-symlinks", "read.mjs", "photo.jpg"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    text, *digits = done.stdout.splitlines()
    reading = reader.read(tmp_path / "photo.jpg")
    assert text == reading.text
    assert [line[0] for line in digits] == [str(digit.value) for digit in reading.digits]


def test_the_code_of_the_page_prints_what_stands_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PAGE.parents[1])
    assert run_page(PAGE) == 1
    assert not missing_targets(PAGE)
