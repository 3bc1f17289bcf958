"""--scope, --rename and --use-averages as words: pairs, files of pairs, what is refused."""

from __future__ import annotations

from typing import Any, List

import pytest

from tf1_models.checkpoints.name_options import NameOptions, apply, options_of
from tf1_models.errors import InputError, UsageError


def test_words_become_options() -> None:
    assert options_of(None, [], False) == NameOptions()
    assert options_of("tower_0/net", ["a/w=W1", "*_1 = *"], True) == NameOptions(
        "tower_0/net/", (("a/w", "W1"), ("*_1", "*")), True
    )
    assert options_of("net/", [], False).scope == "net/" and options_of("", [], False).scope == ""


def test_a_file_of_pairs(tmp_path: Any) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes("\ufeff# old = new\r\n\r\nconv1/weights=conv1/kernel  # layer 1\r\n *_1 = *\r\n".encode())
    assert options_of(None, [str(path), "x=y"], False).renames == (
        ("conv1/weights", "conv1/kernel"),
        ("*_1", "*"),
        ("x", "y"),
    )
    for content, message in (
        (b"a\n", "line 1: 'a' is no OLD=NEW"),
        (b"# nothing\n", "holds no OLD=NEW"),
        (b"\xff\xfe=\n", "is no UTF-8 text"),
        (bytes(2 << 20), "at most 1048576 are read"),
    ):
        path.write_bytes(content)
        with pytest.raises((InputError, UsageError), match=message):
            options_of(None, [str(path)], False)
    with pytest.raises(UsageError, match="'no/such' is neither OLD=NEW nor a file"):
        options_of(None, ["no/such"], False)
    with pytest.raises(InputError, match="not a regular file"):
        options_of(None, [str(tmp_path)], False)


@pytest.mark.parametrize(
    "words, message",
    [
        (["=W1"], "is no OLD=NEW"),
        (["W1="], "is no OLD=NEW"),
        (["a=b=c"], "is no OLD=NEW"),
        (["*=W1"], "one [*] in both"),
        (["**=**"], "is no OLD=NEW"),
        (["a=b", "a=c"], "a is renamed twice"),
        (["a=c", "b=c"], "c is filled twice"),
    ],
)
def test_what_is_no_pair_is_refused(words: List[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        options_of(None, words, False)


def test_patterns() -> None:
    assert apply(("*_1", "*"), "W1") == "W1_1" and apply(("conv*/weights", "W*"), "W12") == "conv12/weights"
    assert apply(("a*", "W*"), "b1") is None and apply(("a*", "W*"), "W") is None
    assert apply(("*x", "aa*aa"), "aaa") is None  # both ends must have room
