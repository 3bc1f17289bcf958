"""`report` as users' scripts see it."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.reproduce.fake_runs import write_run


def test_renders_everything_from_run_folders(kit: Any, tmp_path: Any) -> None:
    write_run(tmp_path / "runs", "bn_cnn", "final", 0, 0.78)
    done = kit("report", "--json")
    assert done.returncode == 0 and not done.stderr
    document = json.loads(done.stdout)
    names = {"report", "run", "reported", "mean", "sd", "n", "verdict", "reason"}
    assert len(document["runs"]) == 79 and all(names <= set(row) for row in document["runs"])
    for name in ("report.html", "report.md", "report.csv", "report.json"):
        assert os.path.getsize(tmp_path / "runs" / name) > 1000, name
    assert json.loads((tmp_path / "runs" / "report.json").read_text(encoding="utf-8")) == document
    done = kit("report")
    assert done.returncode == 0 and "1 too few runs" in done.stdout


def test_no_folder_is_bad_input(kit: Any) -> None:
    done = kit("report", "nowhere")
    assert done.returncode == 3 and done.stderr.count("\n") == 1 and "'nowhere'" in done.stderr
    assert kit("report", "nowhere", "--record").returncode == 3


def test_record_and_readme(kit: Any, tmp_path: Any) -> None:
    for seed in range(3):
        write_run(tmp_path / "runs", "bn_cnn", "final", seed, 0.78 + 0.002 * seed)
    readme = tmp_path / "README.md"
    readme.write_text("# x\n<!-- results:begin -->\n<!-- results:end -->\n", encoding="utf-8")
    done = kit("report", "--record", "--records", "r.json", "--readme", "README.md")
    assert done.returncode == 0 and "3 runs, 3 more" in done.stderr and "rewritten" in done.stderr
    assert "| bn_cnn | final | 78.34 | 78.20 ± 0.20 (3) |" in readme.read_text(encoding="utf-8")
    assert "already current" in kit("report", "--records", "r.json", "--readme", "README.md").stderr
    below = kit("report", "runs/bn_cnn", "--record", "--records", "r.json")
    assert below.returncode == 3 and "no finished run at runs/bn_cnn/REPORT" in below.stderr
    (tmp_path / "r.json").write_text("{}", encoding="utf-8")
    assert kit("report", "--records", "r.json", "--readme", "README.md").returncode == 3
