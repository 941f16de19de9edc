"""What a server counts and logs of each request."""

import logging
import os
import subprocess
import sys

from fastapi.testclient import TestClient

from inkdigits.web.app import create_app
from inkdigits.web.observed import JsonLines


def test_metrics_count_what_was_asked_by_status_and_what_was_read_by_digit(client, png_of):
    for picture in [png_of(7), png_of(7), png_of(4), b"no picture"]:
        client.post("/api/read", content=picture)
    client.get("/nothing-here-that-anybody-may-ask-for")

    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    values = dict(line.rsplit(" ", 1) for line in metrics.text.splitlines() if line[0] != "#")
    assert values['inkdigits_requests_total{path="/api/read",status="200"}'] == "3.0"
    assert values['inkdigits_requests_total{path="/api/read",status="422"}'] == "1.0"
    assert values['inkdigits_requests_total{path="other",status="404"}'] == "1.0"
    assert values['inkdigits_request_seconds_count{path="/api/read"}'] == "4.0"
    assert values['inkdigits_digit_confidence_count{digit="7"}'] == "2.0"
    assert values['inkdigits_digit_confidence_count{digit="4"}'] == "1.0"
    assert float(values['inkdigits_digit_confidence_bucket{digit="7",le="0.9"}']) < 2


def test_metrics_say_which_model_reads(client, reader, png_of):
    model = client.post("/api/read", content=png_of(7)).json()["model"]
    metrics = client.get("/metrics").text
    assert f'inkdigits_readings_total{{model="{model}"}} 1.0' in metrics
    said = next(line for line in metrics.splitlines() if "model_info{" in line)
    assert all(f'{key}="{reader.metadata[key]}"' in said for key in ("name", "version", "revision"))


def test_each_app_counts_for_itself(client, reader):
    client.get("/api/health")
    other = TestClient(create_app(reader)).get("/metrics").text
    assert "/api/health" not in other


COUNTING = """
import asyncio
from inkdigits import Reader
from inkdigits.web.app import create_app

async def answer(message):
    print(message.get("status", ""))

async def nothing():
    return {"type": "http.request"}

asked = {"type": "http", "method": "GET", "path": "/metrics", "query_string": b"", "headers": []}
asyncio.run(create_app(Reader())(asked, nothing, answer))
"""


def test_an_empty_name_of_the_folder_to_count_in_is_none(tmp_path):
    empty = os.environ | {"PROMETHEUS_MULTIPROC_DIR": ""}
    command = [sys.executable, "-c", COUNTING]
    done = subprocess.run(command, cwd=tmp_path, env=empty, capture_output=True, text=True)
    assert done.stdout.split()[:1] == ["200"], done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_app_that_counted_before_with_that_empty_name_goes_on(tmp_path):
    empty = os.environ | {"PROMETHEUS_MULTIPROC_DIR": ""}
    command = [sys.executable, "-c", f"import prometheus_client{COUNTING}"]
    done = subprocess.run(command, cwd=tmp_path, env=empty, capture_output=True, text=True)
    assert done.stdout.split()[:1] == ["200"], done.stderr


def test_who_asks_for_the_head_alone_is_counted_as_who_asks_for_all(client):
    assert client.head("/api/health").status_code == 200
    assert 'path="/api/health",status="200"} 1.0' in client.get("/metrics").text


def test_what_fails_in_the_server_is_counted_as_500(reader, monkeypatch):
    client = TestClient(create_app(reader), raise_server_exceptions=False)
    monkeypatch.setattr(reader, "read", None)
    assert client.get("/api/ready").status_code == 500
    assert 'path="/api/ready",status="500"} 1.0' in client.get("/metrics").text


def test_a_line_of_json_has_the_error_that_was_raised():
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        kind = (RuntimeError, error, error.__traceback__)
    record = logging.LogRecord("uvicorn", logging.ERROR, __file__, 1, "It %s.", ("fell",), kind)
    assert '"message": "It fell."' in JsonLines().format(record)
    assert "RuntimeError: broken" in JsonLines().format(record)
