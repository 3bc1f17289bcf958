"""What a power cut can leave of a folder: a recorder of its syncs, and the states that the disk may then hold.

POSIX promises only what was synced: a file's content as of its last fsync, a folder's names as of the folder's last
fsync. Everything newer may be there, be missing, or be there in part, each thing by itself.
"""

from __future__ import annotations

import os
import random
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from tests.faults.kill_points import POINTS

Names = Dict[str, int]  # name -> number of a file
Contents = Dict[int, bytes]
State = Dict[str, bytes]  # what a folder holds


class Moment(NamedTuple):
    """A folder just before one sync, rename or unlink: as programs see it, and as the disk surely has it."""

    what: str
    names: Names
    contents: Contents
    synced_names: Names
    synced_contents: Contents
    committed: Any


class Recorder:
    """Records a `Moment` of the run folder below `out` before every sync, rename and unlink of this process.

    TensorFlow's Saver writes and renames in C++; what it did shows in the next moment, as not synced.

    Attributes:
        moments: What was recorded.
        committed: Set by the caller: what must not be lost from now on.
    """

    def __init__(self, out: str) -> None:
        self.out, self.moments = out, []  # type: Tuple[str, List[Moment]]
        self.committed: Any = None
        self._folder: Optional[str] = None
        self._numbers: Dict[Tuple[int, int], int] = {}
        self._held: List[int] = []
        self._synced_names: Names = {}
        self._synced_contents: Contents = {}
        for name in POINTS:
            setattr(os, name, self._wrap(name, getattr(os, name)))

    def adopt(self, committed: Any) -> None:
        """Takes what the folder holds, and the step committed in it, for on the disk."""
        self.committed = committed
        self.see("the start")
        moment = self.moments.pop()
        self._synced_names, self._synced_contents = moment.names, moment.contents

    def _wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            path = os.readlink(f"/proc/self/fd/{args[0]}") if name == "fsync" else os.path.abspath(str(args[0]))
            if not path.startswith(self.out):
                return real(*args, **kwargs)
            self.see(f"{name} {os.path.basename(path)}")
            key = os.fstat(args[0]) if name == "fsync" else None
            value = real(*args, **kwargs)
            if key is not None and self.moments:
                self._note_sync(path, (key.st_dev, key.st_ino))
            return value

        return call

    def _note_sync(self, path: str, key: Tuple[int, int]) -> None:
        last = self.moments[-1]  # as seen before the call: no later change is taken for synced
        if path == self._folder:
            self._synced_names = last.names
        elif key in self._numbers:
            number = self._numbers[key]
            self._synced_contents = {**self._synced_contents, number: last.contents[number]}

    def see(self, what: str) -> None:
        """Records a moment."""
        if self._folder is None:
            found = [path for path, _, names in os.walk(self.out) if names]
            if not found:
                return
            self._folder = found[0]
        names, contents = {}, {}  # type: Tuple[Names, Contents]
        for name in sorted(os.listdir(self._folder)):
            path = os.path.join(self._folder, name)
            try:
                handle = os.open(path, os.O_RDONLY)
            except FileNotFoundError:  # another thread's
                continue
            status = os.fstat(handle)
            key = (status.st_dev, status.st_ino)
            if key in self._numbers:
                os.close(handle)
            else:
                self._numbers[key] = len(self._numbers)
                self._held.append(handle)  # held open, so that no later file gets this inode's number
            with open(path, "rb") as stream:
                names[name], contents[self._numbers[key]] = self._numbers[key], stream.read()
        self.moments.append(Moment(what, names, contents, self._synced_names, self._synced_contents, self.committed))


def _state(names: Names, content: Callable[[int], bytes]) -> State:
    return {name: content(number) for name, number in names.items()}


def as_seen(moment: Moment) -> State:
    """What programs see."""
    return _state(moment.names, moment.contents.__getitem__)


def all_dropped(moment: Moment) -> State:
    """Nothing that was not synced is there."""
    return _state(moment.synced_names, lambda number: moment.synced_contents.get(number, b""))


def content_dropped(moment: Moment) -> State:
    """Every name is there, new content is not: what a file system that delays writing data leaves."""
    return _state(moment.names, lambda number: moment.synced_contents.get(number, b""))


def names_dropped(moment: Moment) -> State:
    """New content is there, new names are not."""
    everything = {**moment.synced_contents, **moment.contents}
    return _state(moment.synced_names, lambda number: everything.get(number, b""))


def mixed(moment: Moment, rng: random.Random) -> State:
    """Each name by itself as synced or as new; each new content there, missing, half there or zeros."""
    names: Names = {}
    for name in sorted({*moment.names, *moment.synced_names}):
        number = rng.choice([moment.names, moment.synced_names]).get(name)
        if number is not None:
            names[name] = number
    chosen: Contents = {}
    for number in sorted(set(names.values())):
        old = moment.synced_contents.get(number, b"")
        new = moment.contents.get(number, old)
        choices = [old, new]
        if new.startswith(old):  # bytes once synced and not written since stay
            more = len(new) - len(old)
            choices += [new[: len(old) + more // 2], old + bytes(more)]
        chosen[number] = rng.choice(choices)
    return _state(names, chosen.__getitem__)


def states(moment: Moment, n_mixed: int, rng: random.Random) -> Iterator[Tuple[str, State]]:
    """All states of a moment that are tried: (kind, state)."""
    yield "all", all_dropped(moment)
    yield "content", content_dropped(moment)
    yield "names", names_dropped(moment)
    for _ in range(n_mixed):
        yield "mixed", mixed(moment, rng)
