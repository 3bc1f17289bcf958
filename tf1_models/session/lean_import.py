"""TensorFlow imported without what its import can do without: less than half the time, 130 MB less on 2.21.

`import tensorflow` loads Keras 3 with all that Keras finds (pandas, scikit-learn, matplotlib, …) only so that Keras can
register its optimizers for SavedModels, and h5py and SciPy for the Keras code of its own. Each of these imports stands
in a `try` that takes an ImportError for "not installed" (tensorflow/__init__.py, tensorflow/python/keras). This kit's
graphs use none of them. And Python's garbage collector walks through ever more objects meanwhile, all of which stay.
Measured by tests/bench/bench_import.py.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.machinery
import sys
from typing import Any, Iterator, Optional, Sequence

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

    For work that makes hundreds of thousands of objects which all stay, such as modules.
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
def lean() -> Iterator[None]:
    """Both, for the import of TensorFlow."""
    with without_optional_packages(), collector_paused():
        yield
