"""Files that hold a model and are no V2 checkpoint: what each is, by its first and last bytes, and what to do."""

from __future__ import annotations

import os
import re
from typing import Optional

from tf1_models.checkpoints.sstable import MAGIC
from tf1_models.storage.reading import open_regular, shown

_HEAD_BYTES = 4096
_MAX_FILE_BYTES = 1 << 50  # nothing of it is read but its ends
# the files that a Saver writes beside each other; any of them names the checkpoint
_ENDINGS = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_TORCH_OLD = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # torch.save before 1.6: a pickled magic number


def saver_prefix(name: str) -> str:
    """The Saver prefix that a path names, where it names one of the Saver's files; else the path itself."""
    stem = _ENDINGS.sub("", name)
    return stem if stem != name and (os.path.isfile(stem + ".index") or os.path.isfile(stem)) else name


def saved_model_prefix(folder: str) -> Optional[str]:
    """Prefix of the variables in a SavedModel's folder; None where it is none."""
    prefix = os.path.join(folder, "variables", "variables")
    described = any(os.path.isfile(os.path.join(folder, f"saved_model.{kind}")) for kind in ("pb", "pbtxt"))
    return prefix if described and os.path.isfile(prefix + ".index") else None


def foreign_prefixes(folder: str) -> str:
    """A clause that names the Saver files in a folder that is none of the kit's; empty without any."""
    stems = {_ENDINGS.sub("", name) for name in os.listdir(folder) if name.endswith((".index", ".meta"))}
    names = sorted(stems)  # a V1 checkpoint has a .meta only, and is named as such when it is tried
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"; it has {shown(', '.join(names[:3]))}{more}: name one, as {shown(os.path.join(folder, names[-1]))}"


def explanation(path: str) -> str:
    """What a file without an `.index` beside it is, and what to do, in one line.

    Args:
        path: An existing path, no folder.

    Raises:
        InputError: no regular file, or not readable.
    """
    stream, size = open_regular(path, _MAX_FILE_BYTES)
    with stream:
        head = stream.read(_HEAD_BYTES)
        stream.seek(max(size - 8, 0))
        tail = stream.read(8)
    name = shown(path)
    if tail == MAGIC.to_bytes(8, "little"):
        base = shown(os.path.basename(path), 100)
        return (
            f"{base} is a checkpoint of the old format V1 (one file, no .index); convert it in TF1: "
            f"r = tf.train.NewCheckpointReader({base!r}); s = tf.Session(); "
            "v = [tf.Variable(r.get_tensor(n), name=n) for n in r.get_variable_to_shape_map()]; "
            f"s.run([x.initializer for x in v]); tf.train.Saver(v).save(s, {base + '-v2'!r})"
        )
    if os.path.basename(path) in ("saved_model.pb", "saved_model.pbtxt"):
        return f"{name} is a SavedModel's description; name its folder, {shown(os.path.dirname(path) or '.')}"
    if path.endswith((".pb", ".pbtxt")):
        return (
            f"{name} is a graph, its weights frozen to constants if it holds any; name the checkpoint that it was "
            "frozen from, or import it in TF1 (tf.import_graph_def), run its Const nodes and save their values as "
            "variables with tf.train.Saver"
        )
    zipped = head.startswith(b"PK\x03\x04")
    if head.startswith(b"\x89HDF\r\n\x1a\n") or (zipped and b"metadata.json" in head and b"config.json" in head):
        return (
            f"{name} is a Keras file; load it in Keras on TensorFlow 1 and save its variables with tf.train.Saver()"
            ".save(tf.keras.backend.get_session(), 'model.ckpt'), then name model.ckpt, with --rename where "
            "names differ"
        )
    if head.startswith(_TORCH_OLD) or (zipped and b"/data.pkl" in head):
        return (
            f"{name} is a PyTorch file, whose pickle is never opened here; give its arrays to variables of the "
            "graph's names in a TF1 program (kernels from OIHW to HWIO, Linear weights transposed) and save them "
            "with tf.train.Saver"
        )
    return (
        f"{name} is no checkpoint of tf.train.Saver: {shown(os.path.basename(path))}.index is not there, and its "
        "bytes are of no format known here"
    )
