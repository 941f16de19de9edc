"""Pictures decoded in processes of their own, and what is too dear there."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Timer

import numpy as np
import pytest
from bombs import saved
from PIL import Image

from handwriting import written
from inkdigits import Reader
from inkdigits.errors import NoProcess, UnreadablePicture
from inkdigits.picture import MAX_PIXELS, pages_in, read_picture
from inkdigits.picture.apart import Limits, decode_apart, page_count
from pdfs import BOMBS, CATALOG, ONE_PAGE, drawing, pattern_of_tiny_steps, pdf

pytest.importorskip("pypdfium2")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc here")
needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all limits")

SQUARE = drawing(b"0 g 72 144 72 72 re f")
ENDLESS = pattern_of_tiny_steps()
PATIENT = Limits(cpu_seconds=1000, deadline=1000)


def processes_of(parent: int) -> set[int]:
    """Ids of the processes that decode for another one."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_worker = b"worker.py" in (folder / "cmdline").read_bytes()
            its_parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:  # it has just ended
            continue
        if is_worker and int(its_parent) == parent:
            found.add(int(folder.name))
    return found


def wait_until(is_so: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def seconds_of_processor(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(processes: set[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, processes)))


def start(code: str, *arguments: object, **options: object) -> subprocess.Popen[bytes]:
    """A Python program, which is watched from outside."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


@pytest.fixture
def square(tmp_path: Path) -> Path:
    path = tmp_path / "square.pdf"
    path.write_bytes(SQUARE)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.pdf"
    path.write_bytes(ENDLESS)
    return path


# ---------------------------------------------------------------- limits

COST = """
import json, resource, sys
from inkdigits.errors import UnreadablePicture
from inkdigits.picture.apart import Limits, decode_apart

data = sys.stdin.buffer.read()
began = resource.getrusage(resource.RUSAGE_SELF)
try:
    answer = str(decode_apart(data, "bomb.pdf", None, 10**6, Limits(1, 2**30, 100)).shape)
except UnreadablePicture as error:
    answer = f"{error.reason}: {error}"
own, other = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
start, *seconds = (each.ru_utime + each.ru_stime for each in (began, own, other))
print(json.dumps([answer, start, sum(seconds), other.ru_maxrss * 1024]))
"""


@needs_limits
def test_no_picture_pays_for_the_time_that_the_one_before_it_took() -> None:
    small, large = (saved("BMP", Image.new("L", size)) for size in ((8, 8), (6000, 5000)))
    decode_apart(small, "small.bmp", None, 100, PATIENT)
    with suppress(UnreadablePicture):  # of which it may die
        decode_apart(small, "small.bmp", None, 100, Limits(cpu_seconds=0.01))
    assert decode_apart(large, "large.bmp", None, 30_000_000).shape == (5000, 6000)


def test_where_no_process_can_be_started_it_is_told_so(no_process: None) -> None:
    with pytest.raises(NoProcess, match="Try again later"):
        decode_apart(saved("BMP", Image.new("L", (8, 8))), "small.bmp", None, 100)


def test_a_pdf_whose_pages_nobody_can_count_now_is_not_taken_for_one_page(
    square: Path, no_process: None
) -> None:
    with pytest.raises(NoProcess):
        pages_in(str(square))


def test_where_no_thread_can_watch_the_time_it_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(timer: Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Timer, "start", refuse)
    with pytest.raises(NoProcess, match="can't start new thread"):
        decode_apart(saved("BMP", Image.new("L", (8, 8))), "small.bmp", None, 100)


@needs_limits
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_small_pdf_takes_no_more_than_its_limits(bomb: Callable[[], bytes]):
    data = bomb()
    assert len(data) < 3000

    result = subprocess.run([sys.executable, "-c", COST], input=data, capture_output=True)

    answer, start, seconds, memory = json.loads(result.stdout)
    assert answer.startswith("too large: bomb.pdf takes too ")
    assert answer.endswith(" to render. Print it to a new PDF, or save the page as PNG.")
    assert seconds - 2 * start < 1 + 1 + 1  # Python starts twice; the limit is in whole seconds
    assert memory < 1.1 * 2**30
    assert result.stderr == b""


def test_a_deadline_ends_what_no_other_limit_does():
    limits = Limits(cpu_seconds=1000, deadline=0.5)

    with pytest.raises(UnreadablePicture, match=r"slow\.pdf takes too long to render") as raised:
        decode_apart(ENDLESS, "slow.pdf", None, MAX_PIXELS, limits)

    assert raised.value.reason == "too large"
    assert read_picture(SQUARE).shape == (800, 600)


@needs_limits
@pytest.mark.parametrize("limits", [Limits(cpu_seconds=0.5), Limits(deadline=0.5)])
def test_of_a_process_that_takes_its_time_to_die_it_is_told_what_ended_it(
    limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = subprocess.Popen.wait

    def wait_longer(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout and timeout < 5:
            raise subprocess.TimeoutExpired(process.args, timeout)
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_longer)
    with pytest.raises(UnreadablePicture, match=r"slow\.pdf takes too long to render"):
        decode_apart(ENDLESS, "slow.pdf", None, MAX_PIXELS, limits)


@needs_proc
def test_each_pdf_has_the_whole_time_for_itself():
    """Though the system counts a processor's time from the start of a process."""
    page = drawing(b"0 0 m 216 288 l S\n" * 3000)

    def spent() -> float:
        return sum(map(seconds_of_processor, processes_of(os.getpid())))

    before = spent()
    while spent() < before + 3:
        decode_apart(page, "one of many.pdf", None, MAX_PIXELS, Limits(cpu_seconds=1))


def test_pages_are_counted_within_limits_too():
    pages = pdf(
        CATALOG,
        b"<</Type/Pages/Kids[%s]/Count 100000>>" % (b"3 0 R " * 100_000),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
    )
    assert page_count(pages, "long.pdf") == 100_000
    with pytest.raises(UnreadablePicture, match=r"long\.pdf takes too long"):
        page_count(pages, "long.pdf", Limits(deadline=0))


def test_a_count_of_pages_that_are_not_there_is_not_believed(tmp_path: Path):
    (tmp_path / "one.pdf").write_bytes(
        pdf(
            CATALOG,
            ONE_PAGE.replace(b"1>>", b"2000000000>>"),
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
        )
    )
    assert pages_in(str(tmp_path / "one.pdf")) == [str(tmp_path / "one.pdf")]


PICTURE = (3 * np.arange(24)[:, None] + 5 * np.arange(32) + 10).astype(np.uint8)
FORMATS = ["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF"]


def in_format(format: str) -> bytes:
    return saved(format, Image.fromarray(PICTURE))


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_is_the_same_from_a_process_of_its_own(format: str):
    data = in_format(format)

    assert (read_picture(data, isolate=True) == read_picture(data)).all()


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", *(in_format(name)[:40] for name in FORMATS)],
    ids=["empty", "text", *FORMATS],
)
def test_what_is_wrong_with_a_picture_is_said_in_the_same_words(data: bytes, tmp_path: Path):
    (tmp_path / "bad.png").write_bytes(data)
    errors = []
    for isolate in (False, True):
        with pytest.raises(UnreadablePicture) as raised:
            read_picture(tmp_path / "bad.png", isolate=isolate)
        errors.append((raised.value.reason, str(raised.value)))

    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        pytest.param(
            Limits(memory=60_000_000), r"photo\.jpg takes too much memory to", marks=needs_limits
        ),
        (Limits(deadline=0), r"photo\.jpg takes too long to decode\. Make it smaller, or save it"),
    ],
)
def test_a_picture_may_be_too_dear(limits: Limits, says: str):
    photo = saved("JPEG", Image.new("RGB", (4000, 3000)))

    with pytest.raises(UnreadablePicture, match=says) as raised:
        decode_apart(photo, "photo.jpg", None, 12_000_000, limits)

    assert raised.value.reason == "too large"
    assert read_picture(photo, isolate=True).shape == (3000, 4000)


@needs_proc
def test_a_reader_may_isolate_what_it_reads_and_has_a_process_ready():
    reader = Reader(isolate=True)
    ready = processes_of(os.getpid())

    assert ready
    assert reader.read(saved("JPEG", Image.fromarray(written(7)))).text == "7"
    [reading] = reader.read_many([saved("PNG", Image.fromarray(written(4)))])
    assert reading.text == "4"
    assert processes_of(os.getpid()) == ready
    assert pickle.loads(pickle.dumps(reader)).read(written(7)).text == "7"


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg"])
def test_nothing_is_written_about_a_damaged_tiff(compression: str, capfd: pytest.CaptureFixture):
    data = saved("TIFF", Image.fromarray(written(7)), compression=compression)
    middle = len(data) // 2

    with suppress(UnreadablePicture):
        read_picture(data[:middle] + b"\xff" * 64 + data[middle + 64 :])

    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- processes


@needs_proc
def test_one_process_is_used_again_and_ends_with_the_program(square: Path):
    code = """
import os, sys
from test_apart import processes_of
from inkdigits.picture import read_picture
for _ in range(3):
    read_picture(sys.argv[1])
    print(*processes_of(os.getpid()))
"""
    program = start(code, square, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    output, errors = program.communicate(timeout=100)

    first, *others = output.decode().split()
    assert others == [first, first]
    assert errors == b""
    wait_until(lambda: not is_running(int(first)))


@needs_proc
def test_others_are_read_while_a_process_is_busy_and_after_it_was_killed():
    with ThreadPoolExecutor() as threads:
        busy = threads.submit(decode_apart, ENDLESS, "slow.pdf", None, MAX_PIXELS, PATIENT)
        try:
            wait_until(lambda: processes_of(os.getpid()))
            for _ in range(3):
                assert read_picture(SQUARE)[300, 300] == 0
            assert not busy.done()
        finally:
            while not busy.done():  # a picture is tried once more
                kill(processes_of(os.getpid()))
        with pytest.raises(UnreadablePicture, match=r"slow\.pdf takes too much memory"):
            busy.result()
    assert read_picture(SQUARE)[300, 300] == 0


@needs_proc
def test_a_picture_whose_process_is_killed_as_it_is_used_again_is_read_by_another():
    read_picture(SQUARE, isolate=True)
    idle = processes_of(os.getpid())
    for process in idle:
        os.kill(process, signal.SIGSTOP)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(read_picture, SQUARE, isolate=True)
        time.sleep(0.1)
        assert not waiting.done()
        kill(idle)
        assert waiting.result()[300, 300] == 0


@needs_proc
def test_threads_share_no_process_at_once():
    lines = [drawing(b"0 g 0 %d 216 9 re f" % (18 * i)) for i in range(16)]
    pictures = [read_picture(line) for line in lines]

    with ThreadPoolExecutor(8) as threads:
        for picture, again in zip(pictures, threads.map(read_picture, lines), strict=True):
            assert (picture == again).all()

    assert len(processes_of(os.getpid())) <= max(2, os.cpu_count() or 1)


BUSY = """
import sys
from pathlib import Path
from inkdigits.picture import MAX_PIXELS
from inkdigits.picture.apart import Limits, decode_apart
try:
    decode_apart(Path(sys.argv[1]).read_bytes(), "", None, MAX_PIXELS, Limits(1000, deadline=1000))
except KeyboardInterrupt:
    print("interrupted")
"""


@needs_proc
@pytest.mark.parametrize(
    ("sent", "output"), [(signal.SIGKILL, b""), (signal.SIGINT, b"interrupted\n")]
)
def test_a_busy_process_ends_at_once_with_the_program(
    endless: Path, sent: signal.Signals, output: bytes
):
    program = start(BUSY, endless, start_new_session=True)
    wait_until(lambda: processes_of(program.pid))
    [process] = processes_of(program.pid)
    wait_until(lambda: seconds_of_processor(process) > 0.5)  # it renders

    os.killpg(program.pid, sent)  # as Ctrl-C does

    assert program.communicate(timeout=60) == (output, b"")
    wait_until(lambda: not is_running(process))


@needs_proc
def test_a_process_inherits_neither_files_nor_secrets_nor_ctrl_c(square: Path, tmp_path: Path):
    code = """
import os, sys
from inkdigits.picture import read_picture
os.environ["PASSWORD"] = "secret"
file = open(sys.argv[2], "w")
os.set_inheritable(file.fileno(), True)
read_picture(sys.argv[1])
print("read", flush=True)
sys.stdin.read()
"""
    program = start(code, square, tmp_path / "open.txt", stdin=subprocess.PIPE)
    assert program.stdout.readline() == b"read\n"
    [process] = processes_of(program.pid)

    files = [str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()]
    environment = Path(f"/proc/{process}/environ").read_bytes()
    groups = {os.getpgid(process), os.getpgid(program.pid)}
    program.communicate(timeout=60)

    assert len(files) == 3
    assert "open.txt" not in " ".join(files)
    assert b"PASSWORD" not in environment
    assert len(groups) == 2


@needs_proc
def test_with_the_answer_all_is_done_that_was_begun_for_a_pdf(square: Path):
    code = """
import os, sys
from pathlib import Path
from test_apart import processes_of
from inkdigits.picture.apart import page_count
data = Path(sys.argv[1]).read_bytes()
page_count(data, "")
[files] = (Path(f"/proc/{process}/fd") for process in processes_of(os.getpid()))
for _ in range(400):
    page_count(data, "")
    print(len(list(files.iterdir())))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    output, _ = start(code, square, env=environment).communicate(timeout=60)
    assert set(output.split()) == {b"3"}


@needs_proc
def test_a_fork_while_a_page_is_rendered_does_not_wait_for_it(square: Path, endless: Path):
    code = """
import os, sys
from pathlib import Path
from threading import Thread
from test_apart import PATIENT, processes_of, seconds_of_processor, wait_until
from inkdigits.picture import read_picture
from inkdigits.picture.apart import decode_apart
arguments = Path(sys.argv[2]).read_bytes(), "", None, 10**6, PATIENT
Thread(target=decode_apart, args=arguments, daemon=True).start()
wait_until(lambda: sum(map(seconds_of_processor, processes_of(os.getpid()))) > 0.5)
[process] = processes_of(os.getpid())
if not os.fork():
    print(read_picture(sys.argv[1])[300, 300], process, flush=True)
    sys.stdin.read()
os._exit(0)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = start(code, square, endless, stdin=subprocess.PIPE, env=environment)
    black, process = program.stdout.readline().split()

    assert black == b"0"
    wait_until(lambda: not is_running(int(process)))  # though the fork is there yet
    assert program.communicate(timeout=60) == (b"", b"")


@needs_proc
def test_a_fork_reads_with_a_process_of_its_own_and_keeps_no_other_alive(square: Path):
    code = """
import os, signal, sys
from test_apart import processes_of
from inkdigits.picture import read_picture
read_picture(sys.argv[1])
if os.fork():
    print(*processes_of(os.getpid()), flush=True)
    signal.pause()
else:
    sys.stdin.read()
    print(read_picture(sys.argv[1])[300, 300])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = start(code, square, stdin=subprocess.PIPE, env=environment)
    process = int(program.stdout.readline())

    program.kill()

    wait_until(lambda: not is_running(process))  # though the fork is there yet
    assert program.communicate(timeout=60) == (b"0\n", b"")
