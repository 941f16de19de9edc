"""The files that start a server elsewhere say what the command knows."""

import json
import re
import shlex
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from inkdigits import Reader
from inkdigits.cli import app
from inkdigits.web.app import create_app

REPOSITORY = Path(__file__).parents[2]
CONTAINERFILE = (REPOSITORY / "Containerfile").read_text().replace("\\\n", " ")


def instruction(name: str) -> str:
    """The last of that name."""
    return re.findall(rf"^{name} (.*)", CONTAINERFILE, re.M)[-1].strip()


def test_the_container_starts_a_server_whose_options_there_are() -> None:
    command = json.loads(instruction("CMD"))
    assert json.loads(instruction("ENTRYPOINT")) == ["inkdigits"]
    options = options_of(command)
    assert options["host"] == "0.0.0.0"
    assert str(options["port"]) == instruction("EXPOSE")


@pytest.mark.parametrize(
    "file", ["Procfile", "app.yaml", "compose.yaml", "deploy/inkdigits.service"]
)
def test_a_service_starts_a_server_whose_options_there_are(file: str) -> None:
    [command] = re.findall(
        r"^ *(?:web: inkdigits|entrypoint: inkdigits|command:|ExecStart=\S*/inkdigits) (.*)$",
        (REPOSITORY / file).read_text(),
        re.M,
    )
    options_of(shlex.split(command.replace("$PORT", "8000").replace("${WEB_CONCURRENCY:-2}", "2")))


def options_of(command: list[str]) -> dict[str, object]:
    name, *options = command
    group = app.make_context("inkdigits", [name, *options])
    serve = app.get_command(group, name)
    assert serve
    return serve.make_context(name, options, parent=group).params


def test_the_container_is_not_root_and_is_asked_for_its_health(reader: Reader) -> None:
    assert int(instruction("USER").split(":")[0]) > 0
    [address] = re.findall(r"http://127\.0\.0\.1:8000(/[\w/]+)", instruction("HEALTHCHECK"))
    assert TestClient(create_app(reader)).get(address).status_code == 200


def test_all_that_is_copied_is_there_and_goes_to_who_builds() -> None:
    sent = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert sent[0] == "*"
    copied = re.findall(r"^COPY ((?:[\w.]+ )+)", CONTAINERFILE, re.M)
    for path in " ".join(copied).split():
        assert (REPOSITORY / path).exists()
        assert f"!{path}" in sent
