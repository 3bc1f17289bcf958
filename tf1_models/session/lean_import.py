"""TensorFlow imported without what its import can do without: a third of the time, 130 MB less on 2.21.

`import tensorflow` loads Keras 3 with all that Keras finds (pandas, scikit-learn, matplotlib, …) only so that Keras can
register its optimizers for SavedModels, and h5py and SciPy for the Keras code of its own. Each of these imports stands
in a `try` that takes an ImportError for "not installed" (tensorflow/__init__.py, tensorflow/python/keras). This kit's
graphs use none of them. What is left spends a third of its time on three things that no result depends on: Python's
garbage collector walks through ever more objects that all stay; each of 20,000 constraints of type variables
("_atypes.Half") is compiled, of which there are some forty; and for each registered gradient source files are read for
a traceback that nobody prints. Measured by tests/bench/bench_import.py.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.machinery
import sys
import traceback
import typing
from typing import Any, Callable, Dict, Iterator, Optional, Sequence

LEFT_OUT = ("keras", "h5py", "scipy")


class _Absent(importlib.abc.Loader):
    """Fails as a missing package does; TensorFlow may still ask where the package lies."""

    def create_module(self, spec: Any) -> None:
        """The default module."""

    def exec_module(self, module: Any) -> None:
        """Never succeeds."""
        raise ImportError(f"{module.__name__} is left out while TensorFlow is imported", name=module.__name__)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Optional[Sequence[Any]], target: Any = None) -> Any:
        """The package's own spec with a loader that fails, or None for every other module."""
        if fullname not in LEFT_OUT:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None:
            spec.loader = _Absent()
        return spec


@contextlib.contextmanager
def without_optional_packages() -> Iterator[None]:
    """While it is open, `LEFT_OUT` cannot be imported for the first time; afterwards they import as ever.

    Nothing changes when TensorFlow or one of them is there already. `tf.keras` of 2.x loads Keras on first use, then,
    too. Internal code that TensorFlow imported meanwhile takes h5py for absent for good: on 1.15.5 `tf.keras` in this
    process saves no .h5 files.
    """
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """While it is open, no garbage is looked for; what was made meanwhile counts as old afterwards.

    For work that makes hundreds of thousands of objects which all stay, such as modules and a graph.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # else they are somebody's who froze them
            gc.freeze()  # the two together move all objects to the oldest generation without walking through them
            gc.unfreeze()
        gc.enable()


@contextlib.contextmanager
def without_needless_work() -> Iterator[None]:
    """While it is open, constraints of type variables are made once each, and tracebacks read no source before it is
    asked for. What comes of both is the same.
    """
    check, extract = getattr(typing, "_type_check", None), traceback.extract_stack
    try:
        if check is not None:
            vars(typing)["_type_check"] = _constraints_once(check)
        traceback.extract_stack = _extract_stack
        yield
    finally:
        traceback.extract_stack = extract
        if check is not None:
            vars(typing)["_type_check"] = check


@contextlib.contextmanager
def lean() -> Iterator[None]:
    """All three, for the import of TensorFlow."""
    with without_optional_packages(), without_needless_work(), collector_paused():
        yield


def _constraints_once(check: Callable[..., Any]) -> Callable[..., Any]:
    """`typing._type_check`, which makes the same of the same constraint that a type variable names as a string."""
    known: Dict[Any, Any] = {}

    def known_or_checked(arg: Any, message: str, *more: Any, **named: Any) -> Any:
        if type(arg) is not str or not message.startswith("TypeVar"):
            return check(arg, message, *more, **named)
        key = (arg, message, more, tuple(named.items()))
        if key not in known:
            known[key] = check(arg, message, *more, **named)
        return known[key]

    return known_or_checked


def _extract_stack(f: Any = None, limit: Optional[int] = None) -> traceback.StackSummary:
    """`traceback.extract_stack`, which reads a frame's source line when it is asked for."""
    frames = traceback.walk_stack(sys._getframe().f_back if f is None else f)
    stack = traceback.StackSummary.extract(frames, limit=limit, lookup_lines=False)
    stack.reverse()
    return stack
