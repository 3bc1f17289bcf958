"""Mutation audit: changes the package in small wrong ways, one at a time, in a copy, and counts what the tests notice.

    python -m tests.mutants.run [--only WORDS] [--jobs N] [--out FILE] [--missing] [--again]

Each place's tests run on the unchanged copy first; where they fail there, its mutants are not judged. Results are
written after each mutant; the same command goes on where it was left, and does again those whose file or tests have
changed since. Exit code 1 when a mutant survived without a reason, or was not judged.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import queue
import signal
import subprocess
import sys
from typing import Any, Dict, List, Optional, Sequence

from tests.conftest import ROOT
from tests.mutants import result
from tests.mutants.catalogue import everything
from tests.mutants.mutant import Case
from tests.mutants.workplace import Outcome, Workplace
from tf1_models.output.progress import tell, wants_bar

_BASE_TIMEOUT_S = 1200.0
_LEAST_TIMEOUT_S, _MOST_TIMEOUT_S = 30.0, 300.0  # of a mutant's tests; between: three times its place's unchanged


def chosen(words: Optional[str]) -> List[Case]:
    """Mutants whose place, file or description holds one of the words (separated by commas); None: all."""
    wanted = [word.strip().lower() for word in words.split(",")] if words else [""]
    return [case for case in everything() if any(word in f"{case.file} {case.words()}".lower() for word in wanted)]


def commit() -> str:
    """Hash of the working tree's commit, with "+" where package or tests were changed since."""
    result_files = [":!tests/mutants/result.json", ":!tests/README.md"]
    head, changed = (
        subprocess.run(["git", "-C", ROOT, *words], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", "tf1_models", "tests", *result_files])
    )
    return head + ("+" if changed else "")


class Audit:
    """One run over some mutants.

    Args:
        document: From `result.load`; filled.
        path: Where it is written after each mutant.
        jobs: Copies that work beside each other.
    """

    def __init__(self, document: Dict[str, Any], path: str, jobs: int) -> None:
        self.document, self.path, self.jobs = document, path, jobs
        self._places: "queue.Queue[Workplace]" = queue.Queue()
        self._bar: Any = None
        self._commit = ""
        self._over = False  # left early: what is queued is not begun
        self._digests: Dict[str, str] = {}  # of what is judged: the working tree may change meanwhile

    def run(self, cases: Sequence[Case]) -> None:
        """Judges the mutants, place by place."""
        if not cases:
            return
        self._commit = commit()
        made = [Workplace() for _ in range(self.jobs)]
        self._digests = {case.key: case.digest(made[0].folder) for case in cases}
        for workplace in made:
            self._places.put(workplace)
        self._start_bar(len(cases))
        try:
            with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                for place in dict.fromkeys(case.place for case in cases):
                    mine = [case for case in cases if case.place == place]
                    seconds = self._base(place, mine)
                    if seconds is None:
                        self._advance(len(mine))
                        continue
                    limit_s = min(_LEAST_TIMEOUT_S + 3.0 * seconds, _MOST_TIMEOUT_S)
                    try:
                        for case, outcome in zip(mine, pool.map(self._one, mine, [limit_s] * len(mine))):
                            self._note(case, outcome)
                    except BaseException:
                        self._over = True
                        raise
        finally:
            while not self._places.empty():
                self._places.get().close()
            if self._bar is not None:
                self._bar.finish()

    def _base(self, place: str, cases: Sequence[Case]) -> Optional[float]:
        """Seconds that a place's tests take on the unchanged copy; None where they fail."""
        tests = sorted({word for case in cases for word in case.tests})
        files = {word for word in tests if "::" not in word}
        tests = [word for word in tests if word in files or word.partition("::")[0] not in files]
        workplace = self._places.get()
        try:
            outcome = workplace.run(tests, _BASE_TIMEOUT_S, first_failure=False)
        finally:
            self._places.put(workplace)
        if outcome.word == "passed":
            return outcome.seconds
        tell(f"{place}: its tests do not pass on the unchanged copy ({outcome.word}): nothing is judged there")
        tell(outcome.output)
        for case in cases:
            self.document["mutants"].pop(case.key, None)
        result.write(self.document, self.path)
        return None

    def _one(self, case: Case, limit_s: float) -> Outcome:
        if self._over:
            return Outcome("error", "", 0.0, "")
        workplace = self._places.get()
        try:
            return workplace.run_mutant(case, limit_s)
        finally:
            self._places.put(workplace)

    def _note(self, case: Case, outcome: Outcome) -> None:
        word = {"passed": "survived", "failed": "noticed", "timeout": "timeout"}.get(outcome.word)
        if word is None:
            tell(f"{case.words()}: not judged\n{outcome.output}")
            self.document["mutants"].pop(case.key, None)
        else:
            self.document["mutants"][case.key] = result.entry(
                case, word, outcome, self._digests[case.key], self._commit
            )
            if word == "survived" and not case.mutant.equivalent:
                tell(f"SURVIVED  {case.words()}  [{case.key}]")
        result.write(self.document, self.path)
        self._advance(1)

    def _start_bar(self, total: int) -> None:
        if total and wants_bar(sys.stderr):
            import progressbar

            self._bar = progressbar.ProgressBar(max_value=total, redirect_stderr=True)
            self._bar.start()

    def _advance(self, n: int) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.value + n)


def main(words: Optional[List[str]] = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORDS", help="mutants whose place, file or description holds one of these")
    parser.add_argument("--jobs", type=int, default=1, help="copies that work beside each other (default: %(default)s)")
    parser.add_argument("--out", default=result.PATH, metavar="FILE", help="JSON (default: %(default)s)")
    parser.add_argument("--missing", action="store_true", help="only mutants that have no result, and survivors")
    parser.add_argument("--again", action="store_true", help="judge anew what has a result that still holds")
    args = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # the copies are removed then, too
    document = result.load(args.out)
    cases = chosen(args.only)
    left = [case for case in cases if args.again or not result.holds(document, case)]
    if args.missing:
        left = [case for case in left if result.is_missing(document, case)]
    tell(f"{len(cases)} mutants, {len(left)} to be judged")
    Audit(document, args.out, args.jobs).run(left)
    if args.only is None:
        result.keep_only(document, cases)
        result.write(document, args.out)
    print(result.table(document))
    survived = result.unexplained(document)
    for one in survived:
        print(f"SURVIVED {one['place']}: {one['file']}: {one['wrong']}")
    missing = [case for case in cases if case.key not in document["mutants"]]
    return 1 if survived or missing else 0


if __name__ == "__main__":
    sys.exit(main())
