"""How fast many pictures are read: what docs/scale.md names runs."""

import re
import sys

import pytest

from many_pictures import writing


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of its memory so")
def test_rows_are_kept_and_written_as_parquet(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    writing(50)
    kept, parquet = capsys.readouterr().out.splitlines()
    assert re.match(r"kept: [0-9]+ rows a second", kept)
    assert re.match(r"written as Parquet: [0-9]+ rows a second", parquet)
