"""What a zip for AWS Lambda weighs, how soon it reads, how fast, and in how much memory.

    inkdigits bundle lambda function.zip --arch x86_64 --python 3.13
    python benchmarks/lambda_zip.py function.zip --python python3.13

Each figure is the median of fresh processes of the Python that the zip is for, which see nothing
but the unpacked zip and write no bytecode, as in Lambda: by the clock, and in the processor's time,
which other work on the machine changes less. Memory is the largest that the process, and the one in
which it decodes photos, ever had (resident), added up: libraries that both have count twice. The
system gives neither more than 512 MB of addresses.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image, ImageDraw

PROCESSES = 5
MEMORY = 512 * 10**6
PROGRAM = """
import json, resource, sys, time
task, events, memory = json.load(sys.stdin)
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
now = lambda: (time.perf_counter(), time.process_time())
since = lambda begin: [end - start for start, end in zip(begin, now())]
begin = now()
sys.path.insert(0, task)
sys.dont_write_bytecode = True
from inkdigits.deploy.aws_lambda import handler
first = handler(events[0])
figures = {"first": since(begin)}
begin = now()
for _ in range(100):
    handler(events[0])
figures["warm"] = [seconds / 100 for seconds in since(begin)]
figures["canvas MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
begin = time.perf_counter()
photo = handler(events[1])
figures["photo"] = time.perf_counter() - begin
from inkdigits.picture.apart import end_all
end_all()
both = [resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN]
figures["photo MB"] = sum(resource.getrusage(who).ru_maxrss for who in both) / 1e3
figures["read"] = [json.loads(answer["body"]).get("text") for answer in (first, photo)]
print(json.dumps(figures))
"""


def event(picture: Image.Image, format: str) -> dict[str, Any]:
    """What a function URL sends."""
    file = BytesIO()
    picture.save(file, format)
    return {
        "version": "2.0",
        "rawPath": "/api/read",
        "headers": {"content-type": f"image/{format.lower()}"},
        "requestContext": {"http": {"method": "POST"}},
        "body": base64.b64encode(file.getvalue()).decode(),
        "isBase64Encoded": True,
    }


def canvas() -> Image.Image:
    """A 7 on a transparent canvas, as a browser has it."""
    picture = Image.new("RGBA", (280, 280))
    ImageDraw.Draw(picture).line([(80, 60), (200, 60), (120, 230)], (0, 0, 0, 255), 18)
    return picture


def photo() -> Image.Image:
    """Of 24 megapixels: 477 on paper that is not quite white."""
    paper = Image.effect_noise((6000, 4000), 12).point(lambda level: level + 90)
    picture = Image.merge("RGB", [paper] * 3)
    pen = ImageDraw.Draw(picture)
    for x in (2700, 3500):
        pen.line([(x, 1600), (x + 500, 1600), (x + 150, 2400)], (30, 30, 60), 70, "curve")
    pen.line([(2150, 1600), (1900, 2100), (2450, 2100)], (30, 30, 60), 70, "curve")
    pen.line([(2300, 1850), (2280, 2400)], (30, 30, 60), 70)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("zip", type=Path, help="what `inkdigits bundle lambda` wrote")
    parser.add_argument("--python", default=sys.executable, help="the Python that the zip is for")
    options = parser.parse_args()
    events = [event(canvas(), "PNG"), event(photo(), "JPEG")]
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(options.zip) as archive:
        archive.extractall(folder)
        unpacked = sum(entry.file_size for entry in archive.infolist())
        print(f"{'zip':36} {options.zip.stat().st_size / 1e6:7.1f} MB")
        print(f"{'unpacked':36} {unpacked / 1e6:7.1f} MB")
        runs = [
            json.loads(
                subprocess.run(
                    [options.python, "-I", "-S", "-c", PROGRAM],
                    input=json.dumps([folder, events, MEMORY]),
                    stdout=subprocess.PIPE,
                    encoding="utf-8",
                    env={},
                    check=True,
                ).stdout
            )
            for _ in range(PROCESSES)
        ]
    print(f"{'read':36} {runs[0]['read']}")
    for name, key, unit, factor in (
        ("import and first reading", "first", "s", 1),
        ("a canvas of 280x280, warm", "warm", "ms", 1000),
    ):
        clock, processor = (factor * median(run[key][which] for run in runs) for which in (0, 1))
        print(f"{name:36} {clock:7.2f} {unit}, of the processor {processor:.2f} {unit}")
    print(f"{'memory by then':36} {median(run['canvas MB'] for run in runs):7.0f} MB")
    print(f"{'a photo of 24 megapixels':36} {median(run['photo'] for run in runs):7.2f} s")
    memory = median(run["photo MB"] for run in runs)
    print(f"{'memory by then, of two processes':36} {memory:7.0f} MB")


if __name__ == "__main__":
    main()
