"""The package versions that the kit is tested with, for an installed kit that has no requirements files beside it.

A test holds these tables against requirements.txt and requirements-tf115.txt.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import Dict, NamedTuple, Tuple

from tf1_models.errors import checkout, install_command


class Lane(NamedTuple):
    """One tested set of packages.

    Attributes:
        requirements: The file that installs it.
        pythons: First and last minor version of Python 3 that should do.
        tested: The minor version that the tests run on.
        pins: Package -> version.
        optional: Packages that only some verbs want.
        numbers: Packages whose version can move the last digits of a result.
    """

    requirements: str
    pythons: Tuple[int, int]
    tested: int
    pins: Dict[str, str]
    optional: Tuple[str, ...]
    numbers: Tuple[str, ...]


TF221 = Lane(
    requirements="requirements.txt",
    pythons=(10, 13),  # TensorFlow's; requirements.txt serves 3.11 to 3.13
    tested=11,
    pins={
        "tensorflow": "2.21.0",
        "numpy": "2.4.6",
        "scikit-learn": "1.9.1",
        "scipy": "1.17.1",
        "joblib": "1.6.0",
        "threadpoolctl": "3.8.0",
        "progressbar2": "4.6.0",
        "jinja2": "3.1.6",
        "matplotlib": "3.11.2",
        "pillow": "13.0.0",
    },
    optional=("matplotlib", "pillow"),
    numbers=("tensorflow", "numpy", "pillow"),
)

TF115 = Lane(
    requirements="requirements-tf115.txt",
    pythons=(7, 8),
    tested=7,
    pins={
        "tensorflow": "1.15.5",
        "protobuf": "3.20.3",
        "numpy": "1.18.5",
        "scikit-learn": "1.0.2",
        "scipy": "1.7.3",
        "joblib": "1.3.2",
        "threadpoolctl": "3.1.0",
        "progressbar2": "4.2.0",
        "jinja2": "3.1.6",
        "matplotlib": "3.5.3",
        "pillow": "9.5.0",
        "h5py": "2.10.0",
    },
    optional=("matplotlib", "pillow", "h5py"),
    numbers=("tensorflow", "numpy", "pillow"),
)

# The same release under another name: without GPU kernels, NVIDIA's build
TENSORFLOW_NAMES = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "nvidia-tensorflow")


# The kit's extra that brings a package; the others come with the kit
EXTRAS = {"tensorflow": "tf", "protobuf": "tf", "h5py": "tf", "matplotlib": "plots", "pillow": "data"}


def install(name: str, lane: Lane) -> str:
    """The command that adds a package that is missing."""
    if name in EXTRAS:
        return install_command(EXTRAS[name])
    return f"pip install '{name}=={lane.pins[name]}'"


def new_environment(lane: Lane) -> str:
    """The commands that make an environment as it is tested, from a checkout where this kit is not one."""
    folder, make = checkout(), f"python3.{lane.tested} -m venv .venv && .venv/bin/pip install"
    if folder is None:
        return f"{make} 'CHECKOUT[tf,plots,data]'   # CHECKOUT: a checkout of the kit"
    return f"{make} -r {shlex.quote(os.path.join(folder, lane.requirements))}"


def lane() -> Lane:
    """The tested set for this interpreter: up to Python 3.8 that of 1.15 (which 3.7 runs), from 3.9 on that of 2.21."""
    return TF115 if sys.version_info < (3, 9) else TF221
