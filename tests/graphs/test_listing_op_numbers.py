"""seed_stream=report: nine_conv starts with the bytes that TensorFlow 1.13.2 gives its report's program; both lanes."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import Any, Dict

import pytest

from tests.conftest import ROOT
from tests.graphs.graph_record import GOLDEN
from tests.graphs.test_initial_values import ORACLE, initial_digests, stored
from tf1_models import registry
from tf1_models.errors import UsageError
from tf1_models.experiments.nine_conv import NineConvNet
from tf1_models.spec import identity, settings

REPORT = {"seed_stream": "report"}


def golden(version: str) -> Dict[str, Any]:
    with open(os.path.join(GOLDEN, "nine_conv_op_seeds", f"tensorflow_{version}.json"), encoding="utf-8") as stream:
        found: Dict[str, Any] = json.load(stream)
    return found


def seeds_of_initial_values(tf: Any, run: str = "final", overrides: Dict[str, str] = REPORT) -> Dict[str, Any]:
    """Variable -> (graph's seed, op's seed) of the random op that draws its initial value."""
    with tf.Graph().as_default() as graph:
        registry.graph("nine_conv", run, overrides).build()
        assert graph.seed is None, "the graph keeps the seed of whoever builds it"
        return {
            op.name.split("/")[0]: (op.get_attr("seed"), op.get_attr("seed2"))
            for op in graph.get_operations()
            if op.type == "RandomUniform" and "/Initializer/" in op.name
        }


@pytest.mark.tf
def test_the_op_seeds_are_those_of_the_reports_tensorflow(tf: Any) -> None:
    expected = {name: (51, seed) for name, seed in golden("1.13.2")["op_seeds"].items() if "dropout" not in name}
    assert seeds_of_initial_values(tf) == expected and len(expected) == 24


@pytest.mark.tf
def test_the_initial_values_are_those_of_the_reports_tensorflow(tf: Any) -> None:
    assert initial_digests(tf, "nine_conv", "final", overrides=REPORT) == golden("1.13.2")["sha256"]
    named = stored(ORACLE)["nine_conv/final"]
    assert not set(named.values()) & set(golden("1.13.2")["sha256"].values())


def test_tensorflow_1_15_gives_others_behind_the_first_dropout() -> None:
    one, other = (golden(version) for version in ("1.13.2", "1.15.5"))
    assert one["ops_before_the_layers"] == other["ops_before_the_layers"] == 16
    for kind in ("op_seeds", "sha256"):
        differing = {name for name in one[kind] if one[kind][name] != other[kind][name] and "dropout" not in name}
        assert differing == {"W_fc2", "b_fc2", "W_fc3", "b_fc3"}


@pytest.mark.tf
def test_one_op_more_before_the_layers_changes_every_value(tf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """How far the values depend on what the report does not print."""
    from tf1_models.graphs.parts import listing_op_numbers

    monkeypatch.setattr(listing_op_numbers, "OPS_BEFORE_THE_LAYERS", 17)
    expected = {name: (51, seed + 1) for name, seed in golden("1.13.2")["op_seeds"].items() if "dropout" not in name}
    assert seeds_of_initial_values(tf) == expected
    found = initial_digests(tf, "nine_conv", "final", overrides=REPORT)
    assert not set(found.values()) & set(golden("1.13.2")["sha256"].values())


@pytest.mark.tf
def test_the_real_1_15_still_derives_the_stored_seeds(tf: Any) -> None:
    if not tf.__version__.startswith("1.15"):
        pytest.skip("needs TensorFlow 1.15")
    expected = golden("1.15.5")["op_seeds"]
    for more in (0, 3):  # a process of its own: the kit's resource variables are other ops than the program's
        words = [sys.executable, "-W", "ignore", "-m", "tests.oracles.make_nine_conv_op_seeds", str(more)]
        said = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        text = said.stdout.decode().splitlines()[-1]
        assert text.startswith(f"TensorFlow {tf.__version__}, {16 + more} ops before the layers: ")
        assert json.loads(text[text.index("{") :]) == {name: seed + more for name, seed in expected.items()}


@pytest.mark.tf
@pytest.mark.parametrize(
    "run, first_changed", [("single_fc", "W_fc"), ("without_conv9", "W_fc1"), ("without_conv256_a", "W7")]
)
def test_an_ablation_leaves_its_statements_out(tf: Any, run: str, first_changed: str) -> None:
    final, found = seeds_of_initial_values(tf), seeds_of_initial_values(tf, run)
    changed = [name for name in found if found[name] != final.get(name)]
    assert changed[0] == first_changed and len(changed) < len(found)


@pytest.mark.tf
def test_another_run_seed_is_another_seed_of_the_graph(tf: Any) -> None:
    found = seeds_of_initial_values(tf, overrides={**REPORT, "seed": "7"})
    assert {pair[0] for pair in found.values()} == {7}


def test_it_is_off_by_default_and_then_no_part_of_a_runs_identity() -> None:
    row = registry.experiment("nine_conv", "final")
    assert row.net.seed_stream == "named" and settings(row)["net.seed_stream"] == "named"
    assert "net.seed_stream" not in identity(row)
    assert identity(registry.experiment("nine_conv", "final", REPORT))["net.seed_stream"] == "report"
    assert {field.name: field.default for field in dataclasses.fields(NineConvNet)}["seed_stream"] == "named"


def test_where_the_order_is_not_known_it_is_refused() -> None:
    with pytest.raises(UsageError, match="seed_stream=report is for the final listing and its ablations"):
        registry.experiment("nine_conv", "shallow_dropout", REPORT)
    with pytest.raises(UsageError, match="seed_stream"):
        registry.experiment("bn_cnn", "final", REPORT)
