"""`predict CKPT --out result.npy`: class probabilities, the file that the course grades."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from typing import Any, List

from tf1_models.commands.checkpoint_options import add_checkpoint_options, image_bar, name_options
from tf1_models.commands.own_data import load_for

EXAMPLES = (
    "predict runs/nine_conv/final/FOLDER --out result.npy",
    "predict nine_conv-final --images cat.png dog.png --out mine.npy",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    add_checkpoint_options(parser)
    parser.add_argument(
        "--images",
        nargs="+",
        metavar="FILE",
        help=".npy uint8 [N, 32, 32, 3] or image files, instead of the data set's test images",
    )
    required = parser.add_argument_group("required options")
    required.add_argument(
        "--out", required=True, metavar="result.npy", help="file to write: float32 [N, 10], rows in the images' order"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    from tf1_models.checkpoints import checkpoint_source
    from tf1_models.errors import UsageError
    from tf1_models.storage.files import writing_output

    if os.path.exists(args.out) and not args.force:
        raise UsageError(f"{args.out} exists; name another file or add --force")
    parent = os.path.dirname(os.path.abspath(args.out))
    with writing_output(args.out):  # told before the work, not after it
        if not os.path.isdir(parent):
            raise FileNotFoundError(errno.ENOENT, f"{parent} is no folder")
        if not os.access(parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    source = checkpoint_source.find(args.checkpoint, args.report, args.run, name_options(args))
    images = _read_images(args.images) if args.images else load_for(source, args.data).x_test

    from tf1_models.scoring.inference import probabilities
    from tf1_models.storage.files import to_json, write_bytes
    from tf1_models.training.results import npy_bytes

    notes: List[str] = []  # said after the bar, which they would tear
    with image_bar("predict", len(images)) as moved:
        found = probabilities(source, images, None, args.threads, args.tf_log, moved, on_note=notes.append)
    for note in notes:
        print(note, file=sys.stderr)
    with writing_output(args.out):
        write_bytes(args.out, npy_bytes(found))
    if args.json:
        print(to_json({"schema": 1, "file": args.out, "n": len(found), "classes": int(found.shape[1])}))
    else:
        print(f"{args.out}: float32 [{len(found)}, {found.shape[1]}] from {source.prefix}")
    return 0


def _read_images(paths: List[str]) -> Any:
    """uint8 [N, 32, 32, 3] from .npy and image files, in the order given."""
    import numpy as np

    from tf1_models.datasets.single_images import read_images

    return np.concatenate([read_images(path) for path in paths])
