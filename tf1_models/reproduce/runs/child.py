"""`python -m tf1_models.reproduce.runs.child VERB …`: `python -m tf1_models VERB …`, tied to the life of its sweep.

The sweep holds the other end of this process's standard input. When the sweep dies, however it dies, the pipe closes
and this process takes a SIGTERM from itself: the state is saved, the run folder's lock is given back, and the next
sweep continues. Nothing is left training unseen.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def _watch() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Runs the verb; returns its exit code."""
    from tf1_models import cli

    threading.Thread(target=_watch, daemon=True).start()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
