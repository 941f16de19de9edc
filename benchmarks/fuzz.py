"""Damaged files at every door, some thousands in a minute (`make fuzz`).

    python benchmarks/fuzz.py --minutes 5          with other damage each time
    python benchmarks/fuzz.py --minutes 5 --seed 1 the same each time
    python benchmarks/fuzz.py --again 1 312        one file anew; it is left as fuzz.bin

Fails on whatever ends the process, on errors other than inkdigits' own, and on what takes over 2
seconds of a processor, over 400 MB or writes to stderr. Linux only.

The doors are pictures, requests with pictures, corrections, model files and data sets. A model file
keeps its SHA-256 here, so all damage to it is to be found; one without is a program for ONNX
Runtime.
"""

from __future__ import annotations

import argparse
import base64
import collections
import gzip
import io
import itertools
import json
import os
import re
import resource
import secrets
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from inkdigits import Reader
from inkdigits.corrections.correction import correction_of, parse
from inkdigits.datasets.spec import open_dataset
from inkdigits.errors import InkDigitsError
from inkdigits.picture import read_picture
from inkdigits.web.uploads import picture_in

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from handwriting import png, written
from pdfs import drawing
from sent import sent

MOST_SECONDS, MOST_MEGABYTES = 2, 400
A_PROCESS = 500
"""Files that one process opens before another is started."""
STUCK = 100
"""Seconds that a process may take to end after its time."""
Random = np.random.Generator
Door = Callable[[bytes, str], object]


# ---------------------------------------------------------------- whole files


def pictures() -> dict[str, list[bytes]]:
    grey = Image.fromarray(written(7))
    colour, note = grey.convert("RGB"), Image.Exif()
    note[0x0112], note[0x010E], note[0x829A] = 6, "a seven", (1, 60)

    def saved(format: str, image: Image.Image, **options: object) -> bytes:
        file = io.BytesIO()
        image.save(file, format, **options)
        return file.getvalue()

    samples = {
        "PNG": [saved("PNG", grey.convert(mode)) for mode in ("1", "L", "P", "I;16", "RGBA")],
        "JPEG": [saved("JPEG", image) for image in (grey, colour, colour.convert("CMYK"))],
        "WebP": [saved("WebP", colour, lossless=lossless) for lossless in (False, True)],
        "BMP": [saved("BMP", image) for image in (grey, colour)],
        "GIF": [saved("GIF", grey), saved("GIF", grey, save_all=True, append_images=[colour])],
        "TIFF": [
            saved("TIFF", grey, compression=packed)
            for packed in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
        ],
        "PDF": [drawing(b"0 g 72 144 72 72 re f"), saved("PDF", grey)],
    }
    samples["PNG"].append(saved("PNG", colour, exif=note))
    samples["JPEG"].append(saved("JPEG", colour, progressive=True, exif=note))
    samples["WebP"].append(saved("WebP", colour, exif=note))
    samples["TIFF"].append(saved("TIFF", grey.convert("1"), compression="group4"))
    try:
        from pillow_heif import from_pillow
    except ImportError:
        return samples
    file = io.BytesIO()
    from_pillow(colour).save(file)
    return samples | {"HEIC": [file.getvalue()]}


def requests() -> dict[str, list[bytes]]:
    """Bodies, by their types."""
    picture = png(written(7))
    text = base64.b64encode(picture).decode()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return {
        "multipart/form-data; boundary=x": [head + picture + b"\r\n--x--\r\n"],
        "application/json": [
            json.dumps({"image": image}).encode()
            for image in (text, f"data:image/png;base64,{text}")
        ],
    }


def corrections() -> dict[str, list[bytes]]:
    """Of a drawing with strokes, and of a digit in a photo."""
    photo = {"photo": sent()["picture"], "box": [10, 10, 50, 50]}
    return {"json": [json.dumps(each).encode() for each in (sent(), sent(3, None, **photo))]}


def data_sets() -> dict[str, list[bytes]]:
    few = np.stack([written(digit, 28) for digit in range(10)])
    labels = np.arange(10, dtype=np.uint8)
    rows = np.column_stack([labels, few.reshape(10, -1)])
    names = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    csv = "\n".join([names, *(",".join(map(str, row)) for row in rows)]).encode()
    idx = struct.pack(">4I", 0x0803, *few.shape) + few.tobytes()
    stored, packed = io.BytesIO(), io.BytesIO()
    np.savez(stored, x=few, y=labels)
    np.savez_compressed(packed, x=few, y=labels)
    pen = b".SEGMENT\n.COMMENT 5 1\n.PEN_DOWN\n10 20\n30 45\n.PEN_UP\n" * 3
    return {
        "csv": [csv, csv.partition(b"\n")[2], csv.replace(b"\n", b"\r\n")],
        "idx": [idx, gzip.compress(idx)],
        "npz": [stored.getvalue(), packed.getvalue()],
        "strokes": [pen, gzip.compress(pen)],
    }


def model_files() -> dict[str, list[bytes]]:
    import inkdigits

    shipped = Path(inkdigits.__file__).parent / "models" / "digits.onnx"
    return {"onnx": [shipped.read_bytes()]}


# ---------------------------------------------------------------- doors


def open_picture(data: bytes, format: str) -> None:
    read_picture(data)


def open_request(data: bytes, content_type: str) -> None:
    picture_in(data, content_type)


def open_correction(data: bytes, format: str) -> None:
    correction_of(parse(data))


def open_data_set(data: bytes, kind: str) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        open_dataset(f"{kind}:{file.name}").load()


def open_model(data: bytes, format: str) -> None:
    Reader(data)


DOORS: dict[str, tuple[Door, Callable[[], dict[str, list[bytes]]], float]] = {
    "picture": (open_picture, pictures, 0.6),
    "request": (open_request, requests, 0.1),
    "correction": (open_correction, corrections, 0.1),
    "data set": (open_data_set, data_sets, 0.15),
    "model": (open_model, model_files, 0.05),
}
"""What opens a file, whole files, and which share of all it gets."""


# ---------------------------------------------------------------- damage

INTERESTING = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1]


def set_bytes(data: bytearray, at: int, random: Random) -> None:
    data[at : at + 1] = random.bytes(1)


def set_number(data: bytearray, at: int, random: Random) -> None:
    layout = random.choice(["<H", ">H", "<I", ">I"])
    number = int(random.choice(INTERESTING)) % 2 ** (8 * struct.calcsize(layout))
    data[at : at + struct.calcsize(layout)] = struct.pack(layout, number)


def leave_out(data: bytearray, at: int, random: Random) -> None:
    del data[at : at + int(random.integers(1, 40))]


def repeat(data: bytearray, at: int, random: Random) -> None:
    data[at:at] = data[at : at + int(random.integers(1, 200))] * int(random.integers(1, 50))


def set_digits(data: bytearray, at: int, random: Random) -> None:
    """Another number in text."""
    if number := re.compile(rb"-?[0-9]+").search(data, at):
        data[slice(*number.span())] = str(random.choice([-1, 0, 256, 2**31, 2**63 - 1])).encode()


def cut(data: bytearray, at: int, random: Random) -> None:
    del data[at:]


DAMAGES = [*3 * [set_bytes, set_number], set_digits, leave_out, repeat, cut]


def damaged(data: bytes, random: Random) -> bytes:
    """With one to six damages, more of them near the start, where files say what they are."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 7)):
        near = random.choice([100, 1000, 2**40])
        damage = DAMAGES[random.integers(len(DAMAGES))]
        damage(changed, int(random.integers(min(len(changed), near) + 1)), random)
    return with_checksums(changed) if random.random() < 0.5 else bytes(changed)


def with_checksums(data: bytearray) -> bytes:
    """What damage to a PNG is not found at once."""
    at = 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        end = at + 8 + struct.unpack_from(">I", data, at)[0]
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(data)


def file_of(seed: int, number: int) -> tuple[str, str, bytes]:
    """The door, the format and the damaged file of a number."""
    random = np.random.default_rng([seed, number])
    door = random.choice(list(DOORS), p=[share for *_, share in DOORS.values()])
    samples = SAMPLES[door]
    format = random.choice(list(samples))
    return door, format, damaged(samples[format][random.integers(len(samples[format]))], random)


# ---------------------------------------------------------------- watching


def open_all(seed: int, start: int, seconds: float) -> None:
    """Open one file after another; print a line before and one after each."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        for number in range(start, A_PROCESS):
            door, format, data = file_of(seed, number)
            print(json.dumps([number, door, format]), flush=True)
            before = spent()
            forget_peaks()
            outcome = outcome_of(door, format, data)
            finds = [outcome] if outcome.startswith("foreign") else []
            if (took := spent() - before) > MOST_SECONDS:
                finds.append(f"{took:.1f} s")
            if (held := peak()) > MOST_MEGABYTES:
                finds.append(f"{held:.0f} MB")
            if os.fstat(2).st_size:
                os.lseek(2, 0, os.SEEK_SET)
                finds.append(f"on stderr: {os.read(2, 300)!r}")
                os.ftruncate(2, 0)
            print(json.dumps([outcome, finds]), flush=True)
            if time.monotonic() > end:
                break


def outcome_of(door: str, format: str, data: bytes) -> str:
    try:
        DOORS[door][0](data, format)
    except InkDigitsError as error:
        return getattr(error, "reason", "refused")
    except BaseException as error:
        return f"foreign: {error!r}"[:300]
    return "opened"


def processes() -> list[str]:
    """This one and those that it has started."""
    return ["self", *Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def spent() -> float:
    """Seconds of a processor, of all these processes and those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for process in processes():
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + ended.ru_utime + ended.ru_stime


def forget_peaks() -> None:
    for process in processes():
        Path(f"/proc/{process}/clear_refs").write_text("5")


def peak() -> float:
    """Megabytes that the largest of the processes has held."""
    sizes = []
    for process in processes():
        found = re.search(r"VmHWM:\s*([0-9]+)", Path(f"/proc/{process}/status").read_text())
        sizes.append(int(found[1]) / 1000 if found else 0)  # a process that has ended has none
    return max(sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--again", type=int, nargs=2, metavar=("SEED", "NUMBER"))
    options = parser.parse_args()
    if options.again:
        door, format, data = file_of(*options.again)
        Path("fuzz.bin").write_bytes(data)
        print(door, format, outcome_of(door, format, data))
        return
    end = time.monotonic() + 60 * options.minutes
    counts: dict[tuple[str, str], collections.Counter[str]] = {}
    found = 0
    for seed in itertools.count(options.seed):
        start = 0
        while start < A_PROCESS and (left := end - time.monotonic()) > 0:
            lines, died = opened(seed, start, left)
            for (number, door, format), (outcome, finds) in lines:
                counts.setdefault((door, format), collections.Counter())[outcome] += 1
                found += len(finds)
                for find in finds:
                    print(f"{door}, {format}, --again {seed} {number}: {find}", flush=True)
            if not died:
                break
            found += 1
            print(f"--again {seed} {died[0]}: {died[1]}", flush=True)
            start = died[0] + 1
        if time.monotonic() > end:
            break
    for (door, format), outcomes in sorted(counts.items()):
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
        print(f"{door}, {format}: {told}")
    total = sum(map(collections.Counter.total, counts.values()))
    print(f"{total:,} files, {found} finds; --seed {options.seed}")
    sys.exit(bool(found))


Line = tuple[tuple[int, str, str], tuple[str, list[str]]]


def opened(seed: int, start: int, seconds: float) -> tuple[list[Line], tuple[int, str] | None]:
    """What a process has printed about each file, and which one it died of, and how."""
    command = [sys.executable, __file__, "--open", *map(str, (seed, start, seconds))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            output, _ = process.communicate(timeout=seconds + STUCK)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
    lines = list(map(json.loads, output.splitlines()))
    whole = list(zip(lines[::2], lines[1::2], strict=False))
    if not process.returncode:
        return whole, None
    last = lines[-1][0] if len(lines) % 2 else start + len(whole)
    return whole, (last, f"the process has ended with {process.returncode}")


SAMPLES = {door: samples() for door, (_, samples, _) in DOORS.items()}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--open"]:
        open_all(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    else:
        main()
