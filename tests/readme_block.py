"""The command of a module whose records are rendered into a block of the README."""

from __future__ import annotations

import argparse
import glob
import sys
from typing import Any, Callable, List, Optional, Sequence

from tf1_models.output import markdown


def main(
    words: Optional[List[str]],
    about: Optional[str],
    block: str,
    patterns: Sequence[str],
    render: Callable[[Sequence[str]], Any],
) -> int:
    """Prints the block, and with `--write README.md` puts it there.

    Args:
        words: The command line; None: the process's.
        about: The module's docstring.
        block: The block's name.
        patterns: Where the committed records are, for `glob`.
        render: Paths of records -> Markdown.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE.json", help="records (default: all committed ones)")
    parser.add_argument("--write", metavar="README.md", help="rewrite the block of this file")
    args = parser.parse_args(words)
    text = render(args.files or sorted(path for pattern in patterns for path in glob.glob(pattern)))
    print(text)
    if args.write:
        changed = markdown.write_block(args.write, block, text)
        print(f"{args.write}: {'rewritten' if changed else 'already current'}", file=sys.stderr)
    return 0
