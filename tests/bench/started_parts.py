"""One start-up by parts, for `bench_startup`: the kit's `train` command, or PyTorch's program of the bench.

Answers `ready` with the fact `marks`: [part, clock when it was over], by the clock that all processes share.
"""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any, Callable, Dict, List, Tuple

from tf1_models.bench.peers import kit_loop, protocol, torch_peer

Mark = Callable[[str], None]


def _then(function: Callable[..., Any], mark: Mark, part: str) -> Callable[..., Any]:
    def marked(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        mark(part)
        return found

    return marked


def _kit(settings: Dict[str, Any], mark: Mark, ready: Callable[[], None]) -> None:
    """The command line to the end of its first call, of one or of several steps, told by the functions on its way."""
    from tf1_models import cli
    from tf1_models.datasets import load
    from tf1_models.output.watching import StepSeen, Watcher
    from tf1_models.session import tensorflow_setup

    mark("Python, NumPy, the program")

    class First(Watcher):
        def step(self, seen: StepSeen) -> None:
            del seen
            mark("first call")
            ready()

    plain_import = tensorflow_setup.import_tensorflow

    def marked_import(quiet: bool = True) -> Any:
        tf = plain_import(quiet)
        mark("framework imported")
        from tf1_models.checkpoints import saving
        from tf1_models.training.run_folder import RunFolder

        # what follows the last op
        RunFolder.note_start = _then(RunFolder.note_start, mark, "net")  # type: ignore[method-assign]
        save = _then(saving.save, mark, "first checkpoint")

        def marked_save(*args: Any) -> None:
            mark("initial values")
            save(*args)

        vars(saving)["save"] = marked_save
        return tf

    vars(tensorflow_setup)["import_tensorflow"] = marked_import
    vars(load)["load"] = _then(load.load, mark, "data read and digested")
    kit_loop.hold_the_command(First())
    out = tempfile.mkdtemp(prefix="runs-", dir=settings["scratch"])
    code = cli.main(kit_loop.command(settings, out))
    raise RuntimeError(f"train left with code {code} before its first step")


def _torch(settings: Dict[str, Any], mark: Mark, ready: Callable[[], None]) -> None:
    """The program that `bench` measures; the framework is imported first, with its threads as the program sets them."""
    mark("Python, NumPy, the program")
    os.environ["OMP_NUM_THREADS"] = str(settings["threads"])
    import torch  # noqa: F401

    mark("framework imported")
    vars(torch_peer)["Program"] = _then(torch_peer.Program, mark, "net")
    work = torch_peer.build(None, settings)  # type: ignore[arg-type]
    mark("data of one batch")
    work.unit()
    mark("first call")
    ready()


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> None:
    """Starts `settings["program"]`, answers after its first step and leaves at the end of the input."""
    marks: List[Tuple[str, float]] = []

    def ready() -> None:
        channel.ready(int(settings["batch"]), {"marks": marks})
        channel.wait()

    program = _kit if settings["program"] == "kit" else _torch
    program(settings, lambda part: marks.append((part, time.perf_counter())), ready)


if __name__ == "__main__":
    protocol.serve(build)
