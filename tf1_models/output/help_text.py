"""`--help` and usage errors: examples at the end of each verb's help, the nearest word for a misspelt one."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn, Optional, Sequence

from tf1_models.errors import nearest

_EXAMPLES = "examples:"
_UNRECOGNIZED = "unrecognized arguments: "  # argparse's own words


class Formatter(argparse.HelpFormatter):
    """Fills paragraphs to the terminal's width, but leaves examples one a line."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        parts = text.split("\n\n")
        return "\n\n".join(part if part.startswith(_EXAMPLES) else fill(part, width, indent) for part in parts)


class Parser(argparse.ArgumentParser):
    """argparse's parser; its sub-parsers are of this class too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", Formatter)
        super().__init__(*args, **kwargs)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A value outside an option's or verb's choices: with the nearest of them."""
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                action, f"invalid choice: {value!r}{nearest(str(value), known)}; choose from {', '.join(known)}"
            )

    def error(self, message: str) -> NoReturn:
        """A misspelt option gets its nearest, as names do."""
        if message.startswith(_UNRECOGNIZED):
            words = [word.split("=")[0] for word in message[len(_UNRECOGNIZED) :].split() if word.startswith("-")]
            known = [option for action in self._actions for option in action.option_strings]
            message += nearest(words[0], known) if words else ""
        super().error(message)

    def child(self, word: str) -> "Optional[Parser]":
        """The sub-parser of a verb or action; None where there is none."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found = action.choices.get(word)
                return found if isinstance(found, Parser) else None
        return None


def refuse(parser: Parser, words: Sequence[str], extra: Sequence[str]) -> NoReturn:
    """Ends with argparse's usage error for words that no parser took, from the verb whose options they miss.

    Args:
        parser: The root parser.
        words: The command line.
        extra: The words that were left over.
    """
    for word in words:
        parser = parser.child(word) or parser
    parser.error(_UNRECOGNIZED + " ".join(extra))


def add_examples(parser: argparse.ArgumentParser, path: Sequence[str], examples: Sequence[str]) -> None:
    """Puts examples at the end of a verb's help, and those of an action at the end of the action's.

    Args:
        parser: The verb's parser, its options and actions declared.
        path: The words that lead to it, e.g. ["checkpoint"].
        examples: Command lines after `tf1-models`.
    """
    own = [example for example in examples if example.split()[: len(path)] == list(path)]
    if own:
        text = "\n".join([_EXAMPLES, *(f"  tf1-models {example}" for example in own)])
        parser.epilog = text if not parser.epilog else f"{parser.epilog}\n\n{text}"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, child in action.choices.items():
                add_examples(child, [*path, word], examples)
