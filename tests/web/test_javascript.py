"""The page's JavaScript as far as it needs no browser, in the test runner of Node.js."""

import subprocess
from pathlib import Path

FILES = sorted(Path(__file__).parent.glob("*.test.js"))


def test_what_needs_no_browser_holds_in_node(node_path: str) -> None:
    command = [node_path, "--test", "--test-reporter=spec", *map(str, FILES)]
    result = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert result.returncode == 0, result.stdout + result.stderr
