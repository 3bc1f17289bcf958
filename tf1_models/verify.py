"""`verify.verify(name)`: the check of a stored checkpoint as a function, for CI scripts; see `stored.check`."""

from __future__ import annotations

from typing import Any, Dict, Optional


def verify(name: str, data: Optional[str] = None) -> Dict[str, Any]:
    """Checks one stored checkpoint.

    Args:
        name: Name below `checkpoints/`, or a folder.
        data: What `--data` takes, for the scores; None leaves them unchecked.

    Returns:
        `name`, `status` ("ok" or "failed") and `checks` (weights, logits, activations, scores).

    Raises:
        InputError: no such checkpoint, or bad data.
    """
    from tf1_models.stored import check

    loaded = None
    if data is not None:
        from tf1_models.datasets.load import load

        loaded = load(data)
    return check.verify(name, loaded)
