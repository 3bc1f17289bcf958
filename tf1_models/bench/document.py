"""A whole benchmark: every wished-for section, one JSON document."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any, Callable, Dict, List

from tf1_models.bench import machine, measures, plan, ratios, roofline
from tf1_models.bench.worker import NotRun
from tf1_models.doctor.child import environment

SCHEMA = 1
# verbs whose wall time is measured beside the reports'
_LIGHT = {"help": ["--help"], "list": ["list"]}


def light_verbs(rounds: int) -> Dict[str, Any]:
    """Wall seconds of `--help` and `list`, a fresh process each, after one that warms the file cache."""
    found: Dict[str, List[float]] = {name: [] for name in _LIGHT}
    for number in range(rounds + 1):
        for name, words in _LIGHT.items():
            since = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "tf1_models", *words], env=environment(), check=True, stdout=subprocess.DEVNULL
            )
            if number:
                found[name].append(time.perf_counter() - since)
    return {name: ratios.summary(seconds) for name, seconds in found.items()}


def of_report(
    report: str, wishes: plan.Wishes, images: measures.Images, roofs: Dict[str, Any], say: Callable[[str], None]
) -> Dict[str, Any]:
    """The sections of one report."""
    experiment = plan.experiment_of(report, wishes)
    found: Dict[str, Any] = {
        "run": experiment.run,
        "batch": experiment.batch_size,
        "original": plan.ORIGINAL[report],
        "changes": wishes.changes,
    }
    for measure in wishes.measures:
        if measure == "startup":
            found[measure] = measures.startup(report, wishes, images, say)
        elif measure == "memory":
            found[measure] = measures.memory(report, wishes, images, say)
        elif measure == "slope":
            found[measure] = measures.slope(report, wishes, images, say)
        elif measure != "input" or report == "alexnet_bn":  # the others' input is the epoch's
            found[measure] = measures.rates(report, measure, wishes, images, say)
    if {"step", "evaluate"} & set(wishes.measures) and "kit" in wishes.peers:
        try:
            found["work"] = measures.asked(report, "count", wishes, images)["work"]
        except NotRun as reason:
            say(f"  FLOPs not counted ({reason})")
        images.clear()
        for measure in ("step", "evaluate"):
            rate = found.get(measure, {}).get("peers", {}).get("kit", {}).get("median")
            if rate and "work" in found:
                found[measure]["roofline"] = roofline.share(rate, found["work"][measure], roofs)
    for measure in ("step", "epoch", "evaluate"):
        if measure in found:
            others = [name for name in wishes.peers if not name.startswith("kit")]
            name, ratio = ratios.best_peer(found[measure]["ratios"], others)
            found[measure]["best_peer"] = {"peer": name or None, "ratio": ratio or None}
    return found


def measure_all(
    wishes: plan.Wishes, images: measures.Images, say: Callable[[str], None], keep: Callable[[Dict[str, Any]], None]
) -> Dict[str, Any]:
    """Everything.

    Args:
        wishes: What to measure.
        images: Where the images come from.
        say: Progress for people.
        keep: Called with the document after each report, so that a long run that is broken off leaves what it has.
    """
    since = time.time()
    document: Dict[str, Any] = {
        "schema": SCHEMA,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since)),
        "seconds": None,
        "quick": wishes.quick,
        "rounds": wishes.rounds,
        "starts": wishes.starts,
        "burst_s": wishes.burst_s,
        "threads": wishes.threads,
        "measures": list(wishes.measures),
        "peers": list(wishes.peers),
        "machine": machine.describe(),
        "roofs": {},
        "verbs": None,
        "reports": {},
    }
    if {"step", "evaluate"} & set(wishes.measures):
        document["roofs"] = measures.roofs(wishes, say)
    if "startup" in wishes.measures:
        say("machine: start of the light verbs")
        document["verbs"] = light_verbs(wishes.rounds)
    for report in wishes.reports:
        document["reports"][report] = of_report(report, wishes, images, document["roofs"], say)
        document["seconds"] = round(time.time() - since, 1)
        keep(document)
    return document
