"""`show REPORT`: layer table, hyper-parameters, quirks, assumptions and contradictions of one run."""

from __future__ import annotations

import argparse
from typing import Any, Dict, List

from tf1_models.commands.run_options import add_run_options

EXAMPLES = (
    "show nine_conv",
    "show bn_cnn --run half_channels",
    "show nine_conv keep_prob=0.5 --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    add_run_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document")


def describe(experiment: Any) -> Dict[str, Any]:
    """Everything `show` prints, JSON-ready.

    Args:
        experiment: The run (`spec.Experiment`).

    Returns:
        Keys `layers` (name, output_shape, parameters), `parameters` (total, trainable, non_trainable), `variables`,
        `settings`, `reported`, `quirks`, `assumed`, `contradictions`, `source`.
    """
    from tf1_models import registry, spec
    from tf1_models.session import tensorflow_setup

    tf = tensorflow_setup.import_tensorflow()
    module = registry.experiments_module(experiment.report)

    def size(variables: Any) -> int:
        return sum(v.shape.num_elements() for v in variables)

    with tf.Graph().as_default():
        handles = registry.Graph(experiment).build()
        layers = [
            {
                "name": row.name,
                "output_shape": [None, *row.output.shape.as_list()[1:]],
                "parameters": size(row.variables),
            }
            for row in handles.layers
        ]
        trainable = tf.trainable_variables()
        steps = [] if handles.global_step is None else [handles.global_step]
        # by name: 1.15's resource variables compare by identity, reference ones through an op
        names = {v.op.name for v in [*trainable, *steps]}
        others = [v for v in tf.global_variables() if v.op.name not in names]
        variables = [
            {"name": v.op.name, "shape": v.shape.as_list(), "trainable": any(v is t for t in trainable)}
            for v in tf.global_variables()
        ]
        parameters = {
            "total": size(trainable) + size(others),
            "trainable": size(trainable),
            "non_trainable": size(others),
        }
    reported = experiment.reported
    return {
        "schema": 1,
        "report": experiment.report,
        "run": experiment.run,
        "title": module.TITLE,
        "source": f"{module.SOURCE}; this run: {experiment.where}",
        "note": experiment.note,
        "layers": layers,
        "parameters": parameters,
        "variables": variables,
        "settings": spec.settings(experiment),
        "seed": experiment.seed,
        "reported": {
            "metric": reported.metric,
            "value": reported.value,
            "printed": reported.printed,
            "n_scored": reported.n_scored,
            "basis": reported.basis,
            "assumed": reported.assumed,
            "selection": reported.selection,
        },
        "quirks": [{"id": q.id, "title": q.title, "what": q.what} for q in module.QUIRKS],
        "assumed": list(module.ASSUMED),
        "contradictions": [{"what": what, "one": one, "other": other} for what, one, other in module.CONTRADICTIONS],
    }


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    from tf1_models import registry
    from tf1_models.experiments.overrides import parse_words

    run_name = args.run or registry.default_run(args.report)
    experiment = registry.experiment(args.report, run_name, parse_words(args.settings))
    shown = describe(experiment)
    if args.json:
        from tf1_models.storage.files import to_json

        print(to_json(shown))
    else:
        print("\n".join(_text(shown)))
    return 0


def _setting_lines(shown: Dict[str, Any]) -> List[str]:
    from tf1_models.experiments.overrides import as_word

    words = {key.replace("net.", "", 1): as_word(value) for key, value in shown["settings"].items() if key != "graph"}
    return [f"  {key}={word}" for key, word in {**words, "seed": str(shown["seed"])}.items()]


def _text(shown: Dict[str, Any]) -> List[str]:
    reported, parameters = shown["reported"], shown["parameters"]
    lines = [f"{shown['report']} / {shown['run']}: {shown['title']}", f"source: {shown['source']}"]
    if shown["note"]:
        lines.append(f"note: {shown['note']}")
    value = "no number" if reported["value"] is None else f"{reported['printed']} ({reported['n_scored']} images)"
    lines += [f"reported {reported['metric']}: {value}; basis: {reported['basis']}", ""]
    lines.append(f"{'layer':32}{'output shape':24}{'parameters':>12}")
    for row in shown["layers"]:
        shape = "(" + ", ".join(str(size) for size in row["output_shape"]) + ")"
        lines.append(f"{row['name']:32}{shape:24}{row['parameters']:12,}")
    lines += [
        f"total parameters: {parameters['total']:,}",
        f"trainable: {parameters['trainable']:,}",
        f"non-trainable: {parameters['non_trainable']:,}",
        "",
        "settings (as `train` and `show` take them, key=value)",
        *_setting_lines(shown),
        "",
        "quirks kept on purpose",
        *(f"  {q['id']} {q['title']}: {q['what']}" for q in shown["quirks"]),
        "",
        "assumed",
        *(f"  {text}" for text in shown["assumed"]),
    ]
    if reported["assumed"]:
        lines.append(f"  this run: {reported['assumed']}")
    if shown["contradictions"]:
        lines += ["", "contradictions inside the report"]
        lines += [f"  {c['what']}: {c['one']} / {c['other']}" for c in shown["contradictions"]]
    return lines
