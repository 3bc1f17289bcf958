"""A manifest's settings give back the run that wrote it."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from tf1_models import registry
from tf1_models.checkpoints.source import experiment_of
from tf1_models.errors import InputError
from tf1_models.spec import identity
from tf1_models.storage.files import to_json


@pytest.mark.parametrize("report", registry.REPORTS)
def test_a_manifest_gives_back_the_run_whatever_its_convolutions(report: str) -> None:
    """What describes a row (the choices of its graph, the evaluation's batch) is no setting and must not be reset."""
    default = registry.experiment(report, registry.default_run(report), {})
    for convolutions in default.convolution_choices:
        row = registry.experiment(report, default.run, {"convolutions": convolutions, "seed": "3"})
        config = {"report": report, "run": row.run, "seed": 3, "identity": json.loads(to_json(identity(row)))}
        assert experiment_of({"config": config}) == row


def test_a_setting_that_the_identity_leaves_out_stood_at_its_default() -> None:
    """Not at the row's: the run was made with another value than the row has today."""
    row = registry.experiment("prelu_cnn", "final", {"schedule_stepped": "true"})
    assert "schedule_stepped" not in identity(row) and registry.experiment("prelu_cnn", "final", {}) != row
    found = experiment_of({"config": {"report": "prelu_cnn", "run": "final", "seed": 0, "identity": identity(row)}})
    assert found.schedule_stepped is True and found == row


@pytest.mark.parametrize(
    "report, change, words",
    [
        ("nine_conv", {"pixel_divisor": True}, "pixel_divisor has a value of another type"),  # True == 1.0
        ("course_models", {"net.kernels_px": [3.0, 3, 3, 2]}, "kernels_px has a value of another type"),
        ("bn_cnn", {"epochs": "30"}, "epochs has a value of another type"),
        ("bn_cnn", {"a_later_setting": 5}, "unknown to this version"),
    ],
)
def test_settings_of_other_types_or_versions_are_refused(report: str, change: Dict[str, Any], words: str) -> None:
    row = registry.experiment(report, registry.default_run(report))
    stored = json.loads(to_json(identity(row)))
    assert set(change) <= {*stored, "a_later_setting"}
    config = {"report": report, "run": row.run, "seed": row.seed, "identity": {**stored, **change}}
    with pytest.raises(InputError, match=words):
        experiment_of({"config": config})
