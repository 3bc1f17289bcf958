"""A checkpoint as a SavedModel: bytes in, probabilities out, for serving programs that know nothing of this kit."""

from __future__ import annotations

import shutil
from typing import Optional

from tf1_models.checkpoints.source import Source
from tf1_models.errors import MachineError, tensorflow_words
from tf1_models.scoring.open_checkpoint import open_checkpoint


def export(source: Source, out: str) -> Optional[str]:
    """Writes a SavedModel with the signature `serving_default`.

    Args:
        source: A checkpoint.
        out: Folder to make; must not exist.

    The signature's input is `images`, uint8 [batch, 32, 32, 3]; its outputs are `probabilities` float32 [batch, 10]
    and `predictions` int64 [batch]. Preprocessing is inside.

    Returns:
        What was taken of a foreign checkpoint (see `checkpoint_source.restore`).

    Raises:
        InputError: the checkpoint does not fit its graph.
        MachineError: the disk is full or the folder read-only; nothing is left there.
    """
    with open_checkpoint(source) as opened:
        handles = opened.graph.handles
        try:
            opened.tf.saved_model.simple_save(
                opened.session,
                out,
                inputs={"images": opened.graph.image_bytes},
                outputs={"probabilities": handles.probabilities, "predictions": handles.predictions},
            )
        except (OSError, opened.tf.errors.OpError) as error:
            shutil.rmtree(out, ignore_errors=True)  # it is ours: it did not exist
            raise MachineError(
                f"{out} cannot be written ({tensorflow_words(error)}); choose another place, or mend this one"
            ) from error
        return opened.taken
