"""`read_picture` of a PDF's pages, in files made here by hand and by Pillow, and without PDFium."""

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_picture import GREY, assert_close, reason_of

from handwriting import png, written
from inkdigits.errors import UnreadablePicture
from inkdigits.picture import Page, page_count, page_named, pages_in, read_picture
from pdfs import CATALOG, ONE_PAGE, drawing, pdf

pytest.importorskip("pypdfium2")

LOSSY = 8  # grey levels
SCAN = np.kron(GREY, np.ones((25, 25), np.uint8))  # 600 x 800


def pdf_of(*pages: np.ndarray, resolution: float = 200) -> bytes:
    """A PDF of scanned pages."""
    first, *others = map(Image.fromarray, pages)
    file = io.BytesIO()
    first.save(file, "PDF", resolution=resolution, quality=95, save_all=True, append_images=others)
    return file.getvalue()


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A PDF of three pages, the second of which is upside down."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_of(SCAN, SCAN[::-1].copy(), SCAN))
    return path


# ---------------------------------------------------------------- pages


def test_a_scanned_page_is_read():
    assert_close(read_picture(pdf_of(SCAN)), SCAN, tolerance=LOSSY)


@pytest.mark.parametrize("name", ["scan.pdf", "SCAN.PDF", "scan"])
def test_a_pdf_is_known_by_its_content(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(pdf_of(SCAN))

    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert_close(read_picture(source), SCAN, tolerance=LOSSY)


def test_a_page_is_white_where_nothing_is_drawn():
    picture = read_picture(drawing(b"0 g 72 144 72 72 re f"))  # an inch of black

    assert picture.shape == (800, 600)
    assert picture.flags.c_contiguous
    assert picture.flags.writeable
    assert (picture[205:395, 205:395] == 0).all()
    assert (picture == 0).sum() == pytest.approx(200 * 200, rel=0.02)
    assert picture[0, 0] == picture[-1, -1] == 255


@pytest.mark.parametrize(
    ("colour", "luminance"), [(b"1 0 0", 76), (b"0 1 0", 150), (b"0 0 1", 29), (b".5 .5 .5", 128)]
)
def test_colours_become_their_luminance(colour: bytes, luminance: int):
    picture = read_picture(drawing(colour + b" rg 0 0 999 999 re f"))

    assert_close(picture, np.full((800, 600), luminance), tolerance=2)


def test_a_turned_page_comes_out_upright():
    upright = read_picture(drawing(b"0 g 0 0 72 144 re f"))
    turned = read_picture(drawing(b"0 g 0 0 72 144 re f", more=b"/Rotate 90"))

    assert_close(turned, np.rot90(upright, -1))


def test_ink_that_is_an_annotation_is_drawn():
    note = b"<</Type/Annot/Subtype/Ink/Rect[0 0 216 288]/F 4/AP<</N 6 0 R>>>>"
    stroke = b"0 G 20 w 108 50 m 108 250 l S"
    look = b"<</Type/XObject/Subtype/Form/BBox[0 0 216 288]/Length %d>>stream\n%s\nendstream"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 216 288]/Contents 4 0 R/Annots[5 0 R]>>"
    empty = b"<</Length 0>>stream\n\nendstream"

    picture = read_picture(pdf(CATALOG, ONE_PAGE, page, empty, note, look % (len(stroke), stroke)))

    assert picture[400, 300] == 0
    assert picture[400, 100] == 255


@pytest.mark.parametrize(
    ("points", "shape"),
    [
        ("595.3 841.9", (2339, 1654)),  # A4
        ("4032 3024", (3000, 4000)),  # a photo, each pixel a point
        ("12 24", (500, 250)),  # a digit cut out of a scan
        ("14400 1", (1, 4000)),
    ],
)
def test_a_page_has_the_pixels_that_its_digits_need(points: str, shape: tuple[int, int]):
    assert read_picture(drawing(b"", box=f"0 0 {points}".encode())).shape == shape


def test_fine_lines_of_a_scan_in_high_resolution_are_not_lost():
    fine = np.full((2400, 3200), 255, np.uint8)
    fine[:, ::16] = fine[:, 1::16] = 0

    picture = read_picture(pdf_of(fine, resolution=800))

    assert picture.shape == (600, 800)
    assert picture.mean() == pytest.approx(fine.mean(), abs=2)


# ---------------------------------------------------------------- naming one of several


def test_a_page_of_several_is_named_in_brackets(scan: Path):
    for name in (f"{scan}[2]", Path(f"{scan}[2]")):
        assert_close(read_picture(name), SCAN[::-1], tolerance=LOSSY)
    assert_close(read_picture(f"{scan}[3]"), SCAN, tolerance=LOSSY)


def test_the_only_page_may_be_named(tmp_path: Path):
    (tmp_path / "one.pdf").write_bytes(pdf_of(SCAN))

    assert_close(read_picture(tmp_path / "one.pdf[1]"), SCAN, tolerance=LOSSY)


def test_a_page_of_several_is_named_wherever_the_pdf_is(scan: Path):
    data = scan.read_bytes()
    for pdf_ in (scan, str(scan), data, io.BytesIO(data)):
        assert_close(read_picture(Page(pdf_, 2)), SCAN[::-1], tolerance=LOSSY)


def test_several_pages_say_how_to_name_one(scan: Path):
    with pytest.raises(UnreadablePicture) as raised:
        read_picture(scan)
    assert raised.value.reason == "unsupported"
    assert str(raised.value) == (
        f'{scan} is a PDF of 3 pages. Name one of them: "{scan}[1]" to "{scan}[3]".'
    )


def test_several_pages_in_bytes_are_asked_for_one_by_one(scan: Path):
    with pytest.raises(
        UnreadablePicture, match=r"of 3 pages\. Give one of them, as a PDF"
    ) as raised:
        read_picture(scan.read_bytes())
    assert raised.value.reason == "unsupported"


@pytest.mark.parametrize("page", ["0", "4", "999999999"])
def test_a_page_that_is_not_there_is_missing(scan: Path, page: str):
    with pytest.raises(UnreadablePicture, match=rf"pages 1 to 3, and no page {page}\.") as raised:
        read_picture(f"{scan}[{page}]")
    assert raised.value.reason == "missing"


@pytest.mark.parametrize(
    "name", ["scan.pdf[]", "scan.pdf[-1]", "scan.pdf[1234567890]", "no.pdf[1]"]
)
def test_what_names_no_page_is_a_path_that_does_not_exist(scan: Path, name: str):
    with pytest.raises(UnreadablePicture, match="does not exist") as raised:
        read_picture(scan.parent / name)
    assert raised.value.reason == "missing"


def test_a_file_that_is_really_called_so_wins(scan: Path):
    (scan.parent / "scan.pdf[2]").write_bytes(png(SCAN[:100]))

    assert page_named(f"{scan}[2]") is None
    assert_close(read_picture(f"{scan}[2]"), SCAN[:100])


def test_other_pictures_have_no_pages(tmp_path: Path):
    (tmp_path / "seven.png").write_bytes(png(GREY))

    with pytest.raises(UnreadablePicture, match=r"seven\.png is no PDF .* Leave out \[2\]"):
        read_picture(tmp_path / "seven.png[2]")


def test_pages_are_counted(scan: Path):
    one, none = scan.parent / "one.pdf", scan.parent / "none.pdf"
    one.write_bytes(pdf_of(SCAN))

    assert pages_in(str(scan)) == [f"{scan}[1]", f"{scan}[2]", f"{scan}[3]"]
    assert pages_in(str(one)) == [str(one)]
    assert pages_in(str(none)) == [str(none)]
    assert [page_count(file) for file in (scan.read_bytes(), png(GREY), none)] == [3, 1, 1]


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize("max_pixels", [1, 1000, 123_456])
def test_a_page_has_no_more_pixels_than_the_limit(max_pixels: int):
    picture = read_picture(pdf_of(SCAN), max_pixels=max_pixels)

    assert 0.9 * max_pixels <= picture.size <= max_pixels


def test_the_limit_on_bytes_holds(scan: Path):
    size = scan.stat().st_size

    assert read_picture(f"{scan}[1]", max_bytes=size).shape == SCAN.shape
    assert reason_of(f"{scan}[1]", max_bytes=size - 1) == "too large"


# ---------------------------------------------------------------- what cannot be read


def locked(handler: bytes) -> bytes:
    encrypt = b"/Encrypt<</Filter/%s/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<00><00>]"
    return pdf(
        CATALOG,
        ONE_PAGE,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
        trailer=encrypt % (handler, b"11" * 32, b"22" * 32),
    )


@pytest.mark.parametrize(
    ("data", "reason", "message"),
    [
        (locked(b"Standard"), "unsupported", "scan.pdf is a PDF that a password locks"),
        (locked(b"Unheard"), "unsupported", "scan.pdf is a PDF encrypted in a way"),
        (
            pdf(CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"),
            "empty",
            "scan.pdf is a PDF without pages",
        ),
        (b"%PDF-1.7\n", "damaged", "scan.pdf starts like a PDF file but does not decode"),
        (pdf_of(SCAN)[:200], "damaged", "scan.pdf starts like a PDF file but does not decode"),
        (
            pdf(CATALOG, b"<</Type/Pages/Kids[9 0 R]/Count 1>>"),
            "damaged",
            "scan.pdf starts like a PDF file but does not decode",
        ),
    ],
    ids=["locked", "unknown lock", "no pages", "a header", "truncated", "a page is lost"],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, data: bytes, reason: str, message: str):
    (tmp_path / "scan.pdf").write_bytes(data)

    for name in ("scan.pdf", "scan.pdf[1]"):
        with pytest.raises(UnreadablePicture, match=message) as raised:
            read_picture(tmp_path / name)
        assert raised.value.reason == reason


def test_no_damage_lets_a_foreign_error_through():
    rng = np.random.default_rng(3)
    whole = np.frombuffer(pdf_of(GREY, GREY), np.uint8)
    for trial in range(150):
        damaged = whole[: rng.integers(1, len(whole)) if trial % 3 == 0 else None].copy()
        places = rng.integers(4, len(whole), size=rng.integers(0, 8))
        damaged[places[places < len(damaged)]] = rng.integers(0, 256)
        try:
            picture = read_picture(damaged.tobytes(), max_pixels=10_000)
        except UnreadablePicture:
            continue
        assert picture.dtype == np.uint8
        assert picture.size <= 10_000


def test_without_the_extra_it_is_named(scan: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)

    for name in (scan, f"{scan}[2]"):
        with pytest.raises(UnreadablePicture) as raised:
            read_picture(name)
        assert raised.value.reason == "unsupported"
        assert str(raised.value) == (
            f'{scan} is a PDF, which needs pypdfium2: pip install "inkdigits[pdf]". '
            "Or save it as PNG, JPEG, WebP, BMP, GIF or TIFF."
        )
    assert pages_in(str(scan)) == [str(scan)]


# ---------------------------------------------------------------- in a program


def test_threads_may_read_pages_at_once(scan: Path):
    broken = pdf_of(SCAN)[:200]
    names = [f"{scan}[1]", f"{scan}[2]", broken] * 10

    def read(source: str | bytes) -> np.ndarray | None:
        try:
            return read_picture(source)
        except UnreadablePicture:
            return None

    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(read, names))

    for i, picture in enumerate(pictures):
        if i % 3 == 2:
            assert picture is None
        else:
            assert_close(picture, SCAN[::-1] if i % 3 else SCAN, tolerance=LOSSY)


def test_importing_inkdigits_imports_neither_extra():
    code = """
import sys
import inkdigits, inkdigits.cli, inkdigits.picture, inkdigits.reader
print([name for name in sys.modules if name.startswith(("pi_heif", "pypdfium2"))])
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"


# ---------------------------------------------------------------- on the command line


def run(*arguments: object, cwd: Path, without: str = "") -> tuple[int, list[dict]]:
    """The exit code and rows of `inkdigits read --json`."""
    code = f"""
import sys
if {without!r}:
    sys.modules[{without!r}] = None
from inkdigits.cli import main
main()
"""
    result = subprocess.run(
        [sys.executable, "-c", code, "read", "--json", *map(str, arguments)],
        capture_output=True,
        cwd=cwd,
        timeout=120,
    )
    return result.returncode, [json.loads(line) for line in result.stdout.decode().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, a PDF of two pages and one of one page."""
    (tmp_path / "2.png").write_bytes(png(written(2)))
    (tmp_path / "one.PDF").write_bytes(pdf_of(written(4), resolution=72))
    (tmp_path / "two.pdf").write_bytes(pdf_of(written(5), written(7), resolution=72))
    return tmp_path


def test_a_pdf_of_several_pages_is_a_line_for_each(folder: Path):
    code, rows = run("two.pdf", cwd=folder)

    assert code == 0
    assert [(row["file"], row["text"]) for row in rows] == [
        ("two.pdf[1]", "5"),
        ("two.pdf[2]", "7"),
    ]


@pytest.mark.parametrize("arguments", [["."], ["2.png", "*.PDF", "*.pdf"]])
def test_pdfs_in_folders_and_globs_are_read_page_by_page(folder: Path, arguments: list[str]):
    code, rows = run(*arguments, cwd=folder)

    assert code == 0
    assert [(Path(row["file"]).name, row["text"]) for row in rows] == [
        ("2.png", "2"),
        ("one.PDF", "4"),
        ("two.pdf[1]", "5"),
        ("two.pdf[2]", "7"),
    ]


def test_one_page_may_be_asked_for(folder: Path):
    code, rows = run("two.pdf[2]", "two.pdf[3]", cwd=folder)

    assert code == 1
    assert (rows[0]["file"], rows[0]["text"]) == ("two.pdf[2]", "7")
    assert rows[1]["error"]["message"].startswith("two.pdf has pages 1 to 2, and no page 3.")


def test_without_the_extra_no_file_is_dropped(folder: Path):
    code, rows = run(".", cwd=folder, without="pypdfium2")

    assert code == 1
    assert [Path(row["file"]).name for row in rows] == ["2.png", "one.PDF", "two.pdf"]
    assert 'pip install "inkdigits[pdf]"' in rows[1]["error"]["message"]
    assert 'pip install "inkdigits[pdf]"' in rows[2]["error"]["message"]
