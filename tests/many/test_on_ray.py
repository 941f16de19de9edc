"""Many pictures on a Ray cluster of this machine; benchmarks/many_pictures.py kills a node."""

import json
from pathlib import Path

import pytest

from handwriting import png, written
from inkdigits.many.job import Job
from inkdigits.many.run import read_into


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_cluster_gives_a_row_for_each_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_worker_niceness", "0")
    ray.init(address="local", num_cpus=1, include_dashboard=False)
    for value in range(10):
        (tmp_path / f"{value}.png").write_bytes(png(written(value, 60)))
    names = sorted(map(str, tmp_path.iterdir()))
    out = tmp_path / "readings.jsonl"
    try:
        failed = read_into(out, [*names, str(tmp_path / "none.png")], Job(), engine="ray")
    finally:
        ray.shutdown()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert failed == 1
    assert {Path(row["file"]).stem: row.get("text") for row in rows} == {
        **{str(value): str(value) for value in range(10)},
        "none": None,
    }
