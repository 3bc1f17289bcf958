"""Images of the user's own: .npy of bytes, PNG; everything else is refused with its reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1_models.datasets.single_images import read_images
from tf1_models.errors import InputError

IMAGES = np.random.RandomState(0).randint(0, 256, (2, 32, 32, 3)).astype(np.uint8)


def test_npy_and_png(tmp_path: Any) -> None:
    np.save(str(tmp_path / "a.npy"), IMAGES)
    assert np.array_equal(read_images(str(tmp_path / "a.npy")), IMAGES)
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image.fromarray(IMAGES[0]).save(str(tmp_path / "a.png"))
    assert np.array_equal(read_images(str(tmp_path / "a.png")), IMAGES[:1])


@pytest.mark.parametrize(
    "array", [IMAGES.astype(np.float32), IMAGES[0], IMAGES[:, :16], IMAGES[:0], IMAGES.reshape(2, -1)]
)
def test_other_arrays_are_refused(tmp_path: Any, array: np.ndarray) -> None:
    np.save(str(tmp_path / "a.npy"), array)
    with pytest.raises(InputError, match=r"images must be uint8 \[N, 32, 32, 3\]; got "):
        read_images(str(tmp_path / "a.npy"))


def test_no_such_file_and_garbage(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_images(str(tmp_path / "a.npy"))
    (tmp_path / "b.npy").write_bytes(b"garbage")
    (tmp_path / "b.png").write_bytes(b"garbage")
    for name in ("b.npy", "b.png"):
        with pytest.raises(InputError):
            read_images(str(tmp_path / name))
