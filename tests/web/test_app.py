"""The HTTP API: what it reads, and that it refuses everything else politely."""

import asyncio
import base64
import http.client
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

import inkdigits
from handwriting import png, written
from inkdigits import InvalidModel, Reader, Reading, UnreadablePicture
from inkdigits.web import reference
from inkdigits.web.app import app_from_env, create_app
from inkdigits.web.server import running
from page_weight import fetched
from pdfs import deflated_three_times

PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """The status, type and message of an error, having the one shape that errors have."""
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    assert list(body["error"]) == ["type", "message"]
    return response.status_code, body["error"]["type"], body["error"]["message"]


# ---------------------------------------------------------------- reading


def test_a_form_a_raw_body_base64_and_a_data_url_give_the_same_reading(client, png_of):
    png = png_of(7)
    text = base64.b64encode(png).decode()
    answers = [
        client.post("/api/read", files={"file": ("seven.png", png, "image/png")}),
        client.post("/api/read", content=png, headers=PNG),
        client.post("/api/read", content=png, headers={"Content-Type": "application/octet-stream"}),
        client.post("/api/read", content=png),
        client.post("/api/read", json={"image": text}),
        client.post("/api/read", json={"image": f"data:image/png;base64,{text}"}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 6
    assert all(answer.json() == answers[0].json() for answer in answers)


def test_the_answer_is_the_reading_with_what_the_network_saw(client, reader, png_of):
    answer = client.post("/api/read", content=png_of(7), headers=PNG).json()
    assert answer == reader.read(png_of(7)).to_dict(seen=True)
    assert answer["text"] == "7"
    [digit] = answer["digits"]
    assert digit["value"] == 7
    assert len(digit["probabilities"]) == 10
    assert [len(row) for row in digit["seen"]] == [28] * 28


def test_what_the_network_saw_of_several_digits_is_sent_only_when_asked(client, png_of_lines):
    png = png_of_lines("20")
    seen = {
        query: [
            "seen" in digit
            for digit in client.post(f"/api/read?{query}", content=png).json()["digits"]
        ]
        for query in ["", "seen=false", "seen=true"]
    }
    assert seen == {"": [False] * 2, "seen=false": [False] * 2, "seen=true": [True] * 2}


def test_what_the_network_saw_of_one_digit_can_be_left_out(client, png_of):
    [digit] = client.post("/api/read?seen=false", content=png_of(7)).json()["digits"]
    assert "seen" not in digit


def test_an_answer_is_packed_for_a_client_that_unpacks_it(client, png_of):
    plain, packed = (
        client.post("/api/read", content=png_of(7), headers={"Accept-Encoding": accepted})
        for accepted in ["identity", "gzip"]
    )
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.json() == plain.json()


def test_a_guess_is_the_text_but_not_sure(unsure_url, png_of):
    answer = httpx.post(f"{unsure_url}/api/read", content=png_of(7), headers=PNG, timeout=60).json()
    assert (answer["text"], answer["sure"]) == ("3", False)
    assert answer["confidence"] == pytest.approx(0.4123, abs=1e-4)
    assert answer["digits"][0]["sure"] is False


@pytest.mark.parametrize("value", range(10))
def test_each_digit_is_read(client, png_of, value):
    answer = client.post("/api/read", content=png_of(value), headers=PNG)
    assert answer.json()["text"] == str(value)


def test_lines_of_numbers_are_read_with_a_newline_between_lines(client, png_of_lines):
    answer = client.post("/api/read", content=png_of_lines("2048", "17 5"), headers=PNG).json()
    assert answer["text"] == "2048\n17 5"
    assert answer["lines"] == ["2048", "17 5"]
    assert [digit["value"] for digit in answer["digits"]] == [2, 0, 4, 8, 1, 7, 5]
    assert (answer["skipped"], answer["turned"]) == ([], 0)


def test_clean_lines_of_numbers_are_sure(client, png_of_lines):
    answer = client.post("/api/read", content=png_of_lines("2048", "17 5"), headers=PNG).json()
    assert answer["sure"]


def test_a_gap_parts_two_numbers_unless_one_number_is_expected(client, reader, png_of_lines):
    png = png_of_lines("1 0")
    assert client.post("/api/read", content=png).json()["text"] == "1 0"
    answer = client.post("/api/read?expect=number", content=png).json()
    assert answer["text"] == "10"
    assert answer == reader.read(png, expect="number").to_dict()


def test_what_is_not_as_expected_is_not_sure(client, png_of_lines):
    png = png_of_lines("20")
    sure = {
        query: client.post(f"/api/read?{query}", content=png).json()["sure"]
        for query in ["", "expect=number", "length=2", "expect=digit", "length=3"]
    }
    assert sure == {
        "": True,
        "expect=number": True,
        "length=2": True,
        "expect=digit": False,
        "length=3": False,
    }


@pytest.mark.parametrize("length", [1, 100])
def test_the_length_reaches_the_reader(reader, png_of, length):
    class Noting(Reader):
        def __init__(self) -> None:
            self.metadata, self.asked = {}, []

        def read_array(self, picture: Any, **expected: Any) -> Reading:
            self.asked.append(expected)
            return reader.read_array(picture)

    noting = Noting()
    client = TestClient(create_app(noting))
    form = {"file": ("seven.png", png_of(7))}
    assert client.post(f"/api/read?expect=number&length={length}", files=form).status_code == 200
    assert noting.asked == [{"expect": "number", "length": length}]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("expect=letter", "expect: Input should be 'digit' or 'number'."),
        ("expect=", "expect: Input should be 'digit' or 'number'."),
        ("expect=Number", "expect: Input should be 'digit' or 'number'."),
        ("length=0", "length: Input should be greater than or equal to 1."),
        ("length=-4", "length: Input should be greater than or equal to 1."),
        ("length=101", "length: Input should be less than or equal to 100."),
        ("length=four", "length: Input should be a valid integer"),
        ("length=1.5", "length: Input should be a valid integer"),
        ("length=", "length: Input should be a valid integer"),
        ("length=" + "9" * 5000, "length: "),
        ("seen=some", "seen: Input should be a valid boolean"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_may_be(client, png_of, query, says):
    status, name, message = refusal(client.post(f"/api/read?{query}", content=png_of(7)))
    assert (status, name) == (422, "BadRequest")
    assert message.startswith(says)
    assert len(message) < 200


@pytest.mark.parametrize("length", [2, 4, 100])
def test_one_digit_of_another_length_is_refused_before_anything_is_read(client, length):
    answer = client.post(f"/api/read?expect=digit&length={length}", content=b"no picture")
    assert refusal(answer) == (
        422,
        "BadRequest",
        f'expect is "digit" and length {length}, but one digit has length 1. '
        "Leave one of the two out.",
    )


@pytest.mark.parametrize("expect", ["", "expect=digit", "expect=number"])
@pytest.mark.parametrize("length", ["", "length=1", "length=4", "length=100"])
def test_no_two_parameters_are_a_mistake_of_the_server(client, png_of_lines, expect, length):
    answer = client.post(f"/api/read?{expect}&{length}", content=png_of_lines("20"))
    possible = expect != "expect=digit" or length in ("", "length=1")
    assert answer.status_code == (200 if possible else 422)


def test_a_misspelt_parameter_is_refused_with_those_that_are_known(client, png_of):
    answer = client.post("/api/read?expct=digit", content=png_of(7))
    assert refusal(answer) == (
        422,
        "BadRequest",
        "'expct' is no parameter of /api/read. It knows expect, length, seen.",
    )


@pytest.mark.parametrize("hint", [{"expect": "digit"}, {"length": 1}])
def test_a_hint_beside_the_picture_is_told_where_it_goes(client, png_of, hint):
    png = png_of(7)
    image = base64.b64encode(png).decode()
    for answer in [
        client.post("/api/read", files={"file": ("seven.png", png)}, data=hint),
        client.post("/api/read", json={"image": image} | hint),
    ]:
        status, name, message = refusal(answer)
        assert (status, name) == (422, "BadRequest")
        assert message == "expect and length go behind the ?, as in /api/read?expect=digit."


def test_another_field_beside_the_picture_is_let_be(client, png_of):
    form = {"files": {"file": ("seven.png", png_of(7))}, "data": {"note": "mine"}}
    assert client.post("/api/read", **form).json()["text"] == "7"


def test_two_wrong_parameters_are_both_named(client, png_of):
    answer = client.post("/api/read?expect=word&length=0", content=png_of(7))
    _, _, message = refusal(answer)
    assert "expect: " in message
    assert "length: " in message


def test_a_pdf_is_read_as_a_picture_is(client, png_of_lines):
    pytest.importorskip("pypdfium2", reason="inkdigits[pdf] is not installed")
    file = BytesIO()
    Image.open(BytesIO(png_of_lines("42"))).save(file, "PDF", resolution=200)
    headers = {"Content-Type": "application/pdf"}
    answer = client.post("/api/read", content=file.getvalue(), headers=headers)
    assert answer.json()["text"] == "42"


def test_a_picture_comes_back_as_a_jpeg_that_reads_the_same(client, png_of_lines):
    pdf = BytesIO()
    Image.open(BytesIO(png_of_lines("42", "10"))).convert("L").save(pdf, "PDF")
    shown = client.post("/api/picture", content=pdf.getvalue())
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert client.post("/api/read", content=shown.content).json()["text"] == "42\n10"


def test_of_a_pdf_the_first_page_comes_back_and_how_many_there_are(client, png_of):
    first, second = (Image.open(BytesIO(png_of(digit))).convert("L") for digit in (7, 4))
    pdf = BytesIO()
    first.save(pdf, "PDF", save_all=True, append_images=[second])
    shown = client.post("/api/picture", content=pdf.getvalue())
    assert shown.headers["pages"] == "2"
    assert client.post("/api/read", content=shown.content).json()["text"] == "7"


def test_pages_are_counted_up_to_the_limit_that_the_server_has(reader):
    pages = [Image.new("L", (60, 80), 255)] * 2
    scan = BytesIO()
    pages[0].save(scan, "TIFF", save_all=True, append_images=pages[1:])
    client = TestClient(create_app(reader, max_bytes=2**26))
    shown = client.post("/api/picture", content=scan.getvalue().ljust(2**25 + 1))
    assert (shown.status_code, shown.headers["pages"]) == (200, "2")


def test_a_large_picture_comes_back_no_larger_than_it_is_read(client, reader):
    large = BytesIO()
    Image.effect_noise((4032, 3024), 40).save(large, "JPEG")
    shown = Image.open(BytesIO(client.post("/api/picture", content=large.getvalue()).content))
    assert shown.size == (1344, 1008)


def test_what_cannot_be_shown_is_refused_as_it_is_when_read(client):
    answers = [client.post(f"/api/{way}", content=b"seven") for way in ("picture", "read")]
    assert refusal(answers[0]) == refusal(answers[1])


def test_base64_may_have_line_breaks(client, png_of):
    text = base64.encodebytes(png_of(7)).decode()
    assert client.post("/api/read", json={"image": text}).status_code == 200


def test_the_example_in_the_reference_works(client):
    answer = client.post("/api/read", json={"image": reference.SEVEN})
    assert answer.json()["text"] == "7"


def test_health_tells_the_version_and_the_limits(client):
    assert client.get("/api/health").json() == {
        "status": "ok",
        "version": inkdigits.__version__,
        "limits": {"bytes": 32 * 2**20, "pixels": 50_000_000},
    }


def test_a_server_that_reads_is_ready(client):
    assert client.get("/api/ready").json() == {"status": "ready"}


def test_model_tells_what_the_model_file_says_about_itself(client, reader):
    assert client.get("/api/model").json() == reader.metadata


def test_many_clients_at_once_get_their_own_answers(url, png_of):
    def read(value: int) -> str:
        picture = png_of(value)
        answer = httpx.post(f"{url}/api/read", content=picture, headers=PNG, timeout=60)
        return answer.json()["text"]

    values = [*range(10)] * 4
    with ThreadPoolExecutor(16) as clients:
        assert list(clients.map(read, values)) == [str(value) for value in values]


def test_the_server_answers_others_while_it_reads(reader, png_of):
    class Held(Reader):
        def __init__(self) -> None:
            self.metadata = reader.metadata
            self.started, self.go_on = threading.Event(), threading.Event()

        def read_array(self, picture: Any, **expected: Any) -> Reading:
            self.started.set()
            assert self.go_on.wait(120)
            return reader.read_array(picture)

    held = Held()
    with running(create_app(held)) as url, ThreadPoolExecutor() as clients:
        asked = {"content": png_of(7), "headers": PNG, "timeout": 60}
        reading = clients.submit(httpx.post, f"{url}/api/read", **asked)
        assert held.started.wait(20)
        assert httpx.get(f"{url}/api/health", timeout=60).status_code == 200
        assert not reading.done()
        held.go_on.set()
        assert reading.result().status_code == 200


# ---------------------------------------------------------------- pictures that cannot be read


def test_an_empty_body_is_refused(client):
    status, name, message = refusal(client.post("/api/read", content=b"", headers=PNG))
    assert (status, name) == (422, "UnreadablePicture")
    assert "empty" in message


def test_an_empty_file_in_a_form_is_refused(client):
    status, name, message = refusal(client.post("/api/read", files={"file": ("a.png", b"")}))
    assert (status, name) == (422, "UnreadablePicture")
    assert "empty" in message


def test_what_is_not_a_picture_is_refused(client):
    status, name, _ = refusal(client.post("/api/read", content=b"seven" * 100, headers=PNG))
    assert (status, name) == (422, "UnreadablePicture")


def test_a_truncated_picture_is_refused(client, png_of):
    status, name, message = refusal(client.post("/api/read", content=png_of(7)[:-200], headers=PNG))
    assert (status, name) == (422, "UnreadablePicture")
    assert "cut off" in message or "truncated" in message or "damaged" in message


def test_a_picture_in_another_format_is_an_unsupported_type(client):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    status, name, message = refusal(
        client.post("/api/read", content=svg, headers={"Content-Type": "image/svg+xml"})
    )
    assert (status, name) == (415, "UnreadablePicture")
    assert "PNG" in message


def test_a_flat_colour_has_no_ink(client, blank_png):
    status, name, message = refusal(client.post("/api/read", content=blank_png, headers=PNG))
    assert (status, name) == (422, "NoInk")
    assert message.startswith("Nothing is written")


def test_a_decompression_bomb_is_refused_before_decoding(client):
    file = BytesIO()
    Image.new("1", (10_000, 6_000)).save(file, "PNG")
    status, name, message = refusal(client.post("/api/read", content=file.getvalue(), headers=PNG))
    assert (status, name) == (413, "UnreadablePicture")
    assert "pixel" in message


def test_pdfs_that_are_too_dear_to_render_are_refused_and_others_are_read(url, png_of):
    pytest.importorskip("pypdfium2", reason="inkdigits[pdf] is not installed")
    hostile = {"content": deflated_three_times(), "headers": {"Content-Type": "application/pdf"}}
    with ThreadPoolExecutor() as clients:
        refused = [
            clients.submit(httpx.post, f"{url}/api/read", timeout=100, **hostile) for _ in range(4)
        ]
        read = httpx.post(f"{url}/api/read", content=png_of(7), headers=PNG, timeout=100)
    assert read.json()["text"] == "7"
    for answer in refused:
        status, name, message = refusal(answer.result())
        assert (status, name) == (413, "UnreadablePicture")
        assert message.startswith("The picture takes too ")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF"])
def test_all_but_a_drawing_is_decoded_in_a_process_that_may_die(
    client, png_of, monkeypatch, format
):
    def die(*_: object) -> None:
        raise UnreadablePicture("It takes too much memory to decode.", reason="too large")

    monkeypatch.setattr("inkdigits.picture.apart.decode_apart", die)
    file = BytesIO()
    side = 1000 if format == "PNG" else 30
    Image.new("L", (side, side)).save(file, format)

    assert client.post("/api/read", content=png_of(7)).json()["text"] == "7"
    assert client.post("/api/read", content=file.getvalue()).status_code == 413


# ---------------------------------------------------------------- limits


@pytest.fixture
def small(reader: Reader) -> TestClient:
    """A server that takes pictures of at most 1000 bytes and 100 by 100 pixels."""
    return TestClient(create_app(reader, max_bytes=1000, max_pixels=100 * 100))


def test_a_file_over_the_limit_is_refused_however_it_comes(small):
    large = bytes(1001)
    text = base64.b64encode(large).decode()
    for answer in [
        small.post("/api/read", content=large, headers=PNG),
        small.post("/api/read", files={"file": ("a.png", large)}),
        small.post("/api/read", json={"image": text}),
        small.post("/api/read", content=iter([large[:600], large[600:]]), headers=PNG),
    ]:
        status, name, message = refusal(answer)
        assert (status, name) == (413, "UnreadablePicture")
        assert "larger than" in message


def test_base64_of_a_file_within_the_limit_is_read(reader, png_of):
    png = png_of(7)
    exact = TestClient(create_app(reader, max_bytes=len(png)))
    assert exact.post("/api/read", content=png, headers=PNG).status_code == 200
    assert exact.post("/api/read", files={"file": png}).status_code == 200
    image = base64.b64encode(png).decode()
    assert exact.post("/api/read", json={"image": image}).status_code == 200


def test_a_picture_over_the_pixel_limit_is_refused(small):
    file = BytesIO()
    Image.new("1", (101, 100)).save(file, "PNG")
    status, _, message = refusal(small.post("/api/read", content=file.getvalue(), headers=PNG))
    assert status == 413
    assert "pixel" in message


@pytest.mark.parametrize(
    "content_type", ["image/png", "application/json", "multipart/form-data; boundary=b"]
)
def test_a_body_without_a_length_is_not_read_beyond_the_limit(reader, content_type):
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 10_000
        return {"type": "http.request", "body": bytes(10_000), "more_body": True}

    status = asyncio.run(call(create_app(reader, max_bytes=1000), content_type, receive))
    assert status == 413
    assert taken <= 1000 * 4 / 3 + 2**16 + 10_000


def test_a_body_with_too_great_a_length_is_not_read_at_all(reader):
    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    app = create_app(reader, max_bytes=1000)
    assert asyncio.run(call(app, "image/png", receive, (b"content-length", b"1001"))) == 413


def test_a_client_that_breaks_off_is_no_server_error(reader):
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert asyncio.run(call(create_app(reader), "image/png", receive)) == 400


async def call(app: Any, content_type: str, receive: Any, *headers: tuple[bytes, bytes]) -> int:
    """The status of POST /api/read with a body that `receive` gives piece by piece."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/read",
        "query_string": b"",
        "headers": [(b"content-type", content_type.encode()), *headers],
    }
    await app(scope, receive, send)
    return sent[0]["status"]


def test_a_real_server_stops_a_chunked_upload_at_the_limit(reader):
    with running(create_app(reader, max_bytes=1000)) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        connection.putrequest("POST", "/api/read")
        connection.putheader("Content-Type", "image/png")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(b"800\r\n" + bytes(0x800) + b"\r\n")  # and never the rest
        assert connection.getresponse().status == 413
        connection.close()


# ---------------------------------------------------------------- requests that are not right


def test_another_field_is_named_in_the_answer(client, png_of):
    status, name, message = refusal(client.post("/api/read", files={"picture": png_of(7)}))
    assert (status, name) == (422, "BadRequest")
    assert '"file"' in message
    assert "'picture'" in message


def test_two_pictures_in_a_form_are_refused(client, png_of):
    files = [("file", png_of(7)), ("file", png_of(1))]
    status, _, message = refusal(client.post("/api/read", files=files))
    assert status == 422
    assert "one picture" in message


def test_a_form_field_that_is_no_file_is_refused(client):
    body = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nseven\r\n--b--\r\n'
    status, _, message = refusal(
        client.post(
            "/api/read", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
    )
    assert status == 422
    assert "file name" in message


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b'{"image"', 400, "not JSON"),
        (b'\xff\xfe{"image', 400, "not JSON"),
        (b"[" * 200_000, 400, "values"),
        (b"[" * 1000, 400, "not JSON"),
        (b"[" * 900 + b"]" * 900, 422, '"image"'),
        (b'{"image": [' + b"[]," * 100_000 + b"[]]}", 400, "values"),
        (b'{"image": ' + b"1" * 5000 + b"}", 400, "not JSON"),
        (b"[]", 422, '"image"'),
        (b'"seven"', 422, '"image"'),
        (b'{"picture": "AAAA"}', 422, '"image"'),
        (b'{"image": 5}', 422, "not a number"),
        (b'{"image": NaN}', 422, "not a number"),
        (b'{"image": null}', 422, "not null"),
        (b'{"image": true}', 422, "not a boolean"),
        (b'{"image": ["AAAA"]}', 422, "not a list"),
        (b'{"image": {"image": ""}}', 422, "not an object"),
        (b'{"image": ""}', 422, "empty"),
        (b'{"image": "seven!"}', 422, "not base64"),
        (b'{"image": "AAA"}', 422, "not base64"),
        (b'{"image": "\\ud800"}', 422, "not base64"),
        ('{"image": "sieben süß"}'.encode(), 422, "not base64"),
        (b'{"image": "data:image/png;base64,!"}', 422, "not base64"),
        (b'{"image": "data:image/svg+xml,<svg/>"}', 422, "not base64"),
        (b'{"image": "/etc/passwd"}', 422, ""),
        (b'{"\\ud800": 1, "image": "c2V2ZW4="}', 422, ""),
    ],
)
def test_json_that_is_not_right_is_refused(client, body, status, says):
    answer = refusal(client.post("/api/read", content=body, headers=JSON))
    assert answer[0] == status
    assert says in answer[2]


def test_a_path_in_json_is_never_opened(client, png_of, tmp_path):
    picture = tmp_path / "seven.png"
    picture.write_bytes(png_of(7))
    status, *_ = refusal(client.post("/api/read", json={"image": str(picture)}))
    assert status == 422


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "video/mp4", "ü" * 3000]
)
def test_an_unknown_content_type_is_refused_with_those_that_are_known(client, content_type):
    headers = {"Content-Type": content_type.encode()}
    status, _, message = refusal(client.post("/api/read", content=b"7", headers=headers))
    assert status == 415
    assert "multipart/form-data" in message
    assert "image/png" in message
    assert "application/json" in message
    assert len(message) < 1000


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_refused_and_told_what_is_allowed(client, method):
    answer = client.request(method, "/api/read")
    said = f"{method} is not possible here. Use POST."
    assert refusal(answer) == (405, "MethodNotAllowed", said)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/", "/page.js", "/docs", "/api/health", "/nothing"])
def test_head_is_answered_as_get_without_the_body(client, path):
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert {**head.headers} == {**get.headers}


@pytest.mark.parametrize("path", ["/nothing", "/api/read/", "/app.py", "/%2e%2e/app.py", "/%00"])
def test_an_address_with_nothing_is_said_to_have_nothing(client, path):
    assert refusal(client.get(path))[:2] == (404, "NotFound")


FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n7\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", FORM),
        ("multipart/form-data; boundary=", FORM),
        ("multipart/form-data; boundary=" + "b" * 5000, FORM),
        ("multipart/form-data; boundary=c", FORM),
        ("multipart/form-data; boundary=b", FORM[:40]),
        ("multipart/form-data; boundary=b", FORM[:-8]),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 100),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nseven\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", FORM[:-5] * 100),
        ("multipart/form-data; boundary=b", FORM.replace(b"filename", b"x" * 100_000)),
        ("multipart/form-data; boundary=b", FORM.replace(b'"file"', b'"\xff\xfe"')),
        ("multipart/form-data; boundary=b; charset=undefined", FORM),
        ("multipart/form-data; boundary=b; charset=idna", FORM),
        ("multipart/form-data; boundary*=utf-8''%ff", FORM),
        ("multipart/form-data; boundary=\"\\\"", FORM),
        ("multipart/form-data; boundary=b", FORM.replace(
            b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n")),
        ("application/json; charset=nothing", b'{"image": "\xff"}'),
        ("image/png; \x80\x81", b"\x89PNG\r\n\x1a\n"),
        ("image/png", b"\x89PNG\r\n\x1a\n" + bytes(1000)),
        ("image/gif", b"GIF89a" + b"\xff" * 100),
        ("image/tiff", b"II*\x00" + b"\xff" * 100),
        ("image/webp", b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\xff" * 100),
    ],
)  # fmt: skip
def test_odd_bodies_are_the_clients_fault(client, content_type, body):
    headers = {"Content-Type": content_type.encode("latin-1")}
    status, _, message = refusal(client.post("/api/read", content=body, headers=headers))
    assert 400 <= status < 500
    assert message


def test_pictures_with_one_byte_changed_never_break_the_server(client):
    small = png(written(7, 60))
    for place, byte in enumerate(small):
        changed = small[:place] + bytes([byte ^ 0x55]) + small[place + 1 :]
        assert client.post("/api/read", content=changed, headers=PNG).status_code < 500


@pytest.mark.parametrize("length", ["-1", "seven", "9" * 5000, "²"])
def test_a_length_that_is_no_number_is_counted_instead(client, png_of, length):
    headers = PNG | {"Content-Length": length.encode()}
    assert client.post("/api/read", content=png_of(7), headers=headers).status_code == 200


def test_a_parameter_that_is_not_right_is_refused_in_the_same_shape(reader):
    app = create_app(reader)

    @app.get("/digits/{value}")
    def digit(value: int) -> int:
        return value

    status, name, message = refusal(TestClient(app).get("/digits/seven"))
    assert (status, name) == (422, "BadRequest")
    assert "integer" in message


@pytest.mark.parametrize("error", [RuntimeError, InvalidModel])
def test_a_mistake_of_ours_is_a_500_that_tells_nothing(error, png_of):
    class Broken(Reader):
        def __init__(self) -> None:
            self.metadata = {}

        def read_array(self, picture: Any, **expected: Any) -> Reading:
            raise error("the secret plan")

    client = TestClient(create_app(Broken()), raise_server_exceptions=False)
    answer = client.post("/api/read", content=png_of(7), headers=PNG)
    status, name, message = refusal(answer)
    assert (status, name) == (500, "ServerError")
    assert "secret" not in message
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.get("/api/health").status_code == 200
    assert refusal(client.get("/api/ready"))[:2] == (500, "ServerError")


# ---------------------------------------------------------------- other sites


def test_without_allowed_origins_no_other_site_gets_in(client, png_of):
    origin = {"Origin": "https://example.org"}
    answer = client.post("/api/read", content=png_of(7), headers=PNG | origin)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = origin | {"Access-Control-Request-Method": "POST"}
    assert client.options("/api/read", headers=preflight).status_code == 405


def test_a_form_that_pretends_to_have_many_parts_is_not_taken_apart(client):
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    form = head + b"\r\n--Bx" * 2**17 + b"\r\n--B--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = client.post("/api/read", content=form, headers=headers)
    assert refusal(answer)[0] == 400
    assert "more than 16 parts" in refusal(answer)[2]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_nothing_is_read_for_the_page_of_another_site(client, png_of, site):
    headers = PNG | {"Origin": "https://example.org", "Sec-Fetch-Site": site}
    answer = client.post("/api/read", content=png_of(7), headers=headers)
    assert refusal(answer)[:2] == (403, "Forbidden")


def test_our_own_page_gets_in(client, png_of):
    headers = PNG | {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/read", content=png_of(7), headers=headers).status_code == 200


@pytest.mark.parametrize("allowed", ["https://example.org", "*"])
def test_an_allowed_origin_gets_in_and_may_read_answers_and_errors(reader, png_of, allowed):
    client = TestClient(create_app(reader, allow_origins=[allowed]))
    origin = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    wish = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for answer, status in [
        (client.options("/api/read", headers=origin | wish), 200),
        (client.post("/api/read", content=png_of(7), headers=PNG | origin), 200),
        (client.post("/api/read", content=b"", headers=PNG | origin), 422),
    ]:
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == allowed
    shown = client.post("/api/picture", content=png_of(7), headers=PNG | origin)
    exposed = shown.headers["access-control-expose-headers"].split(", ")
    assert set(exposed) == {"Pages", "Retry-After"}


def test_an_origin_that_is_not_named_stays_out(reader, png_of):
    client = TestClient(create_app(reader, allow_origins=["https://example.org"]))
    headers = PNG | {"Origin": "https://example.com", "Sec-Fetch-Site": "cross-site"}
    answer = client.post("/api/read", content=png_of(7), headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["example.org", "https://example.org/", "https://a.b/c", ""])
def test_what_no_browser_would_call_an_origin_is_refused_at_the_start(reader, origin):
    with pytest.raises(ValueError, match="is not an origin"):
        create_app(reader, allow_origins=[origin])
    with pytest.raises(ValueError, match="is not an origin"):
        create_app(reader, allow_frames=[origin])


@pytest.mark.parametrize("name", ["allow_origins", "allow_frames"])
def test_origins_that_are_one_text_are_asked_for_as_a_list(reader, name):
    with pytest.raises(ValueError, match=r"Give a list of origins: \['https://example\.org'\]"):
        create_app(reader, **{name: "https://example.org"})


@pytest.mark.parametrize("name", ["max_bytes", "max_pixels", "keep_days"])
@pytest.mark.parametrize("value", ["4MB", -1, 0, 2.5, None])
def test_a_limit_that_is_no_whole_number_is_refused_at_the_start(reader, name, value):
    with pytest.raises(ValueError, match=rf"{name} is .*\. It must be a whole number from 1\."):
        create_app(reader, **{name: value})


def test_a_path_in_place_of_a_reader_is_refused_with_what_to_give():
    with pytest.raises(TypeError, match=r"a path\. Give Reader\('runs/own'\)\."):
        create_app("runs/own")


# ---------------------------------------------------------------- pages


def test_every_answer_has_a_strict_policy(client, png_of):
    for answer in [
        client.get("/"),
        client.get("/docs"),
        client.get("/nothing"),
        client.get("/api/health"),
        client.post("/api/read", content=png_of(7), headers=PNG),
    ]:
        policy = answer.headers["content-security-policy"].split("; ")
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy
        assert "connect-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_pages_of_a_site_that_is_named_may_show_the_page_in_a_frame(reader):
    client = TestClient(create_app(reader, allow_frames=["https://example.org", "http://a.test"]))
    headers = client.get("/").headers
    policy = headers["content-security-policy"].split("; ")
    assert "frame-ancestors https://example.org http://a.test" in policy
    assert "default-src 'none'" in policy
    assert "x-frame-options" not in headers
    assert TestClient(create_app(reader)).get("/").headers["x-frame-options"] == "DENY"


def test_the_page_says_that_pictures_are_not_stored(client):
    assert "Pictures are not stored" in client.get("/").text


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html"),
        ("/docs", "text/html"),
        ("/page.js", "text/javascript"),
        ("/page.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_files_of_the_page_are_asked_for_again_but_sent_once(client, path, media_type):
    first = client.get(path)
    assert first.status_code == 200
    assert first.headers["content-type"].startswith(media_type)
    assert first.headers["cache-control"] == "no-cache"
    etag = first.headers["etag"]
    assert client.get(path, headers={"If-None-Match": f'"x", W/{etag}'}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"x"'}).status_code == 200
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_a_page_names_its_files_by_their_content_so_that_they_are_kept_for_good(client, page):
    addresses = re.findall(r'(?:src|href)="([^"]+\.(?:css|js|svg))"', client.get(page).text)
    assert len(set(addresses)) >= 3
    for address in addresses:
        folder, name = address.split("/")
        kept = client.get(f"/{address}")
        assert "immutable" in kept.headers["cache-control"]
        assert kept.content == client.get(f"/{name}").content
        other = client.get(f"/{folder[::-1]}/{name}")  # as a page of another version asks for it
        assert other.content == kept.content
        assert other.headers["cache-control"] == "no-cache"
        for none in (f"{folder}0", folder[1:], "docs", "g" * 16):
            assert client.get(f"/{none}/{name}").status_code == 404


@pytest.mark.parametrize("where", ["", "/ink"])
def test_the_page_names_its_picture_for_shared_links_by_the_whole_address(reader, where):
    app = FastAPI()
    app.mount(where, create_app(reader))
    client = TestClient(app, base_url="https://example.org")
    named = re.search(r'og:image" content="([^"]+)"', client.get(f"{where}/").text)
    assert named[1] == f"https://example.org{where}/preview.png"
    preview = client.get(named[1])
    assert preview.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(preview.content)).size == (1200, 630)


def test_a_client_that_names_an_odd_host_gets_no_markup_of_its_own(client):
    page = client.get("/", headers={"Host": 'x"><script>'}).text
    assert 'x"><script>' not in page


def test_the_whole_page_is_at_most_40_kb_over_the_wire_and_next_time_nothing(client):
    files = fetched(client)
    assert len(files) > 10
    assert sum(file.sent for file in files) < 40_000
    assert {file.again for file in files} == {"304", "kept"}


def test_answers_are_not_kept_in_caches(client, png_of):
    for content in [png_of(7), b""]:
        answer = client.post("/api/read", content=content, headers=PNG)
        assert answer.headers["cache-control"] == "no-store"


def test_openapi_describes_all_ways_and_the_answer(client, png_of):
    document = client.get("/openapi.json").json()
    read = document["paths"]["/api/read"]["post"]
    assert set(read["requestBody"]["content"]) == {
        "multipart/form-data",
        "image/*",
        "application/pdf",
        "application/json",
    }
    assert {"200", "400", "403", "408", "413", "415", "422", "503"} <= set(read["responses"])
    answer = client.post("/api/read", content=png_of(7), headers=PNG).json()
    assert reference.Reading.model_validate(answer, strict=False).model_dump(mode="json") == answer
    reference.Reading.model_validate(
        read["responses"]["200"]["content"]["application/json"]["example"]
    )


def test_openapi_names_the_headers_that_tell_something(client):
    answers = client.get("/openapi.json").json()["paths"]["/api/picture"]["post"]["responses"]
    assert {*answers["200"]["headers"], *answers["503"]["headers"]} == {"Pages", "Retry-After"}


def test_openapi_describes_every_field_and_all_parameters(client):
    document = client.get("/openapi.json").json()
    read = document["paths"]["/api/read"]["post"]
    assert read["summary"] == "Read the digits in a picture"
    described = {parameter["name"]: parameter["description"] for parameter in read["parameters"]}
    assert set(described) == {"expect", "length", "seen"}
    assert all(described.values())
    reading = document["components"]["schemas"]["Reading"]["properties"]
    assert {"text", "lines", "skipped", "turned"} <= set(reading)
    example = read["responses"]["200"]["content"]["application/json"]["example"]
    assert example["text"] == "".join(str(digit["value"]) for digit in example["digits"])
    assert len(example["digits"]) > 1
    assert set(example) == set(reading)


# ---------------------------------------------------------------- settings


def test_an_app_from_an_empty_environment_has_the_defaults(environment, png_of):
    client = TestClient(app_from_env())
    assert client.get("/api/health").json()["limits"]["bytes"] == 32 * 2**20
    assert client.post("/api/read", content=png_of(7), headers=PNG).json()["text"] == "7"


def test_settings_come_from_the_environment(environment):
    environment.setenv("INKDIGITS_ALLOW_ORIGINS", "https://example.org, https://example.com")
    environment.setenv("INKDIGITS_ALLOW_FRAMES", "https://example.org")
    environment.setenv("INKDIGITS_MAX_BYTES", "1000")
    environment.setenv("INKDIGITS_MAX_PIXELS", "2000")
    client = TestClient(app_from_env())
    answer = client.get("/api/health", headers={"Origin": "https://example.com"})
    assert answer.json()["limits"] == {"bytes": 1000, "pixels": 2000}
    assert answer.headers["access-control-allow-origin"] == "https://example.com"
    assert "frame-ancestors https://example.org" in answer.headers["content-security-policy"]


def test_a_model_file_named_in_the_environment_is_the_one_that_reads(environment, tmp_path):
    environment.setenv("INKDIGITS_MODEL", str(tmp_path / "none.onnx"))
    with pytest.raises(inkdigits.InvalidModel, match=r"none\.onnx"):
        app_from_env()
