"""The function of AWS Lambda answers each kind of event as the server answers the request."""

import base64
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib import reload
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from fastapi.testclient import TestClient

from handwriting import png, written
from inkdigits import Reader
from inkdigits.deploy import aws_lambda
from inkdigits.deploy.lambda_zip import NoWheels, bundle_lambda
from inkdigits.web.app import create_app

EVENTS = {path.stem: path for path in (Path(__file__).parent / "events").glob("*.json")}
ORIGIN = "https://example.org"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RUNS_ON = ("numpy", "onnxruntime", "pillow", "python-multipart", "pi-heif", "pypdfium2")

Answer = tuple[int, dict[str, str], Any]


def event(kind: str, content: bytes, **changes: Any) -> dict[str, Any]:
    """One that was recorded, with this body."""
    recorded = json.loads(EVENTS[kind].read_text("utf-8"))
    return recorded | {"body": base64.b64encode(content).decode()} | changes


def request(content: bytes, headers: dict[str, str], query: str = "", **changes: Any) -> Any:
    """A function URL's event, with these headers alone."""
    changes = {"headers": headers, "rawQueryString": query} | changes
    return event("function_url", content, **changes)


def at(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    http = {"requestContext": {"http": {"method": method, "path": path}}}
    return request(b"", headers, rawPath=path, **http)


def answered(response: dict[str, Any]) -> Answer:
    return response["statusCode"], response["headers"], json.loads(response["body"])


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Answer]:
    """The handler, with limits that are soon reached and one other site allowed."""
    monkeypatch.setattr(aws_lambda, "max_bytes", 50_000)
    monkeypatch.setattr(aws_lambda, "max_pixels", 200_000)
    monkeypatch.setattr(aws_lambda, "allow_origins", [ORIGIN])
    return lambda event: answered(aws_lambda.handler(event))


@pytest.fixture(scope="module")
def server(reader: Reader) -> TestClient:
    return TestClient(
        create_app(reader, max_bytes=50_000, max_pixels=200_000, allow_origins=[ORIGIN])
    )


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip for this machine and this Python, packed loosely, and unpacked."""
    folder = tmp_path_factory.mktemp("lambda")
    needs = folder / "requirements.txt"
    needs.write_text("\n".join(f"{name}=={version(name)}" for name in RUNS_ON))
    arch = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    out = folder / "function.zip"
    try:
        bundle_lambda(out, arch=arch, python=PYTHON, requirements=needs, level=0, compiled=False)
    except NoWheels as error:
        pytest.skip(f"the registry cannot be reached: {error}")
    with ZipFile(out) as archive:
        archive.extractall(folder / "task")
    return folder / "task"


IN_THE_ZIP = """
import json, sys
task, events = json.load(sys.stdin)
sys.path = [path for path in sys.path if "-packages" not in path] + [task]
sys.dont_write_bytecode = True
from inkdigits.deploy.aws_lambda import handler
print(json.dumps([[handler(event, None) for event in events], __import__("numpy").__file__]))
"""


def test_the_zip_alone_reads_an_event_of_each_kind(unpacked: Path, reader: Reader) -> None:
    events = [event(kind, png(written(7))) for kind in EVENTS]
    command = [sys.executable, "-I", "-S", "-c", IN_THE_ZIP]
    done = subprocess.run(
        command,
        input=json.dumps([str(unpacked), events]),
        capture_output=True,
        encoding="utf-8",
        cwd="/",
        env={"INKDIGITS_ALLOW_ORIGINS": ORIGIN},
    )
    assert done.returncode == 0, done.stderr
    responses, numpy = json.loads(done.stdout)
    assert numpy.startswith(str(unpacked))
    expected = reader.read(written(7), expect="digit").to_dict()
    for kind, response in zip(EVENTS, responses, strict=True):
        assert response["statusCode"] == 200, (kind, response)
        assert json.loads(response["body"]) == expected, kind


@pytest.mark.parametrize("kind", EVENTS)
def test_the_response_is_what_its_door_takes(kind: str) -> None:
    response = aws_lambda.handler(event(kind, png(written(3))))
    single, several = response.get("headers"), response.get("multiValueHeaders")
    assert response["isBase64Encoded"] is False
    assert response.get("statusDescription") == ("200 OK" if "balancer" in kind else None)
    if kind == "load_balancer_of_several_values":
        assert several["Content-Type"] == ["application/json"]
        assert single is None
    else:
        assert single["Content-Type"] == "application/json"
        assert several is None


SEVEN = png(written(7))
CANVAS = png(np.dstack([np.zeros((280, 280, 3), np.uint8), 255 - written(4, 280)]))
IMAGE, JSON = {"content-type": "image/png"}, {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=edge"}


def form(name: str, content: bytes) -> bytes:
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'
    return head.encode() + content + b"\r\n--edge--\r\n"


def in_json(content: bytes) -> bytes:
    return json.dumps({"image": base64.b64encode(content).decode()}).encode()


REQUESTS: dict[str, tuple[bytes, dict[str, str], str]] = {
    "a canvas": (CANVAS, IMAGE, ""),
    "JSON": (in_json(CANVAS), JSON, "seen=true"),
    "a form": (form("file", SEVEN), FORM, "length=1"),
    "a number": (png(np.hstack([written(4), written(2)])), IMAGE, "expect=number"),
    "nothing": (b"", IMAGE, ""),
    "a blank picture": (png(np.full((40, 60), 255, np.uint8)), IMAGE, ""),
    "no picture": (b"no picture at all", IMAGE, ""),
    "a damaged one": (SEVEN[:200], IMAGE, ""),
    "an unknown format": (b"8BPS" * 20, IMAGE, ""),
    "too large a file": (SEVEN + bytes(50_000), IMAGE, ""),
    "too many pixels": (png(np.full((600, 600), 255, np.uint8)), IMAGE, ""),
    "a strange type": (SEVEN, {"content-type": "text/plain"}, ""),
    "a form without a file": (form("picture", SEVEN), FORM, ""),
    "a broken form": (b"--edge\r\nno", FORM, ""),
    "no JSON": (b"{", JSON, ""),
    "JSON without an image": (b"{}", JSON, ""),
    "JSON of no base64": (b'{"image": "?"}', JSON, ""),
    "wrong parameters": (SEVEN, IMAGE, "expect=letter&length=0&seen=some"),
    "an unknown parameter": (SEVEN, IMAGE, "expct=digit"),
    "a length that is none": (SEVEN, IMAGE, "length=four"),
    "a great length": (SEVEN, IMAGE, "length=101"),
    "a digit of length 2": (SEVEN, IMAGE, "expect=digit&length=2"),
    "another site's page": (
        SEVEN,
        IMAGE | {"origin": "https://example.com", "sec-fetch-site": "cross-site"},
        "",
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_it_answers_what_the_server_answers(
    name: str, function: Callable[[Any], Answer], server: TestClient
) -> None:
    body, headers, query = REQUESTS[name]
    there = server.post(f"/api/read?{query}", content=body, headers=headers)
    status, _, answer = function(request(body, headers, query))
    assert (status, answer) == (there.status_code, there.json())


def test_a_body_that_is_text_is_taken_as_it_is(function: Callable[[Any], Answer]) -> None:
    body = in_json(SEVEN).decode()
    status, _, answer = function(request(b"", JSON, body=body, isBase64Encoded=False))
    assert (status, answer["text"]) == (200, "7")


def test_a_body_that_is_not_the_base64_that_it_says_is_refused(
    function: Callable[[Any], Answer],
) -> None:
    status, _, answer = function(request(b"", IMAGE, body="not base64!"))
    assert (status, answer["error"]["type"]) == (400, "BadRequest")
    assert "base64" in answer["error"]["message"]


@pytest.mark.parametrize(
    "event",
    [
        *({}, [], None, "7", {"Records": [{"s3": {}}]}, {"httpMethod": "POST"}),
        *({"version": "2.0"}, {"version": "2.0", "rawPath": "/", "requestContext": None}),
        {"httpMethod": "POST", "path": "/api/read", "headers": ["content-type"]},
    ],
)
def test_an_event_that_is_no_web_request_is_refused(
    event: Any, function: Callable[[Any], Answer]
) -> None:
    status, _, answer = function(event)
    assert (status, answer["error"]["type"]) == (400, "BadRequest")
    assert "API Gateway" in answer["error"]["message"]


def test_pages_of_sites_that_are_named_may_use_it(function: Callable[[Any], Answer]) -> None:
    origin = {"origin": ORIGIN, "sec-fetch-site": "cross-site"}
    status, headers, _ = function(request(SEVEN, IMAGE | origin))
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    preflight = aws_lambda.handler(at("/api/read", "OPTIONS", **origin))
    assert preflight["statusCode"] == 200
    assert preflight["headers"]["Access-Control-Allow-Headers"] == "Content-Type"
    assert "POST" in preflight["headers"]["Access-Control-Allow-Methods"]


def test_it_tells_what_it_is_and_nothing_at_other_addresses(
    function: Callable[[Any], Answer], server: TestClient
) -> None:
    for path in ("/api/health", "/api/model"):
        assert function(at(f"/prod{path}"))[2] == server.get(path).json()
    assert function(at("/api/secrets"))[0] == 404
    assert function(at("/"))[0] == 404
    refused = server.get("/api/read")
    status, _, answer = function(at("/api/read"))
    assert (status, answer) == (405, refused.json())


@pytest.mark.parametrize("limit", ["32MB", "-1"])
def test_a_limit_that_is_none_is_told_in_words(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setenv("INKDIGITS_MAX_BYTES", limit)
    with pytest.raises(ValueError, match=f"INKDIGITS_MAX_BYTES is '{limit}'. It must be a whole"):
        reload(aws_lambda)


def test_a_mistake_of_ours_is_a_500_that_tells_nothing(
    function: Callable[[Any], Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_lambda, "reader", None)
    status, _, answer = function(request(SEVEN, IMAGE))
    assert (status, answer["error"]["type"]) == (500, "ServerError")
    assert "NoneType" not in answer["error"]["message"]
