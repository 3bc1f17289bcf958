"""A checkpoint's weights in a Session: graph, quiet Session, strict restore, for whoever wants to run it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Optional

from tf1_models.checkpoints import checkpoint_source
from tf1_models.checkpoints.source import Source

if TYPE_CHECKING:  # it imports TensorFlow
    from tf1_models.scoring.inference_graph import InferenceGraph


class OpenCheckpoint(NamedTuple):
    """Attributes:
    tf: The TensorFlow v1 module.
    session: Session on the graph, which is the default graph meanwhile and not finalized; holds the weights.
    graph: Bytes in, probabilities out.
    taken: What was taken of a foreign checkpoint (see `checkpoint_source.restore`); None for the kit's own.
    """

    tf: Any
    session: Any
    graph: InferenceGraph
    taken: Optional[str]


@contextlib.contextmanager
def open_checkpoint(source: Source, threads: Optional[int] = None, tf_log: bool = False) -> Iterator[OpenCheckpoint]:
    """Builds the checkpoint's inference graph in a graph of its own and restores it strictly.

    Args:
        source: From `checkpoint_source.find`.
        threads: Threads TensorFlow may use; None: the usable processors.
        tf_log: Show TensorFlow's start-up lines.

    Raises:
        InputError: the checkpoint does not fit its graph.
        MachineError: TensorFlow is not installed.
    """
    from tf1_models.session import tensorflow_setup

    tf = tensorflow_setup.import_tensorflow(quiet=not tf_log)
    from tf1_models.scoring import inference_graph

    with tf.Graph().as_default():
        graph = inference_graph.build_inference(source.experiment)
        with tensorflow_setup.quiet_stderr(not tf_log):
            session: Any = tf.Session(config=tensorflow_setup.session_config(tf, threads, source.experiment))
        with session:
            with tensorflow_setup.quiet_stderr(not tf_log):
                taken = checkpoint_source.restore(tf, session, source)
            yield OpenCheckpoint(tf, session, graph, taken)
