"""What the first line of a label text says: which column is the label, which the image id."""

from __future__ import annotations

import dataclasses
import difflib
from typing import List, Optional, Sequence, Tuple

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.submissions.class_labels import BAD, decide
from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.rows import Rows
from tf1_models.grading.submissions.text_strict import split_line

ID_WORDS = frozenset(
    ("id", "ids", "image_id", "imageid", "image_ids", "image", "img", "index", "idx", "no", "number", "row", "filename",
     "file", "file_name")
)  # fmt: skip
LABEL_WORDS = frozenset(
    ("label", "labels", "class", "classes", "class_id", "class_name", "category", "prediction", "predictions",
     "predicted", "pred", "preds", "y", "y_pred", "target", "targets", "result", "results")
)  # fmt: skip
UNNAMED = ("", "unnamed: 0")  # pandas' index column
# Words in the name of a column more that could be labels too, perhaps the true ones.
_LABEL_PARTS = ("label", "class", "pred", "target", "truth", "true", "gt", "y_", "answer")


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the values stand in a line.

    Attributes:
        separator: One character.
        n_columns: Columns of every line.
        label: Column of the label.
        id: Column of the image id, None without.
        has_header: Line 1 is a header.
        guessed: The header's words are unknown: only the values can tell whether `label` and `id` are right.
    """

    separator: str
    n_columns: int
    label: int
    id: Optional[int]
    has_header: bool
    guessed: bool = False


def names(line: bytes, separator: str) -> bool:
    """Whether a line is a header that names one label."""
    words = [value.strip(" \t").lower() for value, _ in split_line(line.decode("utf-8"), separator)]
    return sum(word in LABEL_WORDS for word in words) == 1 and all(word in LABEL_WORDS | ID_WORDS for word in words)


def layout(values: Sequence[Tuple[str, bool]], separator: str, findings: Findings) -> Optional[Layout]:
    """The columns, from the first line's (value, was quoted); None with a problem."""
    words = [value.strip(" \t").lower() for value, _ in values]
    named = [word for word in words if word in LABEL_WORDS or word in ID_WORDS]
    unnamed = len(words) > 1 and words[0] in UNNAMED
    if named or unnamed:
        if any(quoted for _, quoted in values):
            findings.note("quoted header read")
        return _named(words, separator, findings)
    if len(words) > 2:
        findings.problem(_too_many(len(words)))
        return None
    has_header = all(_is_word(word) for word in words)
    return Layout(separator, len(words), len(words) - 1, 0 if len(words) == 2 else None, has_header, has_header)


def readings(guessed: Layout) -> List[Layout]:
    """What an unknown header may mean: the label alone, or id and label in either order."""
    if guessed.n_columns == 1:
        return [guessed]
    return [dataclasses.replace(guessed, id=0, label=1), dataclasses.replace(guessed, id=1, label=0)]


def tells_images_apart(rows: Rows) -> bool:
    """Whether a column can be that of the image ids: every value once."""
    if rows.int_ids is not None:
        return len(np.unique(rows.int_ids)) == len(rows.int_ids)
    return len(set(rows.text_ids or [])) == len(rows.text_ids or [])


def _is_word(word: str) -> bool:
    """Whether a first line's value can only be a heading: letters, no digit, no quote, and no class, mistyped or not.

    A mistyped class name at the top of a file without a header would otherwise vanish as one.
    """
    if not word[:1].isalpha() or not all(letter.isalpha() or letter in " _-()" for letter in word):
        return False
    if decide(word)[0] != BAD or word in ("nan", "inf", "na", "n/a", "null", "none", "true", "false"):
        return False
    return not difflib.get_close_matches(word, [*CIFAR10_CLASSES, "auto", "car", "plane", "aeroplane"], 1, 0.5)


def _too_many(count: int) -> str:
    return f"{count} columns; expected a label, an id and a label, or ten class scores (with or without an id)"


def _named(words: List[str], separator: str, findings: Findings) -> Optional[Layout]:
    """The columns a header names: one label, at most one id; with both of them other columns are ignored."""
    labels = [i for i, word in enumerate(words) if word in LABEL_WORDS]
    ids = [i for i, word in enumerate(words) if word in ID_WORDS]
    unnamed = [i for i, word in enumerate(words) if i == 0 and word in UNNAMED and len(words) > 1]
    if unnamed and not labels and len(words) == 2:  # pandas: DataFrame(predictions).to_csv() writes ',0'
        labels = [1]
    if len(words) == 2 and not unnamed and len(labels) + len(ids) == 1 and _is_word(words[(labels or ids)[0] - 1]):
        other = 1 - (labels or ids)[0]  # '번호,label': what the other column is, the values must bear out
        known = Layout(separator, 2, labels[0] if labels else other, ids[0] if ids else other, True)
        findings.note(f"header {shown(words[other])} taken as {'id' if labels else 'label'}")
        return known
    if unnamed and not ids:
        ids = unnamed
        findings.note("the unnamed first column read as image ids")
    elif unnamed:
        findings.note("the unnamed first column ignored")
    known_columns = set(labels) | set(ids) | set(unnamed)
    extra = [words[i] for i in range(len(words)) if i not in known_columns]
    unclear = [word for word in extra if not word or any(part in word for part in _LABEL_PARTS)]
    if len(labels) != 1 or len(ids) > 1 or (extra and not ids) or unclear:
        listed = ", ".join(shown(word) for word in words[:12])
        findings.problem(f"header {listed}; expected 'id,label' or 'label', and no other column that could be meant")
        return None
    if extra:
        findings.note("columns ignored: " + ", ".join(shown(word) for word in extra[:12]))
    return Layout(separator, len(words), labels[0], ids[0] if ids else None, has_header=True)
