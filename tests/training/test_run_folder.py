"""Paths that TensorFlow reads otherwise than the system are refused before anything is written."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tf1_models.errors import InputError
from tf1_models.training.run_folder import RunFolder


@pytest.mark.parametrize("name", ["runs[1]", "a*b", "a?b", "a\\b", "ram://x"])
def test_a_path_that_tensorflow_takes_for_a_pattern_is_refused(tmp_path: Any, name: str) -> None:
    with pytest.raises(InputError, match="choose a path without .* with --out$"):
        RunFolder(os.path.join(str(tmp_path), name, "run"))
    assert os.listdir(str(tmp_path)) == []
