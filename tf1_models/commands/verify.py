"""`verify [CKPT…]`: stored checkpoints against their recorded logits, activations, predictions and scores."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Dict, List, Optional

EXAMPLES = (
    "verify",
    "verify nine_conv-final --no-scores",
    "verify --require-data --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    parser.add_argument("checkpoints", nargs="*", metavar="CKPT", help="stored checkpoints (default: all)")
    parser.add_argument("--data", help="cifar10 (searched; the default) or a path, for the scores")
    parser.add_argument("--require-data", action="store_true", help="exit 3 when CIFAR-10 is missing")
    parser.add_argument("--no-scores", action="store_true", help="leave the scores out: no data is looked for")
    parser.add_argument("--batch-size", type=int, help="images a Session call on the fixed batch (default: all 64)")
    parser.add_argument("--threads", type=int, help="threads TensorFlow may use (default: the usable processors)")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    from tf1_models.checkpoints import stored_manifest
    from tf1_models.errors import InputError, UsageError

    if args.no_scores and args.require_data:
        raise UsageError("--no-scores and --require-data exclude each other")
    if args.no_scores and args.data is not None:
        raise UsageError("--no-scores looks at no data; leave out --data, or --no-scores")
    names = args.checkpoints or stored_manifest.names()
    if not names:
        raise InputError(f"nothing to verify: {stored_manifest.where_to_get_them()}")
    for name in names:
        stored_manifest.folder_of(name)  # a wrong name ends here, before TensorFlow is imported
    data = None if args.no_scores else _data(args.data or "cifar10", args.require_data)

    from tf1_models.stored import check

    rows = []
    for name in names:
        rows.append(check.verify(name, data, args.batch_size, args.threads))
        if not args.json:
            _print(rows[-1])
    failed = [row["name"] for row in rows if row["status"] != check.OK]
    if args.json:
        from tf1_models.storage.files import to_json

        print(to_json({"schema": 1, "checkpoints": rows}))
    elif failed:
        print(f"regression in {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _data(name: str, required: bool) -> Optional[Any]:
    from tf1_models.datasets import find
    from tf1_models.datasets.load import load
    from tf1_models.errors import InputError

    if name == "cifar10" and not required and find.chosen() is None:
        print(
            "scores are not checked: no CIFAR-10 here (`tf1-models data find` says where it was looked for)",
            file=sys.stderr,
        )
        return None
    from tf1_models.datasets.identify import has_official_labels

    data = load(name)  # a copy that is there but bad is an error, not "no data"
    if not has_official_labels(data.y_train, data.y_test):
        raise InputError(
            f"{data.name} is not CIFAR-10 in official order, which the stored scores are of; name a copy "
            "of it, or leave the scores out with --no-scores"
        )
    return data


def _print(row: Dict[str, Any]) -> None:
    reasons = set(row["checks"].values())
    if len(reasons) == 1 and next(iter(reasons)).startswith("not checked ("):
        print(f"{row['name']}: {next(iter(reasons))}", flush=True)  # "ok" would say that something was looked at
        return
    lines: List[str] = [f"{row['name']}: {row['status']}"]
    lines += [f"    {check:12}{text}" for check, text in row["checks"].items()]
    print("\n".join(lines), flush=True)
