"""Mutants of the tested versions."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

GROUPS = (
    Group("tf1_models/doctor/pins.py", ("tests/doctor/test_pins.py",), (
        M("pythons=(10, 13)", "pythons=(10, 14)", "Python 3.14 is said to do"),
        M("pythons=(7, 8)", "pythons=(7, 9)", "Python 3.9 is said to do for 1.15"),
        M('"tensorflow": "2.21.0"', '"tensorflow": "2.20.0"', "another TensorFlow"),
        M('"protobuf": "3.20.3"', '"protobuf": "3.21.0"', "a protobuf that 1.15 cannot read"),
        M('numbers=("tensorflow", "numpy", "pillow"),\n)\n\nTF115', 'numbers=("tensorflow", "numpy"),\n)\n\nTF115',
          "Pillow moves no number"),
        M("TF115 if sys.version_info < (3, 9)", "TF115 if sys.version_info < (3, 8)", "Python 3.8 is 2.21's"),
        M("tested=7,", "tested=8,", "the Python that the tests of 1.15 run on"),
        M('"matplotlib": "plots", "pillow": "data"', '"matplotlib": "plots", "pillow": "plots"',
          "the extra that brings Pillow"),
    )),
)  # fmt: skip
