"""First-step gradients of a cluster beside one machine's: python -m tests.cluster.gradient_difference [--json FILE]

Two or three computing members and one or two parameter servers on 127.0.0.1, all in this process, a thread each; what
is compared is what the optimizer is given: the members' shares added up on the parameter servers, and the gradient that
the single-machine graph computes of the whole batch. The number is the norm of the difference, over all variables,
divided by the norm of the gradient. Variables after one step of the kit's optimizers are compared as well.

One member delivers twice before the step, as if it had been restarted, and once more after it, as if it had been cut
off: neither may count.

Batch norm normalises with each member's own statistics, a stated difference; nets that have it are compared with the
moving statistics in its place (is_training fed False), which leaves everything else of the net in the comparison.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from typing import Any, Dict, List, Tuple

import numpy as np

from tests.cluster.local_cluster import addresses
from tests.conftest import make_dataset
from tf1_models import registry
from tf1_models.cluster import board as boards
from tf1_models.cluster import server as servers
from tf1_models.cluster.configuration import Cluster, Member
from tf1_models.cluster.slices import slice_of
from tf1_models.output.progress import Log

# report, settings, rows of the batch, workers beside the chief, parameter servers
CASES: Dict[str, Tuple[str, Dict[str, str], int, int, int]] = {
    "nine_conv, the report's batch": ("nine_conv", {}, 128, 2, 1),
    "nine_conv, even slices": ("nine_conv", {"keep_prob": "0.7"}, 16, 1, 1),
    "nine_conv, uneven slices, two ps": ("nine_conv", {"keep_prob": "0.7"}, 13, 2, 2),
    # raw pixels make logits in the hundreds, whose float32 rounding alone can pass 1e-6 in a batch of two
    "nine_conv / 255, fewer rows than members": ("nine_conv", {"keep_prob": "0.7", "pixel_divisor": "255"}, 2, 2, 1),
    "nine_conv, torch_adam": ("nine_conv", {"keep_prob": "0.7", "optimizer": "torch_adam"}, 7, 1, 1),
    "nine_conv, shallow, pool dropout": ("nine_conv:shallow", {}, 9, 1, 1),
    "prelu_cnn": ("prelu_cnn", {}, 13, 2, 1),
    "prelu_cnn, acting channel dropout": ("prelu_cnn", {"dropout_acts": "true", "keep_prob": "0.65"}, 13, 1, 2),
    "prelu_cnn, rrelu, torch_rmsprop": ("prelu_cnn", {"activation": "rrelu", "optimizer": "torch_rmsprop"}, 9, 1, 1),
    "course_models": ("course_models", {}, 13, 2, 1),
}
QUICK = ("nine_conv, uneven slices, two ps", "prelu_cnn, acting channel dropout")


def experiment_of(name: str, settings: Dict[str, str]) -> Any:
    """A row by `report` or `report:run`."""
    report, _, run = name.partition(":")
    return registry.experiment(report, run or registry.default_run(report), settings)


def compare(tf: Any, case: str) -> Dict[str, Any]:
    """One case's figures."""
    from tf1_models.cluster import member_graph
    from tf1_models.training.training_graph import build_training, training_feed

    name, settings, n_rows, n_workers, n_servers = CASES[case]
    row = experiment_of(name, settings)
    data = make_dataset(160)
    batch = np.arange(n_rows) + 5
    rate, step = row.learning_rate, 0
    # ---- one machine -------------------------------------------------------------------------------------------------
    with tf.Graph().as_default():
        graph = build_training(row)
        gradients = tf.gradients(graph.handles.loss, tf.trainable_variables())
        named = {v.op.name: g for g, v in zip(gradients, tf.trainable_variables()) if g is not None}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            start = session.run({v.op.name: v for v in tf.global_variables()})
            feed = {**training_feed(graph, row, data, batch, 0, step), graph.learning_rate: rate}
            if graph.handles.is_training is not None:
                feed[graph.handles.is_training] = False
            alone = session.run(named, feed)
            values = session.run(graph.fetches, feed)
            after = session.run({v.op.name: v for v in tf.global_variables()})
    # ---- the cluster -------------------------------------------------------------------------------------------------
    jobs = addresses(n_workers, n_servers)
    members = tuple(
        Member(job, index, address)
        for job in ("chief", "worker", "ps")
        for index, address in enumerate(jobs.get(job, []))
    )
    sides = {m: servers.Server(tf, Cluster(members, m, 60.0), 1, False, Log(True)) for m in members}
    home = next(m for m in members if m.job == "ps")
    boards.Board(sides[home]).make()
    computing = Cluster(members, home, 60.0).computing
    graphs = {m: member_graph.build(row, Cluster(members, m, 60.0)) for m in computing}
    tick = boards.TERM
    chief = graphs[computing[0]].chief
    sessions = {m: sides[m].session(graphs[m].graph) for m in computing}
    leader = sessions[computing[0]]
    for variable, value in start.items():
        op, fed = chief.assign[variable]
        leader.run(op, {fed: value})
    leader.run(chief.set_tick, {graphs[computing[0]].tick: tick})

    def deliver(place: int) -> None:
        member = graphs[computing[place]]
        part = slice_of(n_rows, len(computing), place)
        feed = training_feed(member, row, data, batch[part.start : part.stop], 0, step)
        if member.handles.is_training is not None:
            feed[member.handles.is_training] = False
        feed.update(member.delivery_feed(part, n_rows, tick))
        sessions[computing[place]].run(member.deliver, feed)

    threads = [threading.Thread(target=deliver, args=(place,)) for place in range(len(computing))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver(len(computing) - 1)  # as a member would that was restarted in the middle: must change nothing
    feed = {graphs[computing[0]].tick: tick, chief.learning_rate: rate}
    _, together, sums = leader.run([chief.apply, [g for g, _ in chief.gradients], chief.sums], feed)
    found = {v.op.name: g for (_, v), g in zip(chief.gradients, together)}
    stepped = leader.run(chief.variables)
    deliver(len(computing) - 1)  # as one that was cut off: of a step that is over, so dropped
    stale = sum(leader.run(chief.counts))
    assert sorted(found) == sorted(alone), (sorted(found), sorted(alone))
    trained = [name for name in after if name in alone]
    return {
        "case": case,
        "rows": n_rows,
        "computing": len(computing),
        "ps": n_servers,
        "gradient_difference": _norm(found[k].astype(np.float64) - alone[k] for k in alone)
        / _norm(g.astype(np.float64) for g in alone.values()),
        "after_one_step_difference": _norm(stepped[k].astype(np.float64) - after[k] for k in trained)
        / _norm(after[k].astype(np.float64) - start[k] for k in trained),
        "data_loss_difference": abs(float(sums[0]) - float(values["data_loss"])),
        "stale_gradients_kept": int(stale),
        "n_correct_equal": int(round(float(sums[1]))) == int(values["n_correct"]),
    }


def _norm(parts: Any) -> float:
    return float(np.sqrt(sum(float(np.sum(np.square(part, dtype=np.float64))) for part in parts)))


def main(words: List[str]) -> int:
    """Prints a table; exit 1 when a gradient differs by more than 1e-6 of its norm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"only: {'; '.join(QUICK)}")
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    args = parser.parse_args(words)
    tf = servers.import_tensorflow(show_log=False)
    rows = []
    print("| case | rows | members | ps | gradient, of its norm | step, of its norm | mean loss |")
    print("|---|---|---|---|---|---|---|")
    for case in QUICK if args.quick else CASES:
        figures = compare(tf, case)
        rows.append(figures)
        print(
            f"| {case} | {figures['rows']} | {figures['computing']} | {figures['ps']} "
            f"| {figures['gradient_difference']:.1e} | {figures['after_one_step_difference']:.1e} "
            f"| {figures['data_loss_difference']:.1e} |",
            flush=True,
        )
    worst = max(figures["gradient_difference"] for figures in rows)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as stream:
            json.dump(
                {"schema": 1, "tensorflow": tf.__version__, "bound": 1e-6, "worst": worst, "cases": rows},
                stream,
                indent=1,
            )
            stream.write("\n")
    right = all(figures["n_correct_equal"] and figures["stale_gradients_kept"] == 0 for figures in rows)
    return 0 if worst <= 1e-6 and right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
