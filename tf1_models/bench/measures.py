"""The measurements of one report, each a section of the JSON document."""

from __future__ import annotations

import os
import shutil
from typing import Any, Callable, Dict, List, Optional

from tf1_models.bench import image_folder, interleave, plan, ratios
from tf1_models.bench.worker import NotRun, Worker

Say = Callable[[str], None]


class Images:
    """Image folders by size, written when they are first wanted."""

    def __init__(self, scratch: str, data: Optional[str]) -> None:
        self._scratch, self._data = scratch, data

    def folder(self, n_train: int, n_test: int) -> str:
        """A folder with that many images."""
        path = os.path.join(self._scratch, f"images-{n_train}-{n_test}")
        if not os.path.isdir(path):
            arrays = (
                image_folder.made_up(n_train, n_test)
                if self._data is None
                else image_folder.from_data(self._data, n_train, n_test)
            )
            image_folder.write(path, arrays)
        return path

    def clear(self) -> None:
        """Makes room: run folders and images of a measurement that is over."""
        for name in os.listdir(self._scratch):
            shutil.rmtree(os.path.join(self._scratch, name), ignore_errors=True)


def settings_of(
    report: str, measure: str, wishes: plan.Wishes, images: Images, n: Optional[int] = None
) -> Dict[str, Any]:
    """Settings of a measurement, its images written."""
    experiment = plan.experiment_of(report, wishes)
    found = plan.sizes(experiment, measure, wishes, n)
    folder = images.folder(found.folder_train, found.folder_test)
    return plan.settings(experiment, measure, wishes, folder, found)


def rates(report: str, measure: str, wishes: plan.Wishes, images: Images, say: Say) -> Dict[str, Any]:
    """step, epoch, evaluate and input: interleaved bursts."""
    say(f"{report}: {measure}")
    settings = settings_of(report, measure, wishes, images)
    workers = {peer: plan.worker(peer, settings, wishes) for peer in plan.peers_of(measure, wishes)}
    found = interleave.measure(
        workers, wishes.rounds, wishes.burst_s, say, measure == "epoch", wishes.tries, wishes.starts
    )
    images.clear()
    return {
        "unit": "images/s",
        "batch": settings["batch"],
        "n_train": settings["n_train"],
        "n_eval": settings["n_eval"],
        **found,
    }


def startup(report: str, wishes: plan.Wishes, images: Images, say: Say) -> Dict[str, Any]:
    """Seconds from a program's start to the end of its first training step; the kit's is the `train` command.

    Each program is started once before, so that its files are in the kernel's cache.
    """
    say(f"{report}: startup")
    settings = settings_of(report, "startup", wishes, images)
    found: Dict[str, List[float]] = {}
    peers: Dict[str, Any] = {}
    names = plan.peers_of("startup", wishes)
    for number in range(wishes.rounds + 1):
        for name in names if number % 2 == 0 else names[::-1]:
            if peers.get(name, {}).get("status") == "not run":
                continue
            worker = plan.worker(name, settings, wishes)
            peers[name] = interleave.start({name: worker}, say)[name]
            worker.close()
            if peers[name]["status"] == "ran" and number:
                found.setdefault(name, []).append(worker.started_s)
    for name, seconds in found.items():
        peers[name].update(seconds=seconds, **ratios.summary(seconds))
    images.clear()
    return {"unit": "s to first step", "peers": peers, "ratios": _lower_is_better(names, peers, "seconds")}


def memory(report: str, wishes: plan.Wishes, images: Images, say: Say) -> Dict[str, Any]:
    """Peak resident memory of a run over the whole training set, cut after eight steps, evaluation included."""
    say(f"{report}: memory")
    settings = settings_of(report, "memory", wishes, images)
    peers: Dict[str, Any] = {}
    names = plan.peers_of("memory", wishes)
    for name in names:
        worker = plan.worker(name, settings, wishes)
        peers[name] = interleave.start({name: worker}, say)[name]
        worker.close()
        if peers[name]["status"] == "ran":
            peers[name].update(megabytes=[peers[name]["peak_mb"]], **ratios.summary([peers[name]["peak_mb"]]))
    images.clear()
    return {
        "unit": "MB peak",
        "n_train": settings["n_train"],
        "peers": peers,
        "ratios": _lower_is_better(names, peers, "megabytes"),
    }


def _lower_is_better(names: List[str], peers: Dict[str, Any], key: str) -> Dict[str, Any]:
    """Peer over kit, so that above 1 the kit is the better one here, too."""
    ours = peers.get("kit", {}).get(key)
    if not ours:
        return {}
    return {
        name: ratios.paired(peers[name][key], ours) for name in names if name != "kit" and peers.get(name, {}).get(key)
    }


def slope(report: str, wishes: plan.Wishes, images: Images, say: Say) -> Dict[str, Any]:
    """Epoch seconds of the kit at three sizes, and of its first, second, … epoch: both should lie on a line."""
    say(f"{report}: slope")
    experiment = plan.experiment_of(report, wishes)
    workers: Dict[str, Worker] = {}
    totals: Dict[str, int] = {}
    for n in plan.slope_images(wishes, experiment.batch_size):
        settings = settings_of(report, "epoch", wishes, images, n)
        workers[str(settings["n_train"])] = plan.worker("kit", settings, wishes)
        totals[str(settings["n_train"])] = settings["n_train"]
    rounds = max(wishes.rounds, 3)
    found = interleave.measure(workers, rounds, wishes.burst_s, say, True, wishes.tries)["peers"]
    images.clear()
    ran = {name: row for name, row in found.items() if "unit_s" in row}
    if len(ran) < 2:
        return {"points": found, "fit": None, "by_epoch": None}
    points = [{"images": totals[name], "seconds": ratios.median(row["unit_s"])} for name, row in ran.items()]
    largest = max(ran, key=lambda name: totals[name])
    sums = [sum(ran[largest]["unit_s"][: k + 1]) for k in range(len(ran[largest]["unit_s"]))]
    return {
        "points": points,
        "fit": ratios.line_fit([p["images"] for p in points], [p["seconds"] for p in points]),
        "by_epoch": ratios.line_fit(list(range(1, len(sums) + 1)), sums),
    }


def asked(report: str, measure: str, wishes: plan.Wishes, images: Images) -> Dict[str, Any]:
    """One answer of `kit_graph`: "count" or "profile".

    Raises:
        NotRun: the reason.
    """
    settings = settings_of(report, "step", wishes, images)
    worker = Worker(measure, plan.program("kit_graph"), {**settings, "measure": measure})
    try:
        return worker.start(interleave.TIMEOUT_S)
    finally:
        worker.close()


def roofs(wishes: plan.Wishes, say: Say) -> Dict[str, Any]:
    """What the machine can do (see `peers.machine_speed`); {} where that fails."""
    say("machine: matrix product and memory bandwidth")
    settings = {
        "size": 512 if wishes.quick else 4096,
        "megabytes": 32 if wishes.quick else 256,
        "threads": wishes.threads,
        "repetitions": 2 if wishes.quick else 5,
    }
    worker = Worker("machine", plan.program("machine_speed"), settings)
    try:
        return worker.start(interleave.TIMEOUT_S)
    except NotRun as reason:
        say(f"  not measured ({reason})")
        return {}
    finally:
        worker.close()
