"""What several commands share, and how settings are typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from command import inkdigits as run
from handwriting import png, written
from inkdigits import InkDigitsError
from inkdigits.cli import app
from inkdigits.cli.options import reader_of


def test_a_run_whose_model_git_does_not_keep_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(InkDigitsError, match=r"tells of a run, but has no model\.onnx.*Train your"):
        reader_of(str(tmp_path))


def test_a_setting_without_a_value_is_wrong_usage() -> None:
    result = CliRunner().invoke(app, ["train", "mlp", "--out", "run", "--set", "momentum"])
    assert result.exit_code == 2
    assert "--set takes NAME=VALUE, such as weight_decay=0.1, not momentum" in result.stderr


@pytest.mark.parametrize("command", [("train", "mlp-small"), ("finetune", "folder:mine")])
def test_a_run_is_resumed_or_begun_anew_but_not_both(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = run(*command, "--out", tmp_path / "run", "--resume", "--overwrite", text=True)
    assert result.returncode == 2
    assert "Choose one of --resume and --overwrite" in result.stderr
    assert not (tmp_path / "run").exists()


def test_the_model_that_ships_has_a_name_for_read_too(tmp_path: Path) -> None:
    (picture := tmp_path / "seven.png").write_bytes(png(written(7)))
    said = [
        CliRunner().invoke(app, ["read", "--json", str(picture), *option]).stdout
        for option in ([], ["--model", "shipped"])
    ]
    assert said[0] == said[1]
    assert json.loads(said[0])["text"] == "7"
