"""`reproduce` as users' scripts see it; the trainings of the slow tests are small, but real."""

from __future__ import annotations

import json
import os
from typing import Any, List

import pytest

from tests.conftest import ROOT
from tf1_models.storage.sealed import read_sealed

SMALL = ["reproduce", "bn_cnn", "--runs", "final", "--data", "digits", "batch_size=50", "--threads", "1"]


def test_a_dry_run_lists_runs_by_cost_and_runs_nothing(kit: Any, tmp_path: Any) -> None:
    done = kit("reproduce", "prelu_cnn", "--data", "digits", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["runs"]
    assert len(rows) == 27 and "14 runs" in done.stderr and not (tmp_path / "runs").exists()
    assert sum(row["state"] == "covered" for row in rows) == 21
    text = kit("reproduce", "prelu_cnn", "--data", "digits", "--dry-run", "--each").stdout
    assert "27 runs" in text and "covered" not in text


def test_status_of_nothing(kit: Any) -> None:
    done = kit(*SMALL, "--seeds", "2", "--status")
    assert done.returncode == 0 and done.stdout.count("waiting") == 2


def test_a_plan_needs_no_images(kit: Any, tmp_path: Any) -> None:
    """It is that of the official images, named as a training on them would name its folders."""
    nothing = {"TF1_MODELS_DATA": str(tmp_path / "nowhere"), "HOME": str(tmp_path)}
    for option in ("--dry-run", "--status"):
        done = kit("reproduce", "nine_conv", option, "--json", env=nothing)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("planning for the official CIFAR-10 images (CIFAR-10 not found") == 1
        (final,) = [row for row in json.loads(done.stdout)["runs"] if row["run"] == "final"]
        assert os.path.basename(final["folder"]).startswith("cifar10-") and final["seconds_left"] > 60
    text = kit("reproduce", "nine_conv", "--dry-run", env=nothing).stdout.splitlines()
    assert text[-1].startswith("8 runs, about ") and text[-1].endswith(" h of training one after the other")
    assert "about 0 s" not in "".join(text) and "unknown" not in "".join(text)
    column = {line.index("waiting") for line in text[:-1] if "waiting" in line}
    assert len(column) == 1 and all(line[at - 2 : at] == "  " for line in text[:-1] for at in column)
    assert kit("reproduce", "nine_conv", "--failed", env=nothing).returncode == 3  # it would train


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["reproduce", "bn_cn"], 2, "did you mean 'bn_cnn'"),
        (["reproduce", "bn_cnn", "--runs", "finale"], 2, "'final'"),
        (["reproduce", "epochs=3"], 2, "no report"),
        (["reproduce", "bn_cnn", "--seeds", "0"], 2, "--seeds"),
        (["reproduce", "bn_cnn", "seed=3", "--data", "digits"], 2, "--seeds N"),
        (["reproduce", "bn_cnn", "--epochs", "2", "epochs=3"], 2, "twice"),
        (["reproduce", "bn_cnn", "--data", "digits", "--shard", "3/2"], 2, "i/n"),
        (["reproduce", "bn_cnn", "--data", "./nowhere"], 3, "nowhere"),
        (["reproduce", "bn_cnn", "--data", "digits", "--scheduler", "nonsense", "--resources", "GPU"], 2, "GPU=1"),
    ],
)
def test_bad_requests_are_one_line(kit: Any, words: List[str], code: int, said: str) -> None:
    done = kit(*words)
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("left out", "usage"))]
    assert done.returncode == code and len(lines) == 1 and said in lines[0], done.stderr


@pytest.mark.slow
@pytest.mark.tf
def test_a_small_sweep_for_real(kit: Any, tmp_path: Any) -> None:
    """Two seeds at once, skipped the second time, not comparable, and the first epoch of two is the run of one."""
    more = ["--epochs", "2", "--seeds", "2", "--jobs", "2"]
    done = kit(*SMALL, *more, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["runs"]
    assert row["verdict"] == "not comparable" and row["n"] + row["collapsed"] == 2
    assert "2 of 30 epochs" in row["reason"] and "digits" in row["reason"]
    assert done.stderr.count("finished in") == 2 and (tmp_path / "runs" / "report.html").exists()
    again = kit(*SMALL, *more)
    assert again.returncode == 0 and "finished in" not in again.stderr
    # `computation.begins_with`, for real
    assert "covered" not in kit(*SMALL, "--epochs", "1", "--dry-run").stdout
    assert kit(*SMALL, "--epochs", "1").returncode == 0
    folder = tmp_path / "runs" / "bn_cnn" / "final"
    found = {}
    for name in os.listdir(str(folder)):
        if name.endswith("seed0"):
            lines = (folder / name / "metrics.jsonl").read_text().splitlines()
            found[len(lines)] = (json.loads(lines[0]), read_sealed(str(folder / name / "result.json")))
    assert found[1][1]["test"]["accuracy"] == found[2][0]["accuracy"]
    assert found[1][1]["test"]["macro_f1"] == found[2][0]["macro_f1"]


def browser() -> Any:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    import shutil

    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        pytest.skip("chromium or chromedriver is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-sync",
        "--window-size=1280,1600",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


@pytest.mark.slow
def test_the_page_in_a_browser(tmp_path: Any) -> None:
    """Sorts a table both ways, opens a run from it, and finds nothing on the console."""
    from tests.reproduce.test_rendering import write_runs_of_four_reports
    from tf1_models.reproduce.page import writing

    write_runs_of_four_reports(tmp_path)
    writing.write_pages(str(tmp_path))
    driver = browser()
    try:
        driver.get(f"file://{tmp_path}/report.html")
        table = driver.find_element("css selector", "#prelu_cnn table.sortable")

        def column(place: int) -> List[str]:
            return [
                row.find_elements("tag name", "td")[place].text
                for row in table.find_elements("css selector", "tbody tr")
            ]

        before = column(0)
        head = table.find_elements("css selector", "th button")[2]
        head.click()
        up = [float(text) for text in column(2)]
        head.click()
        down = [float(text) for text in column(2)]
        assert up == sorted(up) and down == sorted(up, reverse=True) and sorted(column(0)) == sorted(before)
        assert head.find_element("xpath", "..").get_attribute("aria-sort") == "descending"
        run = driver.find_element("id", "prelu_cnn-final")
        assert run.get_attribute("open") is None
        driver.find_element("css selector", 'a[href="#prelu_cnn-final"]').click()
        assert run.get_attribute("open") is not None
        assert run.find_element("css selector", "table.matrix").is_displayed()
        link = run.find_element("css selector", "li a").get_attribute("href")
        assert link.startswith(f"file://{tmp_path}/prelu_cnn/final/")
        assert driver.get_log("browser") == []
        driver.get(link)
        assert "result.json" in driver.page_source
    finally:
        driver.quit()


def test_the_kit_knows_the_folder_that_it_runs_from() -> None:
    from tf1_models.reproduce.runs import task

    assert task.environment()["PYTHONPATH"].split(os.pathsep)[0] == ROOT
