"""How a cluster grows: python -m tests.bench.cluster_scaling [--json FILE] [--png FILE] [--from FILE]

Measures, for `nine_conv` and `prelu_cnn` at their reports' batch sizes, and with no training disturbed by another:
- seconds of a step on one machine without a cluster, for the slices that 1, 2, 3, … machines would compute;
- bytes on the wire and seconds of a step with 1, 2 and 3 computing members and one parameter server, each in a network
  namespace (root), from the counters of the parameter server's interface.
All namespaces share this machine's processors, so the measured seconds of a step do not fall with the members: they
show what the runtime adds, not what machines of their own would gain (the fastest step counts, as whatever else
this machine does only ever adds). That is what the model is for:

    one machine each:  t(n) = c(batch / n) + r + B (h + n / s * max(8 / w, h))
    shared processors: t(n) = n c(batch / n) + r + 2 n B h

c(rows): seconds to compute a slice, measured alone; B: bytes a member exchanges in a step, both directions, measured;
h: seconds of handling a byte (serialising, copying) at one end, fitted to the measured cluster steps, as is r, seconds
that a step of any size waits; w: bits per second of an interface; s: parameter servers, whose links every member's
bytes pass. Pulling, computing and pushing are taken to follow one another, which they nearly do; TensorFlow overlaps a
little. Adding machines stops paying at the n with the smallest t(n).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from tests.cluster.local_cluster import LocalCluster, Nursery, write_data
from tests.cluster.network import Network
from tests.conftest import ROOT
from tf1_models import registry
from tf1_models.storage.files import to_json, write_bytes

REPORTS = ("nine_conv", "prelu_cnn")
MEMBERS = (1, 2, 3)
PARTS = (1, 2, 3, 4, 8, 16, 32)  # slices whose computation is measured alone: batch / part
GBIT_PER_S = (10, 100)
SERVERS = (1, 4)
MOST = 1024  # machines the model looks at
REST_S = {"nine_conv": 3.0, "prelu_cnn": 0.8}  # pause after a step, longer than a worker computes
FIRST, RESTED, STEPS = 2, 4, 11  # bytes are counted from the end of step 2 to that of step 4, seconds after step 5


def compute_seconds(report: str) -> None:
    """Child: prints {rows: seconds of a step} of the single-machine graph, all processors, as JSON."""
    from tests.conftest import make_dataset
    from tf1_models.session.tensorflow_setup import import_tensorflow, session_config

    tf = import_tensorflow()
    from tf1_models.training.training_graph import build_training, training_feed

    row = registry.experiment(report, registry.default_run(report))
    data, found = make_dataset(row.batch_size), {}
    with tf.Graph().as_default():
        graph = build_training(row)
        initialize = tf.global_variables_initializer()
        with tf.Session(config=session_config(tf)) as session:
            session.run(initialize)
            _say(f"timing {report} on one machine")
            for rows in sorted({-(-row.batch_size // part) for part in PARTS}):
                feed = training_feed(graph, row, data, np.arange(rows), 0, 0)
                feed[graph.learning_rate] = 0.0
                times = []
                for _ in range(5):
                    began = time.perf_counter()
                    session.run(graph.fetches, feed)
                    times.append(time.perf_counter() - began)
                found[rows] = min(times[1:])
    _say("timed")
    print(json.dumps(found))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def cluster_step(nursery: Nursery, report: str, n_members: int) -> Dict[str, Any]:
    """Seconds and bytes of a step with n computing members and one parameter server."""
    row = registry.experiment(report, registry.default_run(report))
    counts = {"chief": 1, "worker": n_members - 1, "ps": 1}
    with tempfile.TemporaryDirectory() as folder, Network(counts) as network:
        cluster = LocalCluster(nursery, folder, network.jobs(), (), 60.0, REST_S[report], network.namespace, RESTED)
        data = write_data(os.path.join(folder, "data.npz"), n_train=(STEPS + 1) * row.batch_size)
        cluster.words = [
            "train",
            report,
            "--data",
            data,
            "--out",
            cluster.out,
            "--max-steps",
            str(STEPS),
            "--cluster",
            "-q",
            "dev_split=none",
        ]
        with cluster:
            cluster.start_all()
            seen = []
            for step in range(FIRST, RESTED + 1):
                cluster.until_step(step, 120.0)
                # by now the workers have delivered the next step's gradients and wait for the chief: one whole step
                # passes between two readings, if not the one that the step's number says
                time.sleep(0.9 * REST_S[report])
                seen.append(network.traffic("ps"))
            _say(f"timing {report} with {n_members} computing members")
            cluster.until_step(STEPS, 180.0)
            _say("timed")
            codes = cluster.codes(180.0)
            assert set(codes.values()) == {0}, cluster.all_words()
            with open(cluster.steps_path) as stream:
                seconds = [float(line.split()[2]) for line in stream]
            seconds = seconds[RESTED + 1 :]  # while the chief rested, the workers went ahead: one step more is short
    n_steps = len(seen) - 1
    return {
        "computing": n_members,
        "seconds": min(seconds),
        "seconds_of_each": seconds,
        "bytes_from_ps": (seen[-1].sent - seen[0].sent) / n_steps,
        "bytes_to_ps": (seen[-1].received - seen[0].received) / n_steps,
    }


def fit(compute: Dict[int, float], batch: int, measured: Sequence[Dict[str, Any]]) -> Dict[str, float]:
    """The model's B, h, r from the measured cluster steps (least squares; neither below 0)."""
    each = float(np.mean([(m["bytes_from_ps"] + m["bytes_to_ps"]) / m["computing"] for m in measured]))
    rest = np.array([m["seconds"] - m["computing"] * at(compute, batch / m["computing"]) for m in measured])
    n = np.array([m["computing"] for m in measured], np.float64)
    slope, fixed = np.polyfit(n, rest, 1)
    if fixed < 0:
        slope, fixed = float(np.dot(n, rest) / np.dot(n, n)), 0.0
    if slope < 0:
        slope, fixed = 0.0, float(max(rest.mean(), 0.0))
    return {"bytes_each": each, "handling_s_per_byte": float(slope) / (2 * each), "fixed_s": float(fixed)}


def at(compute: Dict[int, float], rows: float) -> float:
    """c(rows), between the measured sizes in a straight line; below the smallest, the smallest."""
    sizes = sorted(compute)
    return float(np.interp(rows, sizes, [compute[size] for size in sizes]))


def seconds_of(
    n: int, compute: Dict[int, float], batch: int, model: Dict[str, float], bits_per_s: float, servers: int
) -> float:
    """t(n) with a machine for each member."""
    h, b = model["handling_s_per_byte"], model["bytes_each"]
    return at(compute, batch / n) + model["fixed_s"] + b * (h + n / servers * max(8.0 / bits_per_s, h))


def predictions(compute: Dict[int, float], batch: int, model: Dict[str, float]) -> List[Dict[str, Any]]:
    """Where adding machines stops paying, for each interface and number of parameter servers."""
    found = []
    alone = at(compute, batch)
    for gbit in GBIT_PER_S:
        for servers in SERVERS:
            for handling in (True, False):
                used = model if handling else {**model, "handling_s_per_byte": 0.0, "fixed_s": 0.0}
                times = [
                    seconds_of(n, compute, batch, used, gbit * 1e9, servers) for n in range(1, min(batch, MOST) + 1)
                ]
                best = int(np.argmin(times)) + 1
                found.append(
                    {
                        "gbit_per_s": gbit,
                        "ps": servers,
                        "counted": "all" if handling else "wire alone",
                        "stops_paying_at": best,
                        "seconds": times[best - 1],
                        "speed_up": alone / times[best - 1],
                    }
                )
    return found


def measure() -> Dict[str, Any]:
    """Everything; some minutes."""
    nursery, results = Nursery(), {}
    try:
        for report in REPORTS:
            words = [sys.executable, "-m", "tests.bench.cluster_scaling", "--compute", report]
            done = subprocess.run(
                words, cwd=ROOT, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONPATH": ROOT}
            )
            compute = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
            row = registry.experiment(report, registry.default_run(report))
            measured = []
            for n_members in MEMBERS:
                measured.append(cluster_step(nursery, report, n_members))
                _say(f"{report}: {measured[-1]}")
            results[report] = {
                "batch": row.batch_size,
                "parameters": row.parameters,
                "compute_s": compute,
                "measured": measured,
            }
    finally:
        nursery.close()
    from tf1_models.session.tensorflow_setup import import_tensorflow, usable_cpus

    return {
        "schema": 1,
        "script": "python -m tests.bench.cluster_scaling",
        "tensorflow": import_tensorflow().__version__,
        "processors_shared": usable_cpus(),
        "reports": results,
    }


def model_all(record: Dict[str, Any]) -> Dict[str, Any]:
    """Adds the model and its predictions to a record of measurements."""
    for result in record["reports"].values():
        compute = {int(rows): seconds for rows, seconds in result["compute_s"].items()}
        result["model"] = fit(compute, result["batch"], result["measured"])
        result["predictions"] = predictions(compute, result["batch"], result["model"])
    return record


def draw(record: Dict[str, Any]) -> bytes:
    """Measured points and model, a row for each report; a PNG's bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FormatStrFormatter
    from PIL import Image

    figure = Figure(figsize=(12.5, 7.2))
    FigureCanvasAgg(figure)
    for line, (report, result) in enumerate(record["reports"].items()):
        compute = {int(rows): seconds for rows, seconds in result["compute_s"].items()}
        model, batch, measured = result["model"], result["batch"], result["measured"]
        n = np.array([m["computing"] for m in measured])
        fine = np.arange(1, 5)
        wire, shared, alone = (figure.add_subplot(2, 3, 3 * line + place) for place in (1, 2, 3))

        wire.plot(n, [m["bytes_from_ps"] / 1e6 for m in measured], "o", label="measured: ps sends")
        wire.plot(n, [m["bytes_to_ps"] / 1e6 for m in measured], "s", fillstyle="none", label="measured: ps receives")
        wire.plot(fine, fine * model["bytes_each"] / 2e6, "-", color="grey", lw=1, label="model: n B / 2")
        wire.set_title(f"{report}: bytes on the wire", fontsize=10)
        wire.set_ylabel("MB a step")

        shared.plot(n, [m["seconds"] for m in measured], "o", label="measured, cluster")
        handling = 2 * model["bytes_each"] * model["handling_s_per_byte"]
        shared.plot(
            fine,
            [k * (at(compute, batch / k) + handling) + model["fixed_s"] for k in fine],
            "-",
            color="grey",
            lw=1,
            label="model, shared",
        )
        shared.plot(1, at(compute, batch), "x", color="black", label="measured, no cluster")
        shared.plot(n, [at(compute, batch / k) for k in n], "k:", label="c(batch / n), measured alone")
        shared.set_title(f"{report}: all members share {record['processors_shared']} processors", fontsize=10)
        shared.set_ylabel("seconds a step")
        for axes in (wire, shared):
            axes.set_xlabel("computing members")
            axes.set_xticks(fine)
            axes.set_ylim(bottom=0)

        many = np.arange(1, batch + 1)
        for gbit, color in zip(GBIT_PER_S, ("tab:red", "tab:blue")):
            for servers, style in zip(SERVERS, ("-", "--")):
                times = [seconds_of(int(k), compute, batch, model, gbit * 1e9, servers) for k in many]
                best = int(np.argmin(times))
                alone.plot(
                    many,
                    times,
                    style,
                    color=color,
                    lw=1.3,
                    label=f"{gbit} Gbit/s, {servers} ps: stops at n = {best + 1}",
                )
                alone.plot(many[best], times[best], "v", color=color)
        alone.axhline(at(compute, batch), color="grey", lw=0.8, ls=":", label="one machine, no cluster")
        alone.set_xscale("log", base=2)
        alone.set_yscale("log")
        alone.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        alone.set_title(f"{report}: model, one machine each", fontsize=10)
        alone.set_xlabel("machines that compute")
        alone.set_ylabel("seconds a step")
        for axes in (wire, shared, alone):
            axes.grid(alpha=0.3)
            axes.legend(fontsize=7)
    figure.tight_layout()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=100)
    small = io.BytesIO()
    with Image.open(stream) as picture:  # a palette makes it a third
        picture.convert("RGB").quantize(48).save(small, format="png", optimize=True)
    return small.getvalue()


def table(record: Dict[str, Any]) -> str:
    """Markdown: what was measured, then where the model stops paying."""
    lines = [
        "| report, batch | computing members | MB a step, ps sends + receives | s a step, shared processors | "
        "s a step of one such slice alone |",
        "|---|---|---|---|---|",
    ]
    for report, result in record["reports"].items():
        compute = {int(rows): seconds for rows, seconds in result["compute_s"].items()}
        for m in result["measured"]:
            lines.append(
                f"| {report}, {result['batch']} | {m['computing']} | {m['bytes_from_ps'] / 1e6:.2f} + "
                f"{m['bytes_to_ps'] / 1e6:.2f} | {m['seconds']:.3f} | "
                f"{at(compute, result['batch'] / m['computing']):.3f} |"
            )
    lines += [
        "",
        "| report | parameter servers | 10 Gbit/s: stops paying at (speed-up there) | 100 Gbit/s | 10 Gbit/s,"
        " the wire alone | 100 Gbit/s, the wire alone |",
        "|---|---|---|---|---|---|",
    ]
    for report, result in record["reports"].items():
        for servers in SERVERS:
            cells = []
            for counted in ("all", "wire alone"):
                for gbit in GBIT_PER_S:
                    (found,) = [
                        p
                        for p in result["predictions"]
                        if (p["gbit_per_s"], p["ps"], p["counted"]) == (gbit, servers, counted)
                    ]
                    cells.append(f"{found['stops_paying_at']} ({found['speed_up']:.1f}x)")
            lines.append(f"| {report} | {servers} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(words: Optional[List[str]] = None) -> int:
    """Measures (or reads), models, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compute", metavar="REPORT", choices=REPORTS, help=argparse.SUPPRESS)
    parser.add_argument("--from", dest="source", metavar="FILE", help="take the measurements of this record")
    parser.add_argument("--json", metavar="FILE", help="write the record there")
    parser.add_argument("--png", metavar="FILE", help="draw the plot there")
    args = parser.parse_args(words)
    if args.compute:
        compute_seconds(args.compute)
        return 0
    if args.source:
        with open(args.source, encoding="utf-8") as stream:
            record = json.load(stream)
    else:
        record = measure()
    model_all(record)
    print(table(record))
    if args.json:
        write_bytes(args.json, (to_json(record) + "\n").encode("utf-8"))
    if args.png:
        write_bytes(args.png, draw(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
