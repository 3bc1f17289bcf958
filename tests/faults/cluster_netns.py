"""A cluster on hosts of its own, members killed and cut off: python -m tests.faults.cluster_netns [--json FILE]

Chief, two workers and one parameter server, each in a network namespace with a veth pair to a bridge (needs root and
`ip`; installs nothing). `bn_cnn` on 48 made-up images, 32 steps, a checkpoint every 4. Each scenario disturbs the
training; afterwards the variables (slots, moving statistics and step counter among them) must be bit for bit those of
the undisturbed training. That can only be if no step was left out and none counted twice; the step counter in the last
checkpoint is compared as well, and every restart must continue from the checkpoint that was the last one then.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, Optional

from tests.cluster.local_cluster import LocalCluster, Nursery
from tests.cluster.network import Network
from tests.faults import fault_record
from tf1_models.checkpoints import saving
from tf1_models.session.tensorflow_setup import import_tensorflow

EPOCHS, STEPS_PER_EPOCH, SLOW_S, TIMEOUT_S = 8, 4, 0.1, 15.0
COUNTS = {"chief": 1, "worker": 2, "ps": 1}
CUT_S = 6.0


class Scenario:
    """What happens to one cluster, and what was seen of it."""

    def __init__(self, cluster: LocalCluster, network: Network, seed: int) -> None:
        self.cluster, self.network, self.random = cluster, network, random.Random(seed)
        self.restarts = 0
        self.faults = 0
        self.expected_resumes: List[int] = []

    def last_checkpoint(self) -> int:
        return saving.list_steps(self.cluster.run_folder())[0]

    def kill_and_restart(self, job: str, index: int = 0, after_s: float = 1.0) -> None:
        self.cluster.kill(job, index)
        self.faults += 1
        if job != "worker":
            self.expected_resumes.append(self.last_checkpoint())
        time.sleep(after_s)
        self.cluster.start(job, index)
        self.restarts += 1

    def cut_and_join(self, job: str, index: int = 0) -> None:
        self.network.cut(job, index)
        self.faults += 1
        time.sleep(CUT_S)
        self.network.join(job, index)

    def everyone_again(self) -> None:
        """After all members have left: the same commands on every host."""
        self.expected_resumes.append(self.last_checkpoint())
        self.cluster.start_all()
        self.restarts += len(self.cluster.members)


def undisturbed(scene: Scenario) -> None:
    """Nothing."""


def worker_killed(scene: Scenario) -> None:
    scene.cluster.until_step(6)
    scene.kill_and_restart("worker", 1)


def worker_killed_often(scene: Scenario) -> None:
    """Five kills at random moments: in the middle of a delivery too."""
    for step in (3, 8, 13, 18, 23):
        scene.cluster.until_step(step)
        time.sleep(scene.random.random() * 2 * SLOW_S)
        scene.kill_and_restart("worker", scene.random.randrange(2), after_s=0.0)


def worker_cut_off(scene: Scenario) -> None:
    scene.cluster.until_step(6)
    scene.cut_and_join("worker", 1)


def chief_killed(scene: Scenario) -> None:
    scene.cluster.until_step(7)
    scene.kill_and_restart("chief")


def chief_cut_off(scene: Scenario) -> None:
    scene.cluster.until_step(6)
    scene.cut_and_join("chief")


def server_killed(scene: Scenario) -> None:
    scene.cluster.until_step(7)
    scene.kill_and_restart("ps")


def worker_never_back(scene: Scenario) -> None:
    """The watchdog: everyone leaves with exit code 4 and names the worker; started again, training goes on."""
    scene.cluster.until_step(6)
    scene.cluster.kill("worker", 0)
    scene.faults += 1
    codes = scene.cluster.codes(TIMEOUT_S + 45)
    assert codes == {"ps 0": 4, "worker 0": -9, "worker 1": 4, "chief 0": 4}, codes
    words = f"worker 0 ({scene.cluster.jobs['worker'][0]}) has not answered for {TIMEOUT_S:.0f} s"
    for job, index in (("chief", 0), ("worker", 1), ("ps", 0)):
        assert words in scene.cluster.read(job, index), scene.cluster.all_words()
    scene.everyone_again()


def worker_cut_off_for_good(scene: Scenario) -> None:
    """Both sides of a cut that does not heal leave with exit code 4, and name whom they miss."""
    scene.cluster.until_step(6)
    scene.network.cut("worker", 1)
    scene.faults += 1
    codes = scene.cluster.codes(TIMEOUT_S + 60)
    assert set(codes.values()) == {4}, (codes, scene.cluster.all_words())
    jobs = scene.cluster.jobs
    assert f"worker 1 ({jobs['worker'][1]}) has not answered" in scene.cluster.read("chief"), scene.cluster.all_words()
    assert f"ps 0 ({jobs['ps'][0]}) has not answered" in scene.cluster.read("worker", 1), scene.cluster.all_words()
    scene.network.join("worker", 1)
    scene.everyone_again()


def chief_terminated(scene: Scenario) -> None:
    """SIGTERM on the chief: saved, everyone leaves with 130; started again, training goes on."""
    scene.cluster.until_step(6)
    scene.cluster.running["chief", 0].send(signal.SIGTERM)
    scene.faults += 1
    codes = scene.cluster.codes(45)
    assert set(codes.values()) == {130}, codes
    scene.everyone_again()


SCENARIOS: Dict[str, Callable[[Scenario], None]] = {
    "undisturbed": undisturbed,
    "one worker killed and restarted": worker_killed,
    "workers killed five times": worker_killed_often,
    "one worker cut off and rejoined": worker_cut_off,
    "chief killed and restarted": chief_killed,
    "chief cut off and rejoined": chief_cut_off,
    "parameter server killed and restarted": server_killed,
    "one worker gone for good, then all restarted": worker_never_back,
    "one worker cut off for good, then all restarted": worker_cut_off_for_good,
    "chief gets SIGTERM, then all restarted": chief_terminated,
}


def play(nursery: Nursery, folder: str, name: str, seed: int) -> Dict[str, Any]:
    """One scenario; returns its figures."""
    started = time.monotonic()
    with Network(COUNTS) as network, LocalCluster(
        nursery, folder, network.jobs(), ["--epochs", str(EPOCHS)], TIMEOUT_S, SLOW_S, network.namespace
    ) as cluster:
        scene = Scenario(cluster, network, seed)
        cluster.start_all()
        SCENARIOS[name](scene)
        codes = cluster.codes(120)
        assert set(codes.values()) == {0}, (codes, cluster.all_words())
        assert "Traceback" not in cluster.all_words(), cluster.all_words()
        steps, result, words = cluster.steps(), cluster.result(), cluster.all_words()
        resumes = [int(line.rsplit(" ", 1)[1]) for line in words.splitlines() if line.startswith("resuming at")]
        prefix = saving.prefix(cluster.run_folder(), result["steps"])
        return {
            "name": name,
            "faults": scene.faults,
            "restarts": scene.restarts,
            "steps_redone": len(steps) - len(set(steps)),
            "final_step": result["steps"],
            "step_counter": _step_counter(prefix),
            "variables_sha256": result["variables_sha256"],
            "resumed_from": resumes,
            "last_checkpoint_then": scene.expected_resumes,
            "all_steps_done": sorted(set(steps)) == list(range(1, EPOCHS * STEPS_PER_EPOCH + 1)),
            "said": sorted(
                {
                    line
                    for line in words.splitlines()
                    if line.startswith(("waiting for", "a call to", "ps 0 was restarted")) or " is there again" in line
                }
            ),
            "seconds": round(time.monotonic() - started, 1),
        }


def _step_counter(prefix: str) -> int:
    return int(import_tensorflow().train.load_checkpoint(prefix).get_tensor("global_step"))


def agrees(figures: Dict[str, Any], alone: Dict[str, Any]) -> bool:
    """Whether a disturbed training ended as the undisturbed one did."""
    return (
        figures["variables_sha256"] == alone["variables_sha256"]
        and figures["all_steps_done"]
        and figures["step_counter"] == figures["final_step"] == EPOCHS * STEPS_PER_EPOCH
        and figures["resumed_from"] == figures["last_checkpoint_then"]
    )


def table(rows: List[Dict[str, Any]]) -> str:
    """The fault table in Markdown."""
    lines = [
        "| scenario | faults | restarts | steps done again | lost beyond the last checkpoint | counted twice | "
        "final step | variables equal the undisturbed ones |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        beyond = sum(max(then - now, 0) for then, now in zip(row["last_checkpoint_then"], row["resumed_from"]))
        same = "bit for bit" if row["variables_sha256"] == rows[0]["variables_sha256"] else "NO"
        lines.append(
            f"| {row['name']} | {row['faults']} | {row['restarts']} | {row['steps_redone']} | {beyond} | "
            f"{row['step_counter'] - EPOCHS * STEPS_PER_EPOCH} | {row['final_step']} | {same} |"
        )
    return "\n".join(lines)


def main(words: Optional[List[str]] = None) -> int:
    """Plays the scenarios; exit 1 when one did not end as the undisturbed training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    args = parser.parse_args(words)
    if os.geteuid() != 0:
        raise SystemExit("network namespaces need root")
    started, nursery = time.monotonic(), Nursery()
    rows: List[Dict[str, Any]] = []
    places: List[fault_record.Place] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name in ["undisturbed", *(name for name in args.only if name != "undisturbed")]:
                figures = play(nursery, os.path.join(folder, str(len(rows))), name, args.seed)
                rows.append(figures)
                place = fault_record.Place(name)
                place.add("survived" if agrees(figures, rows[0]) else "lost", figures["faults"])
                places.append(place)
                print(f"{name}: {figures['seconds']} s, {figures}", file=sys.stderr, flush=True)
    finally:
        nursery.close()
    details = {
        "hosts": COUNTS,
        "steps": EPOCHS * STEPS_PER_EPOCH,
        "steps_between_checkpoints": STEPS_PER_EPOCH,
        "timeout_s": TIMEOUT_S,
        "cut_s": CUT_S,
        "scenarios": rows,
        "table": table(rows).splitlines(),
    }
    print(table(rows))
    record = fault_record.document(
        "python -m tests.faults.cluster_netns",
        import_tensorflow().__version__,
        places,
        time.monotonic() - started,
        details,
    )
    return fault_record.finish(record, args.json)


if __name__ == "__main__":
    sys.exit(main())
