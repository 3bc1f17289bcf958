"""Choices for one report, measured beside each other: XLA, oneDNN, thread pools; and the batch of an evaluation."""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

from tf1_models import registry
from tf1_models.bench import interleave, plan
from tf1_models.bench.measures import Images, settings_of
from tf1_models.bench.worker import Worker

EVAL_BATCHES = (0.4, 1, 2, 4, 8)  # times the report's own
_JIT = {"TF_XLA_FLAGS": "--tf_xla_cpu_global_jit"}  # without it XLA leaves the processor alone


def choices(threads: int) -> Dict[str, Tuple[Dict[str, Any], Dict[str, str]]]:
    """Name -> settings and environment; the first is what the others are compared with."""
    found: Dict[str, Tuple[Dict[str, Any], Dict[str, str]]] = {"as it is": ({}, {})}
    for xla in (False, True):
        for onednn in ("0", "1"):
            name = f"XLA {'on' if xla else 'off'}, oneDNN {'on' if onednn == '1' else 'off'}"
            found[name] = ({"xla": xla}, {"TF_ENABLE_ONEDNN_OPTS": onednn, **(_JIT if xla else {})})
    for intra in sorted({1, threads}):
        for inter in sorted({1, threads}):
            found[f"intra {intra}, inter {inter}"] = ({"intra": intra, "inter": inter}, {})
    return found


def training(report: str, wishes: plan.Wishes, images: Images, say: Callable[[str], None]) -> Dict[str, Any]:
    """images/s of the kit's training step under each choice; `ratios` are "as it is" over the choice."""
    say(f"{report}: candidates of the training step")
    settings = settings_of(report, "step", wishes, images)
    workers = {
        name: Worker(name, plan.program("kit_graph"), {**settings, **own}, variables)
        for name, (own, variables) in choices(wishes.threads).items()
    }
    return {"unit": "images/s", **interleave.measure(workers, wishes.rounds, wishes.burst_s, say, tries=wishes.tries)}


def evaluation(report: str, wishes: plan.Wishes, images: Images, say: Callable[[str], None]) -> Dict[str, Any]:
    """images/s of the kit's evaluation by batch size."""
    say(f"{report}: candidates of the evaluation's batch")
    settings = settings_of(report, "evaluate", wishes, images)
    own = registry.experiment(report, registry.default_run(report)).eval_batch_size
    sizes = [round(share * own) for share in EVAL_BATCHES] if not wishes.quick else [10, 20]
    workers = {}
    for size in sizes:
        asked = {"candidate_eval_batch": size, "eval_images": max(sizes)}
        workers[f"batch {size}"] = Worker(f"batch {size}", plan.program("kit_graph"), {**settings, **asked})
    return {"unit": "images/s", **interleave.measure(workers, wishes.rounds, wishes.burst_s, say, tries=wishes.tries)}


def both(report: str, wishes: plan.Wishes, images: Images, say: Callable[[str], None]) -> Dict[str, Any]:
    """The two tables."""
    found = {
        "report": report,
        "training": training(report, wishes, images, say),
        "evaluation": evaluation(report, wishes, images, say),
    }
    images.clear()
    return found
