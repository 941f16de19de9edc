"""What a server answers while other versions are promoted and rolled back under load.

    python benchmarks/promotion.py --seconds 30 --rate 50

One version is the model that ships; the other one, made of it, reads each digit as what is missing
to 9. So an answer tells by itself who gave it, and is compared with the version that it names.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import onnx
from onnx import numpy_helper

import inkdigits
from inkdigits import InkDigitsError, Reader
from inkdigits.corrections.versions import Version, Versions
from inkdigits.modelfile.build import write_model

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from handwriting import png, written
from server_load import served

CLIENTS = 16
PROMOTED_FOR = 3.0
"""Seconds."""


def added(versions: Versions, model: onnx.ModelProto) -> Version:
    file = versions.folder / "candidate.onnx"
    write_model(file, model)
    return versions.add(file, {"passed": True, "judged": [], "made_from": {"data": "nothing"}})


def backwards(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network, whose last layer has its ten units in the opposite order."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in model.graph.initializer:
        if tensor.name.startswith("network/") and tensor.dims[0] == 10:
            units = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(units[::-1].copy(), tensor.name))
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=50, help="readings a second")
    options = parser.parse_args()

    pictures = [png(written(value)) for value in range(10)]
    pictures.append(png(np.hstack([written(value, 140) for value in (2, 7, 3)])))
    with tempfile.TemporaryDirectory() as folder:
        versions = Versions(folder)
        ships = onnx.load(Path(inkdigits.__file__).parent / "models" / "digits.onnx")
        kept = [added(versions, ships), added(versions, backwards(ships))]
        expected = {}
        for version in kept:
            reader = Reader(version.model)
            expected[version.name] = [reader.read(picture).text for picture in pictures]
            print(f"{version.name} reads {' '.join(expected[version.name])}")
        versions.promote(kept[0].name)

        found = collections.Counter[str]()
        waits: list[float] = []
        over = threading.Event()

        def ask(url: str, number: int) -> None:
            due = time.perf_counter() + number / options.rate
            with httpx.Client(timeout=30) as client:
                while not over.wait(max(due - time.perf_counter(), 0)):
                    place = number % len(pictures)
                    start = time.perf_counter()
                    try:
                        answer = client.post(f"{url}/api/read", content=pictures[place])
                        reading = answer.json()
                        is_right = reading.get("text") == expected[reading["model"]][place]
                        found[reading["model"] if is_right else "MIXED"] += 1
                    except (httpx.HTTPError, KeyError) as error:
                        found[f"FAILED: {type(error).__name__}"] += 1
                    waits.append(time.perf_counter() - start)
                    number += CLIENTS
                    due = max(due + CLIENTS / options.rate, start)

        with served(model=folder) as (url, _, _):
            for number in range(CLIENTS):
                threading.Thread(target=ask, args=(url, number), daemon=True).start()
            start, changes = time.perf_counter(), 0
            while time.perf_counter() - start < options.seconds:
                time.sleep(PROMOTED_FOR)
                if versions.promoted == kept[0].name:
                    versions.promote(kept[1].name)
                else:
                    versions.rollback()
                changes += 1
            over.set()
            seconds = time.perf_counter() - start
        damage(versions, kept[1])
    waits.sort()
    print(f"{changes} promotions and rollbacks in {seconds:.0f} s")
    print(f"{len(waits)} readings, {len(waits) / seconds:.1f} a second: {dict(found)}")
    median, p99 = (1000 * waits[int(len(waits) * share)] for share in (0.5, 0.99))
    print(f"median {median:.0f} ms, p99 {p99:.0f} ms")


def damage(versions: Versions, version: Version) -> None:
    content = bytearray(version.model.read_bytes())
    content[len(content) // 2] ^= 1
    version.model.write_bytes(content)
    while versions.promoted:
        versions.rollback()
    try:
        versions.promote(version.name)
    except InkDigitsError as error:
        print(f"a damaged candidate: {error}")


if __name__ == "__main__":
    main()
