"""What the fuzzing scripts share: changing valid files in a few places, running a parser on them, a JSON record."""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import tempfile
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from tf1_models.errors import InputError

NUMBERS = [0, 1, 9, 10, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1]
SLOWEST_S = 2.0


class Target(NamedTuple):
    """A parser, its valid inputs and fragments of its format."""

    name: str
    seeds: List[bytes]
    words: List[bytes]
    parse: Callable[[bytes], None]


def mutate(rng: random.Random, seed: bytes, words: Sequence[bytes]) -> bytes:
    """One to four changes; half of them near the front, where headers are."""
    content = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        size = len(content)
        if not size:
            break
        at = rng.randrange(size if rng.random() < 0.5 else min(size, 400))
        kind = rng.randrange(8)
        if kind == 0:
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            content[at] = rng.randrange(256)
        elif kind == 2:
            number = rng.choice(NUMBERS)
            width = rng.choice([1, 2, 4, 8])
            content[at : at + width] = (number % (1 << 8 * width)).to_bytes(width, rng.choice(["little", "big"]))
        elif kind == 3:
            del content[at : at + rng.choice([1, 2, 8, 100, size])]
        elif kind == 4:
            content[at:at] = content[at : at + rng.choice([1, 4, 32, 512])]
        elif kind == 5 and words:
            content[at:at] = rng.choice(words)
        elif kind == 6 and words:
            word = rng.choice(words)
            content[at : at + len(word)] = word
        else:
            other = rng.randrange(size)
            piece = bytes(content[other : other + rng.choice([1, 8, 64])])
            content[at : at + len(piece)] = piece
    return bytes(content)


def fuzz(target: Target, n_cases: int, seed: int) -> Dict[str, Any]:
    """Runs one parser until it fails; prints its row.

    Returns:
        The record's row: `injected` cases, `survived` (accepted, in range), `detected` (refused in one line), `lost`
        (another exception, a message of several lines, or slower than 2 s; the parser's run ends there), `failure`.
    """
    rng = random.Random(f"{target.name}-{seed}")
    row: Dict[str, Any] = {"name": target.name, "injected": 0, "survived": 0, "detected": 0, "lost": 0}
    slowest, began, failure = 0.0, time.perf_counter(), ""
    for content in target.seeds:
        target.parse(content)
    while row["injected"] < n_cases and not failure:
        content = mutate(rng, rng.choice(target.seeds), target.words)
        start = time.perf_counter()
        try:
            target.parse(content)
            row["survived"] += 1
        except InputError as error:
            row["detected"] += 1
            if not str(error).isprintable():
                failure = "message of more than one line"
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        took = time.perf_counter() - start
        slowest = max(slowest, took)
        if took > SLOWEST_S:
            failure = f"{took:.1f} s"
        if failure:
            failure = f"{target.name} case {row['injected']}: {failure}: {content[:4000].hex()}"
            row["lost"], row["failure"] = 1, failure[:500]
        row["injected"] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - began
    row.update(seconds=round(seconds, 1), slowest_s=round(slowest, 3), peak_mib=round(peak))
    print(
        f"{target.name:22} {row['injected']:8} cases {row['detected']:8} refused {row['survived']:7} accepted, in range"
        f"  slowest {slowest:.3f} s  peak {peak:.0f} MiB  {seconds:.0f} s",
        flush=True,
    )
    if failure:
        print(f"FAILED {failure}", flush=True)
    return row


def write_record(path: str, script: str, rows: List[Dict[str, Any]], seconds: float) -> None:
    """One fuzzing record, in the shape that the README's table of faults is made of."""
    record = {"schema": 1, "script": script, "tensorflow": None}
    for total, key in (("faults", "injected"), ("survived",) * 2, ("detected",) * 2, ("lost",) * 2):
        record[total] = sum(row[key] for row in rows)
    record.update(seconds=round(seconds, 1), where=rows)
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(record, stream, indent=1)
        stream.write("\n")


def main(
    module: str, description: Optional[str], make: Callable[[str], List[Target]], argv: Optional[List[str]] = None
) -> int:
    """The command line of a fuzzing script.

    Args:
        module: Its name, for the record.
        description: Its docstring.
        make: Gives the targets; those that need a path write below the folder given.
        argv: Words; None: the process'.

    Returns:
        1 when a parser failed, else 0.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000, help="cases per parser (default: 100000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one parser by name")
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    args = parser.parse_args(argv)
    began = time.perf_counter()
    # memory, where there is some: ext4 flushes a file that is truncated and written anew, 3 ms a case
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    try:
        chosen = [target for target in make(folder) if args.only in (None, target.name)]
        rows = [fuzz(target, args.cases, args.seed) for target in chosen]
    finally:
        shutil.rmtree(folder)
    words = f" --only {args.only!r}" if args.only else ""
    if args.json:
        command = f"python -m {module} --cases {args.cases} --seed {args.seed}{words}"
        write_record(args.json, command, rows, time.perf_counter() - began)
    n_failed = sum(row["lost"] for row in rows)
    print(f"{len(rows)} parsers, {sum(row['injected'] for row in rows)} cases, {n_failed} failed")
    return 1 if n_failed else 0
