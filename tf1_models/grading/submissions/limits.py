"""The caps on what is read from strangers, in one place."""

from __future__ import annotations

MAX_BYTES = 64 * 1024 * 1024  # one submission, after decompression
# Python keeps one astral character as 4 bytes a character for the whole text: a larger text must be plain ASCII.
MAX_UNICODE_BYTES = 16 * 1024 * 1024
MAX_ROWS = 500_000  # Kaggle's test set has 300,000
MAX_LINE_CHARS = 1_000
MAX_JSON_VALUES = 4_000_000  # 300,000 rows of ten scores are 3,000,000
MAX_JSON_BRACKETS = 1_000_000
MAX_TEXT_ITEM_CHARS = 64  # widest class name in a .npy of text
MAX_NAME_CHARS = 255
MAX_ZIP_DEPTH = 2  # a platform's export, and a student's zip in it
MAX_EXPORT_MEMBERS = 200_000
MAX_STUDENT_MEMBERS = 2_000
MAX_STUDENT_ZIP_BYTES = 4 * MAX_BYTES  # all members of a zip inside a zip together, decompressed
MAX_ZIP_RATIO_BYTES = 1_032  # deflate cannot do better; a directory that promises more lies
SHOWN_PROBLEMS = 20  # lines listed per file, then a count
SHOWN_VALUE_CHARS = 40  # of a student's text, echoed in a message
