"""Mutants of augmentation and of the order in which images are taken."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_ORDER = ("tests/training/test_loop.py::test_the_order_of_the_images",)

GROUPS = (
    Group("tf1_models/training/augmentation.py", ("tests/training/test_augmentation.py",), (
        M("PADDING_PX = 4", "PADDING_PX = 3", "three pixels of padding"),
        M("stream.randint(0, 2), stream", "stream.randint(0, 1), stream", "never flipped"),
        M("stream.randint(0, 2), stream", "stream.randint(0, 4), stream", "flipped three times in four"),
        M("crop[:, ::-1] if flip", "crop[::-1] if flip", "flipped upside down"),
        M('mode="constant"', 'mode="edge"', "the edge's pixels outside, not zeros"),
        M("RandomState([_STREAM, seed, epoch, int(indices[i])])", "RandomState([_STREAM, seed, epoch, i])",
          "what is drawn depends on the batch"),
        M("RandomState([_STREAM, seed, epoch, int(indices[i])])", "RandomState([_STREAM, seed, 0, int(indices[i])])",
          "every epoch draws the same"),
        M("stream.randint(0, 2 * pad + 1), stream.randint(0, 2 * pad + 1)",
          "stream.randint(0, 2 * pad + 1), stream.randint(0, 2 * pad)", "the last column of positions is never drawn"),
        M("out = np.empty_like(images)", "out = images", "the training images are overwritten"),
    )),
    Group("tf1_models/training/training_graph.py", ("tests/training/test_training_graph.py",), (
        M("if experiment.augmentation:", "if not experiment.augmentation:", "all other runs are augmented"),
        M("if experiment.augmentation:", "if False:", "no run is augmented"),
        M("augment(images, experiment.seed, epoch, batch)", "augment(images, experiment.seed, 0, batch)",
          "the loop augments every epoch as the first"),
    )),
    Group("tf1_models/training/loop.py", _ORDER, (
        M("orders.order(progress.epoch) if experiment.shuffle else", "orders.order(progress.epoch) if True else",
          "shuffled although the report does not (Q2 mended)"),
        M("orders.order(progress.epoch) if experiment.shuffle else", "orders.order(0) if experiment.shuffle else",
          "one order for all epochs"),
        M("batches = [train_indices[order[positions]] for positions in rows]",
          "batches = [order[positions] for positions in rows]", "dev images are trained on",
          tests=("tests/training/test_loop_order.py::test_no_dev_image_is_trained_on",)),
    )),
    Group("tf1_models/experiments/course_models.py", _ORDER, (
        M("shuffle=False", "shuffle=True", "the runs are shuffled (Q2 mended)"),
    )),
)  # fmt: skip
