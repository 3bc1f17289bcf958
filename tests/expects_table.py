"""What each report's graph expects, read off the built graphs: the block `expects` of tf1_models/README.md.

python -m tests.expects_table          writes it there
"""

from __future__ import annotations

import os
from typing import Any

from tests.conftest import ROOT
from tf1_models import registry
from tf1_models.output import markdown

PAGE, BLOCK = os.path.join(ROOT, "tf1_models", "README.md"), "expects"
_HEAD = (
    "report, its headline run",
    "`images`",
    "bytes divided by",
    "`keep_prob` to train",
    "`is_training`",
    "`update_ops`",
    "`learning_rate`",
)


def render(tf: Any) -> str:
    """The table; builds five graphs."""
    rows = []
    for report in registry.REPORTS:
        run = registry.default_run(report)
        experiment = registry.experiment(report, run)
        with tf.Graph().as_default():
            handles = registry.graph(report).build()
        shape = ["batch", *handles.images.shape.as_list()[1:]]
        rows.append(
            (
                f"`{report}`, `{run}`",
                f"[{', '.join(map(str, shape))}]",
                f"{experiment.pixel_divisor:g}",
                "none" if handles.keep_prob is None else f"{experiment.keep_prob:g}",
                "none" if handles.is_training is None else "True to train",
                f"{len(handles.update_ops)}" if handles.update_ops else "none",
                "none" if handles.learning_rate is None else "placeholder",
            )
        )
    return markdown.markdown_table(_HEAD, rows)


if __name__ == "__main__":
    from tf1_models.session.tensorflow_setup import import_tensorflow

    print("rewritten" if markdown.write_block(PAGE, BLOCK, render(import_tensorflow())) else "already current")
