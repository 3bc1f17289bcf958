"""The kit's own exceptions: one class per exit code, one line per message.

A message says what was wrong, what is allowed and what to do; `cli.main` prints it without a traceback
(`--debug` adds one) and leaves with `exit_code`. Anything else that escapes a verb is a defect of the kit.
"""

from __future__ import annotations

import os
import shlex
import sys
import unicodedata
from typing import Optional


class KitError(Exception):
    """Base of every error that the kit raises on purpose."""

    exit_code = 1


class CheckFailed(KitError):
    """The check's answer is no: a regression, a grade below its threshold, a value out of its band."""

    exit_code = 1


class UsageError(KitError):
    """The request makes no sense: unknown report, run or field, value out of range."""

    exit_code = 2


class InputError(KitError):
    """What was read is bad: data set, submission, checkpoint, run folder."""

    exit_code = 3


class MachineError(KitError):
    """The machine lacks something: a package, a demanded GPU, room on the disk."""

    exit_code = 4


class Interrupted(KitError):
    """SIGINT, SIGTERM or SIGHUP arrived; the state was saved first."""

    exit_code = 130


class Refused(Exception):
    """A stranger's bytes are not read; the text is the reason, for the caller who knows the file's name."""


# Of format characters, which are not seen and can make a line read as something else (bidirectional overrides, the
# byte-order mark, tags), only joiners stay: scripts need them.
_JOINERS = "\u200c\u200d"


def printable(text: str, instead: str = "") -> str:
    """Text without control and format characters (escapes, bidirectional overrides).

    Args:
        text: Anything.
        instead: What stands in their place; surrogates become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            kept.append("\ufffd")
        else:
            hidden = character not in _JOINERS and category in ("Cc", "Cf", "Zl", "Zp")
            kept.append(instead if hidden else character)
    return "".join(kept)


def one_line(error: BaseException) -> str:
    """The first line of an exception's text, for embedding in a message of ours.

    Args:
        error: Any exception, e.g. an OSError with a path in it.

    Returns:
        Its text without line breaks and without control characters, or its type's name when it has none.
    """
    return printable(" ".join(str(error).split())) or type(error).__name__


def checkout() -> Optional[str]:
    """The checkout that the kit runs from; None for an installed kit, which has no such files beside it."""
    above = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return above if os.path.isfile(os.path.join(above, "pyproject.toml")) else None


def install_command(extra: str) -> str:
    """The command that adds the packages of one of the kit's extras.

    Args:
        extra: `tf` (TensorFlow), `plots` (matplotlib) or `data` (Pillow), as pyproject.toml names them; several with
            commas between.

    Returns:
        `pip install 'tf1-models[EXTRA]'` for an installed kit, which pip then finds in place; in a checkout, which no
        index knows, the same by its path.
    """
    folder = checkout()
    if folder is None:
        return f"pip install 'tf1-models[{extra}]'"
    return f"pip install -e {shlex.quote(f'{folder}[{extra}]')}"


def missing_package(error: ModuleNotFoundError) -> MachineError:
    """The error for a package that the kit comes with and this Python lacks, such as NumPy."""
    return MachineError(
        f"{error.name} is not installed for {sys.executable}; {install_command('tf,plots,data')} brings all that the "
        "kit needs, `tf1-models doctor` lists what is missing"
    )


def no_tensorflow(error: ImportError) -> MachineError:
    """The error for whoever needs TensorFlow and lacks it; names the extra, or the Pythons that a release serves."""
    return MachineError(
        f"TensorFlow does not import ({one_line(error)}); the kit's extra tf brings it: {_tensorflow_command()}"
    )


def _tensorflow_command() -> str:
    if sys.version_info[:2] == (3, 7) or (3, 10) <= sys.version_info[:2] <= (3, 13):
        return install_command("tf")
    return "python3.11 -m venv .venv, and install the kit there (TensorFlow 2.21 needs Python 3.10 to 3.13, 1.15.5 3.7)"


_STACK_WORDS = ("Graph execution error", "Detected at node", "Node: ", "File ", "Exception")


def tensorflow_words(error: BaseException, limit: int = 300) -> str:
    """What TensorFlow says went wrong, without the stack of the op's definition that 2.x puts around it."""
    text = str(getattr(error, "message", "") or error)
    for line in text.splitlines():
        words = one_line(Exception(line))
        if words and not words.startswith(_STACK_WORDS):
            return words[:limit]
    return type(error).__name__


def nearest(word: str, known: "list[str]") -> str:
    """A did-you-mean clause: ` (did you mean 'x'?)`, or an empty string when nothing is near."""
    import difflib  # only on the way to an error: start-up does not pay for it

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""
