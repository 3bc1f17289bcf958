"""Every CUDA library that TensorFlow's GPU build opens at run time, opened one by one as its loader would.

TensorFlow names none of them when one is missing ("Cannot dlopen some GPU libraries"); this module does. It needs no
GPU and no TensorFlow, only the standard library, so the image's build runs this very file right after pip:

    python -m tf1_models.doctor.cuda_libraries --require
"""

from __future__ import annotations

import argparse
import ctypes
import glob
import os
import sys
from typing import Dict, List, NamedTuple, Optional, Tuple

AT_START = "TensorFlow opens it before it takes a GPU"
LATER = "TensorFlow opens it when it is used"


class Library(NamedTuple):
    """A shared library: its soname, the pip package that brings it, and why it is wanted."""

    soname: str
    package: str
    why: str

    @property
    def opened_by_tensorflow(self) -> bool:
        """True when TensorFlow itself opens it, so that it must lie on TensorFlow's or the linker's path."""
        return self.why in (AT_START, LATER)


# TensorFlow 2.21 (CUDA 12.5 build, cuDNN 9). The seven `AT_START` were seen to be opened, with a stand-in driver; one
# that does not open, and TensorFlow takes no GPU. The rest completes what `tensorflow[and-cuda]` 2.21.0 requires.
CUDA_12: Tuple[Library, ...] = (
    Library("libcudart.so.12", "nvidia-cuda-runtime-cu12", AT_START),
    Library("libcublas.so.12", "nvidia-cublas-cu12", AT_START),
    Library("libcublasLt.so.12", "nvidia-cublas-cu12", AT_START),
    Library("libcufft.so.11", "nvidia-cufft-cu12", AT_START),
    Library("libcusolver.so.11", "nvidia-cusolver-cu12", AT_START),
    Library("libcusparse.so.12", "nvidia-cusparse-cu12", AT_START),
    Library("libcudnn.so.9", "nvidia-cudnn-cu12", AT_START),
    Library("libcupti.so.12", "nvidia-cuda-cupti-cu12", LATER),
    Library("libnccl.so.2", "nvidia-nccl-cu12", LATER),
    Library("libcurand.so.10", "nvidia-curand-cu12", "TensorFlow's extra and-cuda requires it"),
    Library("libnvJitLink.so.12", "nvidia-nvjitlink-cu12", "cuSPARSE and cuSOLVER need it"),
    Library("libnvrtc.so.12", "nvidia-cuda-nvrtc-cu12", "cuDNN needs it"),
) + tuple(
    Library(f"libcudnn_{part}.so.9", "nvidia-cudnn-cu12", "cuDNN opens it")
    for part in ("graph", "ops", "cnn", "adv", "heuristic", "engines_precompiled", "engines_runtime_compiled")
)

# The stock GPU build of TensorFlow 1.15 (CUDA 10.0, cuDNN 7). There is no wheel of these.
CUDA_10: Tuple[Library, ...] = tuple(
    Library(f"lib{name}.so.{version}", "CUDA 10.0 with cuDNN 7", AT_START)
    for name, version in (
        ("cudart", "10.0"),
        ("cublas", "10.0"),
        ("cufft", "10.0"),
        ("curand", "10.0"),
        ("cusolver", "10.0"),
        ("cusparse", "10.0"),
        ("cudnn", "7"),
    )
)

# NVIDIA's TensorFlow 1.15.5, image 23.03 (CUDA 12.1, cuDNN 8); majors by CUDA's own numbering, untested.
CUDA_12_TF1: Tuple[Library, ...] = tuple(
    Library(f"lib{name}.so.{version}", "the base image", AT_START)
    for name, version in (
        ("cudart", "12"),
        ("cublas", "12"),
        ("cublasLt", "12"),
        ("cufft", "11"),
        ("curand", "10"),
        ("cusolver", "11"),
        ("cusparse", "12"),
        ("cudnn", "8"),
        ("nccl", "2"),
    )
)

# What comes with the driver, not with a package: in a container the NVIDIA toolkit brings both in.
DRIVER: Tuple[str, ...] = ("libcuda.so.1", "libnvidia-ml.so.1")

TABLES: Dict[str, Tuple[Library, ...]] = {"2.21": CUDA_12, "1.15": CUDA_10, "1.15+nv": CUDA_12_TF1}


def table_for(version: str) -> Tuple[Library, ...]:
    """The libraries that a TensorFlow wants, by its version (`1.15.5+nv23.3` is NVIDIA's build)."""
    if version.startswith("1."):
        return TABLES["1.15+nv" if "+nv" in version else "1.15"]
    return TABLES["2.21"]


def wheel_folders() -> List[str]:
    """`site-packages/nvidia/*/lib` of this interpreter: where the CUDA wheels put their libraries."""
    found: List[str] = []
    for root in sys.path:
        found.extend(sorted(glob.glob(os.path.join(root, "nvidia", "*", "lib"))))
    return found


def open_one(soname: str) -> Optional[str]:
    """Opens a library by its soname alone, as the loader finds it (ld.so.cache, LD_LIBRARY_PATH).

    Returns:
        None when it opens, else the loader's words.
    """
    try:
        ctypes.CDLL(soname)
    except OSError as error:
        return " ".join(str(error).split())
    return None


def where(soname: str) -> Optional[str]:
    """The wheel's file of that soname, which exists although the loader may not look there."""
    for folder in wheel_folders():
        path = os.path.join(folder, soname)
        if os.path.isfile(path):
            return path
    return None


class Finding(NamedTuple):
    """What opening one library gave.

    Attributes:
        library: Which one.
        problem: The loader's words; None when it opened.
        path: Where it did not open, the wheel's file of that name, if there is one.
    """

    library: Library
    problem: Optional[str]
    path: Optional[str]

    @property
    def waits_for_driver(self) -> bool:
        """True when all that it lacks is the driver's own library, which no image can hold."""
        return self.problem is not None and self.problem.startswith(tuple(f"{name}:" for name in DRIVER))

    @property
    def missing(self) -> bool:
        """True when it does not open, and not for want of a driver."""
        return self.problem is not None and not self.waits_for_driver


def check(libraries: Tuple[Library, ...]) -> List[Finding]:
    """Opens every library, in the order of the table."""
    found = []
    for library in libraries:
        problem = open_one(library.soname)
        found.append(Finding(library, problem, None if problem is None else where(library.soname)))
    return found


def main(argv: Optional[List[str]] = None) -> int:
    """Prints a line per library.

    Returns:
        0; 4 with `--require` when one does not open, its name and the loader's words on stderr.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0], allow_abbrev=False)
    parser.add_argument("--require", action="store_true", help="exit 4 when a library does not open")
    parser.add_argument("--tensorflow", default="2.21", metavar="VERSION", help="whose libraries (default 2.21)")
    parser.add_argument("--folders", action="store_true", help="print the wheels' library folders and end")
    args = parser.parse_args(argv)
    if args.folders:
        print("\n".join(wheel_folders()))
        return 0
    missing = []
    for row in check(table_for(args.tensorflow)):
        note = f"  (all but the driver: {row.problem})" if row.waits_for_driver else ""
        print(f"{'MISSING' if row.missing else 'ok':8}{row.library.soname}{note}", flush=True)
        if row.missing:
            hint = f"; it is at {row.path}, where the loader does not look" if row.path else ""
            missing.append(f"{row.library.soname} ({row.library.package}) does not open: {row.problem}{hint}")
    for line in missing:
        print(line, file=sys.stderr)
    return 4 if missing and args.require else 0


if __name__ == "__main__":
    sys.exit(main())
