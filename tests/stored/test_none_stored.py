"""An installed kit has no stored checkpoints: every verb that lacks them says where they are."""

from __future__ import annotations

import json
from typing import Any, List

import numpy as np
import pytest


@pytest.mark.parametrize(
    "words, code",
    [
        (["checkpoint", "list"], 0),
        (["checkpoint", "inspect", "nine_conv-final"], 3),
        (["evaluate", "nine_conv-final"], 3),
        (["predict", "nine_conv-final", "--out", "result.npy"], 3),
        (["verify"], 3),
        (["verify", "nine_conv-final"], 3),
        (["grade", "--truth", "key.npy", "--reference", "nine_conv-final", "key.npy"], 2),
    ],
)
def test_whoever_lacks_them_is_told_where_they_are(words: List[str], code: int, kit: Any, tmp_path: Any) -> None:
    np.save(str(tmp_path / "key.npy"), np.arange(10, dtype=np.uint8).repeat(2))
    done = kit(*words, env={"TF1_MODELS_CHECKPOINTS": str(tmp_path / "nowhere")})
    text = done.stdout if code == 0 else done.stderr
    assert done.returncode == code and len(text.splitlines()) == 1, done.stderr
    assert f"none is stored in {tmp_path / 'nowhere'}" in text and "set TF1_MODELS_CHECKPOINTS" in text


def test_a_list_of_none_is_a_document_and_leaves_a_page_alone(kit: Any, tmp_path: Any) -> None:
    env = {"TF1_MODELS_CHECKPOINTS": str(tmp_path / "nowhere")}
    assert json.loads(kit("checkpoint", "list", "--json", env=env).stdout)["checkpoints"] == []
    page = tmp_path / "page.md"
    page.write_text("<!-- stored:begin -->\nkept\n<!-- stored:end -->\n")
    done = kit("checkpoint", "list", "--readme", str(page), env=env)
    assert done.returncode == 3 and "is left as it is" in done.stderr and "kept" in page.read_text()


def test_a_misspelt_name_gets_its_nearest(kit: Any) -> None:
    done = kit("verify", "nine_conv-finla")
    assert done.returncode == 3 and "did you mean 'nine_conv-final'?" in done.stderr
