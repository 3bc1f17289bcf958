"""What a machine with a GPU has to answer, the weightiest first: python -m tests.gpu.prove --data FOLDER --out FOLDER

GPU machines are had for minutes. Each question is a few ordinary commands of the kit in processes of their own; what
they answer is written to OUT/record.json as it comes. The same command again goes on where the last one stopped: a
question that has an answer is not asked twice, one that would not end in the time left is not begun.

`--small` asks the same of the embedded digits, a few steps each, with or without a GPU: it shows that this script
works, and its record says so. No figure of it belongs in a document.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any, Dict, List, Optional

from tests.gpu.machine import Failed, Machine
from tests.gpu.questions import QUESTIONS
from tf1_models.storage.files import to_json, write_bytes


def main(words: Optional[List[str]] = None) -> int:
    """Asks what has no answer yet; exit 1 when a question failed."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--data", help="CIFAR-10 in any form; `data prepare`'s is read fastest")
    parser.add_argument("--out", required=True, help="folder of the record and the runs")
    parser.add_argument("--minutes", type=float, default=9.0, help="begin nothing that would end later (default 9)")
    parser.add_argument("--only", help="comma list of questions: " + ", ".join(q.ask.__name__ for q in QUESTIONS))
    parser.add_argument("--python-torch", help="interpreter that has PyTorch (default: this one)")
    parser.add_argument("--small", action="store_true", help="digits and a step or two: shows that the script works")
    args = parser.parse_args(words)
    if not args.small and not args.data:
        parser.error("--data: where is CIFAR-10? (or --small)")
    only = args.only.split(",") if args.only else None
    unknown = set(only or ()) - {question.ask.__name__ for question in QUESTIONS}
    if unknown:
        parser.error(f"--only: no question {', '.join(sorted(unknown))}; see --help")
    data = "digits" if args.small else args.data
    machine = Machine(data, os.path.join(args.out, "runs"), args.small, args.python_torch)
    return ask_all(machine, args.out, args.minutes, only)


def ask_all(
    machine: Machine, out: str, minutes: float, only: Optional[List[str]] = None, questions: Any = QUESTIONS
) -> int:
    """Asks in order, within the time; the record is written after each answer.

    Returns:
        1 when a question failed, else 0; one that was not begun is no failure and is printed.
    """
    began, path = time.monotonic(), os.path.join(out, "record.json")
    os.makedirs(machine.runs, exist_ok=True)
    record: Dict[str, Any] = {"schema": 1, "small": machine.small, "answers": {}, "failed": {}}
    if os.path.exists(path):
        with open(path) as stream:
            record = json.load(stream)
    for question in questions:
        name, left_s = question.ask.__name__, 60 * minutes - (time.monotonic() - began)
        if name in record["answers"] or (only and name not in only):
            continue
        if left_s < question.least_s:
            print(f"{name}: not begun, {left_s:.0f} s left of the {question.least_s} that it needs", flush=True)
            continue
        asked = time.monotonic()
        record["failed"].pop(name, None)
        try:
            answer = question.ask(machine, record["answers"])
            record["answers"][name] = {**answer, "date": time.strftime("%Y-%m-%d")}
        except Failed as error:
            record["failed"][name] = str(error)
        seconds = time.monotonic() - asked
        print(f"{name}: {record['failed'].get(name, 'answered')} ({seconds:.0f} s)", flush=True)
        write_bytes(path, (to_json(record) + "\n").encode("utf-8"))
    return 1 if record["failed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
