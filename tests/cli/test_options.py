"""What several commands share, and how settings are typed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

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
