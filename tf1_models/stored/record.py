"""What a checkpoint computes on the fixed batch: logits whole, every layer's output as a sample."""

from __future__ import annotations

import zlib
from typing import Dict, List, Optional, Tuple

import numpy as np

from tf1_models.scoring.open_checkpoint import OpenCheckpoint

N_SAMPLES = 64
# Rounding moves an output by some 1e-7 of the layer's largest value per operation; oneDNN and other thread counts
# were seen to move raw-pixel logits by 1e-6 of the largest. A real change is far above.
RELATIVE_TOLERANCE = 1e-5


def positions(layer: str, size: int) -> np.ndarray:
    """Which elements of a layer's flattened output are kept: a function of the layer's name and size.

    Returns:
        int64 [min(64, size)], ascending.
    """
    rng = np.random.RandomState(zlib.crc32(layer.encode("utf-8")) & 0x7FFFFFFF)
    return np.sort(rng.choice(size, min(N_SAMPLES, size), replace=False)).astype(np.int64)


def measure(opened: OpenCheckpoint, images: np.ndarray, batch_size: Optional[int] = None) -> Dict[str, np.ndarray]:
    """Runs a checkpoint's graph on images.

    Args:
        opened: A checkpoint.
        images: uint8 [n, 32, 32, 3].
        batch_size: Images a `session.run`; None: all at once. Where it is larger than n, the images are repeated to
            fill the batch and the repetitions dropped, so that kernels for large batches are held to the record too.

    Returns:
        `logits` float32 [n, 10], and for each layer, in order: `shape/<k>/<layer>` int64 (without the batch axis),
        `largest/<k>/<layer>` (largest absolute value) and `sample/<k>/<layer>` float32 (see `positions`).
    """
    parts: Dict[str, List[np.ndarray]] = {}
    layers = opened.graph.handles.layers
    fetches = [opened.graph.handles.logits, *(row.output for row in layers)]
    step = batch_size or len(images)
    for start in range(0, len(images), step):
        batch = images[start : start + step]
        n = len(batch)
        if step > len(images):
            batch = np.resize(batch, (step, *images.shape[1:]))
        values = opened.session.run(fetches, {opened.graph.image_bytes: batch})
        parts.setdefault("logits", []).append(values[0][:n])
        for place, (row, value) in enumerate(zip(layers, values[1:])):
            parts.setdefault(f"{place:02d}/{row.name}", []).append(value[:n])
    found = {"logits": np.concatenate(parts.pop("logits")).astype(np.float32)}
    for key, pieces in parts.items():
        output = np.concatenate(pieces)
        found[f"shape/{key}"] = np.array(output.shape[1:], np.int64)
        found[f"largest/{key}"] = np.array(np.abs(output).max(), np.float32)
        found[f"sample/{key}"] = output.reshape(-1)[positions(key, output.size)].astype(np.float32)
    return found


def first_difference(stored: Dict[str, np.ndarray], now: Dict[str, np.ndarray]) -> Optional[Tuple[str, str]]:
    """The first layer whose output parts from the record.

    Returns:
        (layer, what differs in words), or None.
    """
    old_layers = [key[len("sample/") :] for key in stored if key.startswith("sample/")]
    new_layers = [key[len("sample/") :] for key in now if key.startswith("sample/")]
    for place, layer in enumerate(old_layers):
        name = layer.split("/", 1)[1]
        if place >= len(new_layers) or new_layers[place] != layer:
            other = new_layers[place].split("/", 1)[1] if place < len(new_layers) else "nothing"
            return name, f"the graph has {other} in its place"
        shapes = [tuple(int(n) for n in record[f"shape/{layer}"]) for record in (stored, now)]
        if shapes[0] != shapes[1]:
            return name, f"output shape {list(shapes[1])}, recorded {list(shapes[0])}"
        error = relative_error(stored[f"sample/{layer}"], now[f"sample/{layer}"], float(stored[f"largest/{layer}"]))
        if not error <= RELATIVE_TOLERANCE:  # NaN fails too
            return name, f"off by {error:.1e} of its largest value, allowed {RELATIVE_TOLERANCE:.0e}"
    return None


def relative_error(stored: np.ndarray, now: np.ndarray, largest: float) -> float:
    """Largest absolute difference over the record's largest absolute value."""
    return float(np.abs(stored.astype(np.float64) - now).max() / max(largest, 1e-30))
