"""Points from scores: linear between floor and ceiling, steps, or percentile of the class."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from typing import Any, Dict, List, Optional, Sequence, Tuple

from tf1_models.errors import InputError, Refused
from tf1_models.grading.statistics.bootstrap import METRICS
from tf1_models.grading.submissions.opening import read_regular

_FIELDS = ("metric", "max_points", "tolerance", "round", "linear", "steps", "percentile")
_RULES = ("linear", "steps", "percentile")


@dataclasses.dataclass(frozen=True)
class Rubric:
    """How scores become points.

    Attributes:
        rule: "linear", "steps" or "percentile".
        max_points: Full points.
        metric: Metric it asks for, None leaves it to `--metric`.
        tolerance: Added to a score before it is compared with floor, ceiling or a step (not for percentiles).
        digits: Decimals of the points.
        floor, ceiling: Scores of the linear rule; a ceiling of None is the reference's value.
        floor_points: Points at the floor; below it, 0.
        steps: (score or percentile, points), ascending; the highest one reached gives the points, none gives 0.
    """

    rule: str = "linear"
    max_points: float = 100.0
    metric: Optional[str] = None
    tolerance: float = 0.0
    digits: int = 2
    floor: float = 0.0
    ceiling: Optional[float] = 1.0
    floor_points: float = 0.0
    steps: Tuple[Tuple[float, float], ...] = ()

    def describe(self, ceiling: float) -> Dict[str, Any]:
        """The rule as the record keeps it."""
        out: Dict[str, Any] = {"rule": self.rule, "max_points": self.max_points, "round": self.digits}
        if self.rule == "linear":
            out.update(floor=self.floor, ceiling=ceiling, floor_points=self.floor_points)
        else:
            out["steps"] = [{"at": at, "points": points} for at, points in self.steps]
        return out

    def points(self, values: Sequence[float], tolerance: float, ceiling: float) -> List[float]:
        """Points of the whole class.

        Args:
            values: Scores of every submission that counts.
            tolerance: See the attribute; the command line's takes its place.
            ceiling: Score of full points under the linear rule.

        Returns:
            One number per score.
        """
        if self.rule == "percentile":
            # share of the class at or below: the best has 100, equal scores have equal points
            ordered = sorted(values)
            return [self._step(100.0 * _at_or_below(ordered, value) / len(values)) for value in values]
        if self.rule == "steps":
            return [self._step(value + tolerance) for value in values]
        return [self._linear(value + tolerance, ceiling) for value in values]

    def _step(self, value: float) -> float:
        reached = [points for at, points in self.steps if value >= at - 1e-12]
        return round(reached[-1], self.digits) if reached else 0.0

    def _linear(self, value: float, ceiling: float) -> float:
        if value >= ceiling - 1e-12:
            return round(self.max_points, self.digits)
        if value < self.floor - 1e-12:
            return 0.0
        share = (value - self.floor) / (ceiling - self.floor)
        return round(self.floor_points + max(0.0, share) * (self.max_points - self.floor_points), self.digits)


def _at_or_below(ordered: List[float], value: float) -> int:
    import bisect

    return bisect.bisect_right(ordered, value + 1e-12)


def load_rubric(path: str) -> Rubric:
    """Reads a rubric file: JSON, or TOML where Python reads it (3.11).

    Raises:
        InputError: unreadable, or a field is unknown, missing or out of range; all such fields are named at once.
    """
    try:
        text = read_regular(os.path.realpath(path)).decode("utf-8-sig")
    except (Refused, UnicodeDecodeError) as error:
        raise InputError(f"rubric {path}: {error}") from None
    value = _parse(path, text)
    return make_rubric(value, f"rubric {path}")


def _parse(path: str, text: str) -> Any:
    if path.lower().endswith(".toml"):
        try:
            import tomllib  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise InputError(f"rubric {path}: this Python reads no TOML (3.11 does); write it as JSON") from None
        try:
            return tomllib.loads(text)
        except ValueError as error:
            raise InputError(f"rubric {path}: not valid TOML: {error}") from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"rubric {path}: not valid JSON: {error}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def make_rubric(value: Any, where: str) -> Rubric:
    """A rubric from a parsed document; see `load_rubric`."""
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object with one of {', '.join(_RULES)}")
    wrong = [f"unknown field {key!r} (known: {', '.join(_FIELDS)})" for key in value if key not in _FIELDS]
    rules = [rule for rule in _RULES if rule in value]
    if len(rules) != 1:
        wrong.append(f"exactly one of {', '.join(_RULES)} is needed; found {len(rules)}")
    if value.get("metric") not in (None,) + METRICS:
        wrong.append(f"metric must be one of {', '.join(METRICS)}")
    fields: Dict[str, Any] = {"metric": value.get("metric")}
    for name, low, default in (("max_points", 0.0, 100.0), ("tolerance", 0.0, 0.0)):
        number = value.get(name, default)
        if not _is_number(number) or number < low:
            wrong.append(f"{name} must be a number of at least {low:g}")
        else:
            fields[name] = float(number)
    digits = value.get("round", 2)
    if type(digits) is not int or not 0 <= digits <= 6:
        wrong.append("round must be a whole number 0 to 6")
    fields["digits"] = digits
    if len(rules) == 1:
        fields["rule"] = rules[0]
        body = value[rules[0]]
        wrong += _linear(body, fields) if rules[0] == "linear" else _steps(body, rules[0], fields)
    if wrong:
        raise InputError(f"{where}: " + "; ".join(wrong))
    return Rubric(**fields)


def _linear(body: Any, fields: Dict[str, Any]) -> List[str]:
    if not isinstance(body, dict) or set(body) - {"floor", "ceiling", "floor_points"}:
        return ["linear must be an object of floor, ceiling and floor_points"]
    floor, ceiling, floor_points = body.get("floor", 0.0), body.get("ceiling", 1.0), body.get("floor_points", 0.0)
    if not _is_number(floor) or not (ceiling == "reference" or _is_number(ceiling)):
        return ["linear needs numbers: floor, and ceiling (or 'reference')"]
    if not 0 <= floor < 1 or (ceiling != "reference" and not floor < ceiling <= 1):
        return ["linear needs 0 <= floor < ceiling <= 1 (fractions, not percent)"]
    if not _is_number(floor_points) or not 0 <= floor_points <= fields.get("max_points", math.inf):
        return ["floor_points must lie between 0 and max_points"]
    fields.update(floor=float(floor), floor_points=float(floor_points))
    fields["ceiling"] = None if ceiling == "reference" else float(ceiling)
    return []


def _steps(body: Any, rule: str, fields: Dict[str, Any]) -> List[str]:
    top = 1.0 if rule == "steps" else 100.0
    if not isinstance(body, list) or not body:
        return [f"{rule} must be a list of {{at, points}}"]
    steps = []
    for step in body:
        if not isinstance(step, dict) or set(step) != {"at", "points"} or not all(map(_is_number, step.values())):
            return [f"{rule} must be a list of {{at, points}}, both numbers"]
        if not 0 <= step["at"] <= top or not 0 <= step["points"] <= fields.get("max_points", math.inf):
            return [f"{rule}: at must lie in 0…{top:g} and points in 0…max_points"]
        steps.append((float(step["at"]), float(step["points"])))
    fields["steps"] = tuple(sorted(steps))
    return []
