"""Checkpoints across versions and kinds of variable: python -m tests.faults.cross_read [--json FILE]

A registry graph with its optimizer is trained for three steps and saved by a plain tf.train.Saver on TensorFlow 1.15.5
and on 2.21, with reference and with resource variables; each of the four then reads all four checkpoints. Every
variable, slots and step included, must hold the bytes that the writer held, and the loss of a batch must be within
1e-5. The interpreters are given by --python-tf115 and --python-tf221, or TF1_MODELS_PYTHON_TF115 and _TF221.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from tests.conftest import ROOT, make_dataset
from tests.faults import fault_record
from tests.faults.fault_record import Place

KINDS = {"ref": "VariableV2", "resource": "VarHandleOp"}
TOLERANCE = 1e-5
NAMES = (
    "the writer's TensorFlow and kind of variable",
    "the other kind of variable",
    "the other TensorFlow",
    "the other TensorFlow and kind of variable",
)


def _graph(report: str, kind: str, seed: int) -> Tuple[Any, Any, Any, Any]:
    """(TensorFlow, graph handles, experiment, feed of one batch) with one kind of variable, in the default graph."""
    from tf1_models import registry
    from tf1_models.session.tensorflow_setup import import_tensorflow
    from tf1_models.training import schedules, training_graph

    tf = import_tensorflow()
    if kind == "ref":
        tf.disable_resource_variables()
    settings = {"seed": str(seed), "batch_size": "8"}
    experiment = registry.experiment(report, registry.default_run(report), settings)
    graph = training_graph.build_training(experiment)
    found = {variable.op.type for variable in tf.global_variables()}
    if found != {KINDS[kind]}:
        raise SystemExit(f"{kind} variables are {found}")
    feed = training_graph.training_feed(graph, experiment, make_dataset(), np.arange(8), 0, 0)
    feed[graph.learning_rate] = schedules.learning_rate(experiment, 0)
    return tf, graph, experiment, feed


def _loss(session: Any, graph: Any, feed: Dict[Any, Any]) -> float:
    """Loss of one batch as in evaluation: nothing of the graph changes."""
    return float(session.run(graph.handles.loss, {key: feed[key] for key in (graph.image_bytes, graph.label_ids)}))


def write(report: str, kind: str, path: str) -> None:
    """Trains three steps and saves `path`; beside it `path`.npz with what every variable held, and the loss."""
    tf, graph, _, feed = _graph(report, kind, seed=0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(3):
            session.run(graph.fetches["train"], {**feed, graph.step: step})
        tf.train.Saver().save(session, path, write_meta_graph=False, write_state=False)
        values = {variable.op.name: session.run(variable) for variable in tf.global_variables()}
        np.savez(path + ".npz", loss=_loss(session, graph, feed), **{f"v:{name}": values[name] for name in values})


def read(report: str, kind: str, paths: List[str]) -> Dict[str, Any]:
    """Restores each checkpoint into a graph of other values; per path what differs: names, and the loss."""
    tf, graph, _, feed = _graph(report, kind, seed=1)
    found: Dict[str, Any] = {"variables": len(tf.global_variables()), "trainable": len(tf.trainable_variables())}
    with tf.Session() as session:
        saver = tf.train.Saver()
        for path in paths:
            session.run(tf.global_variables_initializer())
            differ: List[str] = []
            try:
                saver.restore(session, path)
                with np.load(path + ".npz") as wanted:
                    names = {f"v:{variable.op.name}": variable for variable in tf.global_variables()}
                    differ += sorted({*names, "loss"} ^ set(wanted.files))
                    for name, variable in names.items():
                        value = session.run(variable)
                        if value.dtype != wanted[name].dtype or value.tobytes() != wanted[name].tobytes():
                            differ.append(name)
                    loss = float(wanted["loss"])
                    if not abs(_loss(session, graph, feed) - loss) <= TOLERANCE * abs(loss):
                        differ.append("loss")
            except (tf.errors.OpError, ValueError, KeyError) as error:
                differ.append(f"{type(error).__name__}: {str(error)[:200]}")
            found[path] = differ
    return found


def _child(python: str, *words: str) -> Any:
    """Runs this module in another interpreter; returns its last line's JSON."""
    done = subprocess.run(
        [python, "-W", "ignore", "-m", "tests.faults.cross_read", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ROOT, "TF_CPP_MIN_LOG_LEVEL": "3"},
        timeout=600,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words[:3])} failed on {python}")
    return json.loads(done.stdout.decode("utf-8").splitlines()[-1])


def main(words: Optional[List[str]] = None) -> int:
    """Writes and reads 4 x 4 and prints one record; exit 1 when a checkpoint was read otherwise than written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for lane in ("115", "221"):
        default = os.environ.get(f"TF1_MODELS_PYTHON_TF{lane}")
        parser.add_argument(f"--python-tf{lane}", metavar="PYTHON", default=default)
    parser.add_argument("--report", default="bn_cnn")
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)  # write|read KIND PATH…
    args = parser.parse_args(words)
    if args.child:
        import tensorflow.compat.v1 as tf

        action, kind, *paths = args.child
        answer: Dict[str, Any] = {"tensorflow": tf.__version__}
        if action == "write":
            write(args.report, kind, paths[0])
        else:
            answer["read"] = read(args.report, kind, paths)
        print(json.dumps(answer))
        return 0
    pythons = {"1.15": args.python_tf115, "2.21": args.python_tf221}
    if not all(pythons.values()):
        parser.error("give --python-tf115 and --python-tf221")
    places, began = [Place(name) for name in NAMES], time.monotonic()
    failures, counts = [], {}
    versions: Dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        cells = [(lane, kind) for lane in pythons for kind in KINDS]
        paths = {(lane, kind): os.path.join(folder, f"{lane}-{kind}-ckpt") for lane, kind in cells}
        for lane, kind in cells:
            done = _child(pythons[lane], "--report", args.report, "--child", "write", kind, paths[lane, kind])
            versions[lane] = done["tensorflow"]
            if not done["tensorflow"].startswith(lane):
                parser.error(f"{pythons[lane]} has TensorFlow {done['tensorflow']}")
        for lane, kind in cells:
            found = _child(pythons[lane], "--report", args.report, "--child", "read", kind, *paths.values())["read"]
            counts = {key: found[key] for key in ("variables", "trainable")}
            for (of_lane, of_kind), path in paths.items():
                place = places[2 * (of_lane != lane) + (of_kind != kind)]
                place.add("lost" if found[path] else "survived")
                if found[path]:
                    failures.append({"written": [of_lane, of_kind], "read": [lane, kind], "differ": found[path][:10]})
    details = {"report": args.report, **counts, "failures": failures}
    both = " with ".join(versions.values())
    record = fault_record.document("python -m tests.faults.cross_read", both, places, time.monotonic() - began, details)
    return fault_record.finish(record, args.json)


if __name__ == "__main__":
    sys.exit(main())
