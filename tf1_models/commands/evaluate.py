"""`evaluate CKPT`: accuracy, macro-F1, weighted-F1, per-class table and confusion matrix on one split."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Dict, List

from tf1_models.commands.checkpoint_options import add_checkpoint_options, image_bar, name_options
from tf1_models.commands.own_data import load_for

EXAMPLES = (
    "evaluate runs/nine_conv/final/FOLDER --split dev",
    "evaluate nine_conv-final --json",
    "evaluate model.ckpt --report nine_conv --scope net",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    add_checkpoint_options(parser)
    parser.add_argument(
        "--split", choices=["dev", "test", "train"], help="default: dev where the run has one, else test"
    )
    parser.add_argument(
        "--full-test",
        action="store_true",
        help="count every test image, where the report counted whole batches only (Q8)",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    from tf1_models.checkpoints import checkpoint_source
    from tf1_models.errors import UsageError
    from tf1_models.scoring import evaluate
    from tf1_models.scoring.split_images import images_of

    source = checkpoint_source.find(args.checkpoint, args.report, args.run, name_options(args))
    experiment = source.experiment
    split = args.split or experiment.eval_split
    if args.full_test and split != "test":
        raise UsageError("--full-test goes with --split test")
    data = load_for(source, args.data)
    part = images_of(experiment, data, split)
    indices = part.indices if args.full_test else part.indices[: part.n_counted]

    from tf1_models.scoring.inference import probabilities

    notes: List[str] = []  # said after the bar, which they would tear
    with image_bar(f"{split}", len(indices)) as moved:
        found = probabilities(source, part.images, indices, args.threads, args.tf_log, moved, on_note=notes.append)
    for note in notes:
        print(note, file=sys.stderr)
    scores = evaluate.score(found, part.labels[indices], data.class_names)
    document: Dict[str, Any] = {
        "schema": 1,
        "checkpoint": source.prefix,
        "report": experiment.report,
        "run": experiment.run,
        "data": data.name,
        "data_digest": data.digest,
        "data_lossy": data.lossy,
        "split": split,
        **scores,
    }
    if args.json:
        from tf1_models.storage.files import to_json

        print(to_json(document))
    else:
        print("\n".join(_text(document)))
    return 0


def _text(document: Dict[str, Any]) -> List[str]:
    lossy = ", lossy images" if document["data_lossy"] else ""
    lines = [
        f"{document['report']} / {document['run']} on {document['split']} of {document['data']}"
        f" ({document['n']} images{lossy})",
        f"macro-F1 {document['macro_f1']:.6f}   weighted-F1 {document['weighted_f1']:.6f}   "
        f"accuracy {document['accuracy']:.6f}",
        "",
        f"{'class':14}{'precision':>10}{'recall':>10}{'F1':>10}{'images':>8}",
    ]
    for row in document["per_class"]:
        lines.append(
            f"{row['class']:14}{row['precision']:10.4f}{row['recall']:10.4f}{row['f1']:10.4f}{row['support']:8d}"
        )
    names = [row["class"] for row in document["per_class"]]
    lines += ["", "confusion matrix (row: true, column: predicted)", " " * 12 + "".join(f"{n[:6]:>7}" for n in names)]
    for name, counts in zip(names, document["confusion_matrix"]):
        lines.append(f"{name:12}" + "".join(f"{count:7d}" for count in counts))
    return lines
