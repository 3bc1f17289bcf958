"""A copy of the package and its tests in a temporary folder, where one file at a time is changed and tests are run."""

from __future__ import annotations

import compileall
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any, List, NamedTuple, Optional, Sequence

from tests.conftest import ROOT
from tests.mutants.mutant import Case, mutate

_COPIED = (
    "tf1_models",
    "tests",
    ".ci",
    "pyproject.toml",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-tf115.txt",
    "README.md",
)
_LINKED = ("checkpoints", "data")  # large, and no mutant's place
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
# pytest's exit codes; 2: it could not import a test file, which is what some mutants do to it
_WORDS = {0: "passed", 1: "failed", 2: "failed"}


class Outcome(NamedTuple):
    """What became of a run of tests.

    Attributes:
        word: "passed", "failed", "timeout", or "error": pytest could not run what it was asked to.
        by: The test that failed first, "" for none.
        seconds: Wall clock.
        output: The last lines that pytest wrote.
    """

    word: str
    by: str
    seconds: float
    output: str


class Workplace:
    """One copy, and a process that runs its tests. The working tree is read once, here, and never written."""

    def __init__(self) -> None:
        self._home = tempfile.mkdtemp(prefix="mutants-")
        self.folder = os.path.join(self._home, "copy")
        os.mkdir(self.folder)
        for name in _COPIED:
            source, target = os.path.join(ROOT, name), os.path.join(self.folder, name)
            if os.path.isdir(source):
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, target)
        for name in _LINKED:
            os.symlink(os.path.join(ROOT, name), os.path.join(self.folder, name))
        # Compiled once. By hash: a changed file may have the old one's second and size.
        by_hash = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(os.path.join(self.folder, "tf1_models"), quiet=2, invalidation_mode=by_hash)
        self._forker: Any = None

    def close(self) -> None:
        """Ends the process and removes the copy."""
        if self._forker is not None:
            self._forker.stdin.close()
            self._forker.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def _ask(self, request: "dict[str, Any]") -> Optional[int]:
        if self._forker is None:
            environment = {key: value for key, value in os.environ.items() if not key.startswith("TF1_MODELS_")}
            environment.update(PYTHONPATH=self.folder, PYTHONDONTWRITEBYTECODE="1", TF_CPP_MIN_LOG_LEVEL="2")
            command = [sys.executable, "-W", "ignore", "-m", "tests.mutants.forker"]
            self._forker = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self._forker.stdin.write(json.dumps(request) + "\n")
        self._forker.stdin.flush()
        answer = self._forker.stdout.readline()
        if not answer:
            raise RuntimeError("the process that runs the tests has ended")
        code: Optional[int] = json.loads(answer)
        return code

    def run(self, tests: Sequence[str], timeout_s: float, first_failure: bool = True) -> Outcome:
        """Runs tests on the copy as it is, in a process of their own.

        Args:
            tests: pytest's words.
            timeout_s: Seconds after which the tests and all that they started are killed.
            first_failure: Stop there (-x).
        """
        output = os.path.join(self._home, "output.txt")
        words: List[str] = ["-q", "-p", "no:cacheprovider", "-W", "ignore", "--tb=line", "--rootdir", self.folder]
        words += [*(["-x"] if first_failure else []), *tests]
        started = time.monotonic()
        code = self._ask({"words": words, "timeout_s": timeout_s, "output": output})
        seconds = time.monotonic() - started
        with open(output, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        failed = _FAILED.search(text)
        word = "timeout" if code is None else _WORDS.get(code, "error")
        return Outcome(word, failed.group(1) if failed else "", seconds, "\n".join(text.splitlines()[-30:]))

    def run_mutant(self, case: Case, timeout_s: float) -> Outcome:
        """Makes the change, runs the mutant's tests, takes the change back."""
        path = os.path.join(self.folder, case.file)
        with open(path, encoding="utf-8", newline="") as stream:
            text = stream.read()
        try:
            with open(path, "w", encoding="utf-8", newline="") as stream:
                stream.write(mutate(text, case.mutant))
            return self.run(case.tests, timeout_s)
        finally:
            with open(path, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
