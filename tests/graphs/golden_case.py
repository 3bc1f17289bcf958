"""What the reports' golden tests share: a run's record held to a golden file, the bounds, the row of the table."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional

import numpy as np

from tests.graphs.graph_record import golden, graph_record
from tests.oracles import reference
from tf1_models import registry

DTYPES = ("float64", "float32")
# dtype -> largest `reference.Errors`: forward, gradients, ten_steps (float32: the loss after one step)
BOUNDS = {"float64": (1e-9, 1e-9, 1e-7), "float32": (1e-5, 1e-5, 1e-5)}
# dtype -> largest `zero_ratio/<bias>`: what is left of a gradient that is 0, over the norm of its kernel's
ZERO_RATIO = {"float64": 1e-13, "float32": 1e-6}


class Comparison(NamedTuple):
    """One case of a golden file, and what this kit computed.

    Attributes:
        report: Report id.
        case: Name of the golden file without its dtype.
        golden: The golden file.
        actual: `reference.record` of the kit's graph, with `eval_logits` and `zero_ratio/<bias>` where it has them.
        errors: Of `actual` against `golden`.
    """

    report: str
    case: str
    golden: Mapping[str, np.ndarray]
    actual: Mapping[str, np.ndarray]
    errors: reference.Errors

    def row(self) -> Dict[str, Any]:
        """The case's row for `tests.oracles.oracle_table`."""
        errors = {name: getattr(self.errors, name) for name in ("forward", "gradients", "ten_steps")}
        facts = {name: str(self.golden[name]) for name in ("oracle", "dtype")}
        return {"report": self.report, "case": self.case, **facts, **errors}

    def check(self, after_one_step: float = BOUNDS["float32"][2]) -> None:
        """Raises AssertionError where an error is not below its bound.

        Args:
            after_one_step: float32's bound on the loss after one step.
        """
        dtype = str(self.golden["dtype"])
        forward, gradients, ten_steps = BOUNDS[dtype]
        assert self.errors.forward < forward and self.errors.gradients < gradients, self.errors
        assert self.errors.ten_steps < (ten_steps if dtype == "float64" else after_one_step), self.errors
        for key, ratio in self.actual.items():
            if key.startswith("zero_ratio/"):
                assert float(ratio) < ZERO_RATIO[dtype], key
        if dtype == "float64":
            np.testing.assert_allclose(self.actual["losses"], self.golden["losses"], rtol=1e-7)
            if "eval_logits" in self.golden:  # evaluation mode after ten steps: the running statistics at work
                expected = self.golden["eval_logits"]
                bound = 1e-7 * np.abs(expected).max()
                np.testing.assert_allclose(self.actual["eval_logits"], expected, rtol=0, atol=bound)


def compare(
    report: str, case: str, dtype: str, compute: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
) -> Comparison:
    """Reads a golden file, has its case computed, compares.

    Args:
        report: Report id.
        case: Name of the golden file without its dtype.
        dtype: "float64" or "float32".
        compute: From the golden file to the kit's record.
    """
    expected = golden(report, case, dtype)
    actual = compute(expected)
    return Comparison(report, case, expected, actual, reference.difference(expected, actual))


def compare_run(
    tf: Any, report: str, case: str, dtype: str, run: str, overrides: Optional[Dict[str, str]] = None
) -> Comparison:
    """`compare` with the graph of a run by `graph_record`: the golden file's batch in the run's scale."""

    def compute(expected: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        divisor = registry.experiment(report, run).pixel_divisor
        n_images, first = len(expected["logits"]), int(expected["first_image"])
        return graph_record(tf, report, run, dtype, n_images, divisor, overrides=overrides, first_image=first)

    return compare(report, case, dtype, compute)
