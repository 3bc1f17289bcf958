"""What the reports' texts show as the output of their programs, line by line, and what of it `--console report` lacks.

A `Listing` is one run's output in the order in which the program printed it; a `Shown` is one line of it, with its line
in the report's text. `{step}`, `{score}` and the like stand for what `reported_logs.csv` has of that line and
`reported.csv` of that run (`numbers`). Everything else is typed from the texts; `against_texts.py` holds it to them
where they are at hand. tests/output/test_consoles_and_texts.py gives the kit's consoles these numbers and compares what
they print, line by line.

The texts were scanned, and what that did is mended here: `O tensor` and `(): tensor` are `0 tensor`, `NIILossBackward`
is `NllLossBackward`, `eps=le=05` is `eps=1e-05`, `(**relayer*)` is `(fc_layer)`; lost indentation is PyTorch's. Blanks
in a row are one, course_models' bars are cut to a few cells (`{bar}`), some speeds and closing words are cut off.
Columns of Keras' table are tabs, and layer names that went on in a second line are joined.
"""

from __future__ import annotations

import csv
import os
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from tf1_models.reproduce import reported_logs

REPORTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reported.csv")

# ---- why a line that a text shows is not printed -------------------------------------------------------------------

LEFT_OUT: Dict[str, str] = {
    "log": "a warning or log line of TensorFlow, PyTorch, Keras or IPython: other versions, other words",
    "picture": "a picture's titles and ticks, not text of the program: `class_row.png` has them",
    "download": "torchvision's word of its own download; this kit never downloads unasked",
    "again": "a cell of the notebook, run a second time",
    "prompt": "the prompt's echo of what was typed",
}

# ---- why a line is printed that no text shows ----------------------------------------------------------------------

NOT_SHOWN: Dict[str, Tuple[str, str]] = {  # report -> (which lines, as a regular expression; why)
    "bn_cnn": (
        r"torch\.Size\(\[\d+(, \d+)+\]\)",
        "heading 2.4 names the shapes behind each layer, below it stood a picture, which the text lost: that they are "
        "NCHW is known, their number and form are assumed to be those of print(x.shape) behind each self.layer(x)",
    ),
    "alexnet_bn": (r"[_ ]*", "rules and blank rows of Keras' table and an empty line, which the text lost"),
}


class Shown(NamedTuple):
    """One line of a program's output.

    Attributes:
        line: In the report's text, counted from 1.
        words: As the program printed it, with `{…}` for numbers that stand elsewhere.
        left_out: Key of `LEFT_OUT`; empty where the kit prints the line.
        misprinted: What this line's numbers contradict; then only the words around them are compared.
    """

    line: int
    words: str
    left_out: str = ""
    misprinted: str = ""


class Listing(NamedTuple):
    """One run's output as the text shows it.

    Attributes:
        report: Report id.
        run: Run id.
        lines: In the order in which the program printed them.
        whole: The program printed nothing before; otherwise the text shows the end of the output.
    """

    report: str
    run: str
    lines: Sequence[Shown]
    whole: bool


# ---- course_models -------------------------------------------------------------------------------------------------

STEP = (
    "Global step: {step:>5} - [{bar}] %3d%% - acc: {batch_accuracy} - loss: {batch_loss} - {samples_per_s} sample/sec"
)
SHARE = "the accuracy is no share of 256 images"
THOUSANDS = "the step is 6000 too small: a run of 50 epochs ends at 9795"
HUNDREDS = "the step is 200 too small, by its percentage"
MISPRINTED: Dict[int, str] = {
    175: SHARE,
    213: THOUSANDS + "; 77 % is 71 %",
    **{line: THOUSANDS for line in range(214, 219)},
    **{line: HUNDREDS for line in (*range(314, 318), *range(360, 363))},
    359: f"{HUNDREDS}; {SHARE}; the loss is below log(e + 9) - 1",
}


def course(run: str, first_line: int, percentages: Sequence[int], with_picture: bool = False) -> Listing:
    """The last steps of a run, the three lines of its end, and what the picture below adds in the text."""
    steps = [
        Shown(line, STEP % percent, misprinted=MISPRINTED.get(line, ""))
        for line, percent in enumerate(percentages, first_line)
    ]
    words = ["#####", "Test ACC Rate --> {score}", "main"]
    picture = ["airplane automobile cat deer dog frog horse ship truck", "0 0 0 0 0 0 0 0 0 0"] if with_picture else []
    end = [Shown(line, text) for line, text in enumerate(words, first_line + len(steps))]
    below = [Shown(line, text, "picture") for line, text in enumerate(picture, end[-1].line + 1)]
    return Listing("course_models", run, [*steps, *end, *below], whole=False)


COURSE_MODELS = [
    course("sim01_model2_bn", 138, (92, 97), True),
    course("sim02_model2_bn_50", 150, (87, 92, 97), True),
    course("sim03_model_extra_conv", 163, (92, 97), True),
    course("sim04_one_pool_less", 175, (82, 87, 92, 97), True),
    course("sim05_batch_512", 189, (82, 92), True),
    course("sim06_filters_256", 202, (87, 92, 97)),
    course("sim07_filters_256_50", 213, (77, 77, 82, 87, 92, 97)),
    course("sim08_deeper_wider", 227, (87, 92, 97)),
    course("sim09_last_filters_up", 240, (77, 82, 87, 92, 97)),
    course("sim10_both_filters_up", 253, (71, 77, 82, 87, 92, 97)),
    course("sim11_model3", 267, (36, 41, 46, 51, 56, 61, 66, 71, 77, 82, 87, 92, 97)),
    course("model2", 314, (71, 77, 82, 87, 92, 97)),
    course("model2_batch_512", 328, (51, 61, 71, 82, 92)),
    course("model2_50", 341, (71, 77, 82, 87, 92, 97)),
    course("sim11_model3", 359, (71, 77, 82, 87, 92, 97)),
    course("sim12_model3_50", 373, (77, 82, 87, 92, 97)),
]

# ---- nine_conv -----------------------------------------------------------------------------------------------------

NO_FLOAT64 = "Python prints no float64 as 491.41037106312977: the nearest is 491.4103710631298"
LOSSES, F1 = "losses: {epoch_loss_sum}", "dev 데이터 f1 score: {score}"


def saver_warning(first_line: int) -> List[Shown]:
    """What TensorFlow's Saver said before the score."""
    words = (
        "WARNING:tensorflow:From /usr/local/lib/python3.7/dist-packages/tensorflow/python/training/saver.py",
        "Instructions for updating:",
        "Use standard file APIs to check for files with this prefix.",
    )
    return [Shown(line, text, "log") for line, text in enumerate(words, first_line)]


def last_epoch(run: str, first_line: int, epoch: str = "Epoch 50") -> Listing:
    """The end of a run: its last epoch and its score."""
    words = [epoch, LOSSES] if epoch else [LOSSES]
    shown = [Shown(line, text) for line, text in enumerate(words, first_line)]
    return Listing("nine_conv", run, [*shown, *saver_warning(shown[-1].line + 1), Shown(shown[-1].line + 4, F1)], False)


def epochs(first_line: int, first: int, last: int) -> List[Shown]:
    """Two lines an epoch."""
    shown = []
    for line, epoch in zip(range(first_line, first_line + 2 * (last - first) + 1, 2), range(first, last + 1)):
        shown += [Shown(line, f"Epoch {epoch}"), Shown(line + 1, LOSSES)]
    return shown


NINE_CONV = [
    last_epoch("final", 167),
    Listing(
        "nine_conv",
        "shallow",
        [
            Shown(178, "학습시작"),
            Shown(179, "Epoch 1"),
            Shown(180, "tensorflow/stream_executor/dso_loader.cc:152] successfully opened C", "log"),
            Shown(181, LOSSES),
            *epochs(182, 2, 15),
            *saver_warning(210),
            Shown(213, F1),
        ],
        whole=True,
    ),
    Listing(
        "nine_conv",
        "shallow_dropout",
        [Shown(214, LOSSES, misprinted=NO_FLOAT64), *epochs(215, 12, 15), *saver_warning(223), Shown(226, F1)],
        whole=False,
    ),
    Listing(
        "nine_conv",
        "shallow_dropout_early_stop",
        [
            *epochs(228, 22, 22),
            Shown(230, "min loss: {epoch_loss_sum}"),
            Shown(231, "this loss: 468.3417340517044"),
            Shown(232, "step: 5"),
            Shown(233, "Early stopped!"),
            *saver_warning(234),
            Shown(237, F1),
        ],
        whole=False,
    ),
    last_epoch("without_conv256_a", 357),
    last_epoch("without_conv256_b", 366),
    last_epoch("without_conv9", 377, epoch=""),
    last_epoch("single_fc", 387),
]

# ---- bn_cnn --------------------------------------------------------------------------------------------------------

BN_CNN = [Listing("bn_cnn", "final", [Shown(118, "Accuracy of the network on the 10000 test images {score}")], False)]

# ---- prelu_cnn: 20 of 30 step lines survive ------------------------------------------------------------------------

PRELU_CNN_NET = """\
CNN(
  (layer): Sequential(
    (0): Conv2d(3, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (1): PReLU(num_parameters=1)
    (2): Dropout2d(p=0, inplace=35)
    (3): BatchNorm2d(16, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (4): Conv2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (5): PReLU(num_parameters=1)
    (6): Dropout2d(p=0, inplace=35)
    (7): BatchNorm2d(32, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (8): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (9): Conv2d(32, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (10): PReLU(num_parameters=1)
    (11): Dropout2d(p=0, inplace=35)
    (12): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (13): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  )
  (fc_layer): Sequential(
    (0): Linear(in_features=4096, out_features=100, bias=True)
    (1): PReLU(num_parameters=1)
    (2): Dropout2d(p=0, inplace=35)
    (3): BatchNorm1d(100, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (4): Linear(in_features=100, out_features=10, bias=True)
  )
)"""
VOLATILE = "UserWarning: volatile was removed and now has no effect. Use `with torch.no_grad():` instead."
FIRST_BATCH = "0 tensor({first_batch_loss}, device='cuda:0', grad_fn=<NllLossBackward>)"

PRELU_CNN = [
    Listing(
        "prelu_cnn",
        "final",
        [
            *[Shown(257, "Files already downloaded and verified", "download") for _ in range(2)],
            Shown(326, FIRST_BATCH),
            Shown(326, VOLATILE, "log"),  # in the text behind the line before
            *[Shown(line, FIRST_BATCH) for line in range(327, 346)],
            Shown(42, VOLATILE, "log"),
            Shown(44, "Accuracy of Test Data: {score}"),
            Shown(35, "Accuracy of Test Data: {score}", "again"),
            Shown(360, "2 model", "prompt"),
            Shown(362, PRELU_CNN_NET.split("\n")[0]),
            *[Shown(line, words) for line, words in enumerate(PRELU_CNN_NET.split("\n")[1:], 364)],
        ],
        whole=True,
    )
]

# ---- alexnet_bn ----------------------------------------------------------------------------------------------------

ALEXNET_BN_NET = """\
Model: "sequential"
Layer (type)	Output Shape	Param #
=====
conv2d (Conv2D)	(None, 62, 62, 96)	34944
batch_normalization (Batch Normalization)	(None, 62, 62, 96)	384
max_pooling2d (MaxPooling2D)	(None, 30, 30, 96)	0
conv2d_1 (Conv2D)	(None, 30, 30, 256)	614656
batch_normalization_1 (Batch Normalization)	(None, 30, 30, 256)	1024
max_pooling2d_1 (MaxPooling2D)	(None, 14, 14, 256)	0
conv2d_2 (Conv2D)	(None, 14, 14, 384)	885120
conv2d_3 (Conv2D)	(None, 14, 14, 384)	1327488
conv2d_4 (Conv2D)	(None, 14, 14, 256)	884992
max_pooling2d_2 (MaxPooling2D)	(None, 6, 6, 256)	0
flatten (Flatten)	(None, 9216)	0
dense (Dense)	(None, 512)	4719104
batch_normalization_2 (Batch Normalization)	(None, 512)	2048
dropout (Dropout)	(None, 512)	0
dense_1 (Dense)	(None, 256)	131328
batch_normalization_3 (Batch Normalization)	(None, 256)	1024
dropout_1 (Dropout)	(None, 256)	0
dense_2 (Dense)	(None, 128)	32896
batch_normalization_4 (Batch Normalization)	(None, 128)	512
dropout_2 (Dropout)	(None, 128)	0
dense_3 (Dense)	(None, 10)	1290
=====
Total params: 8,636,810
Trainable params: 8,634,314
Non-trainable params: 2,496"""

ALEXNET_BN = [
    Listing(
        "alexnet_bn",
        "as_listed",
        [
            Shown(110, "Found 45000 images belonging to 10 classes."),
            Shown(111, "Found 5000 images belonging to 10 classes."),
            Shown(112, "Found 10000 images belonging to 10 classes."),
            Shown(119, "check shape of data shape"),
            Shown(120, "input data shape from train_generator: (50, 256, 256, 3)"),
            Shown(121, "class data shape from train_generator: (50, 10)"),
            Shown(122, "input data shape from valid_generator: (50, 256, 256, 3)"),
            Shown(123, "class data shape from valid_generator: (50, 10)"),
            Shown(124, "input data shape from test_generator: (100, 256, 256, 3)"),
            Shown(125, "class data shape from test_generator: (100, 10)"),
            *[Shown(line, words) for line, words in enumerate(ALEXNET_BN_NET.split("\n"), 188)],
            Shown(292, "-- Evaluate --"),
            Shown(294, "UserWarning: `Model.evaluate_generator`", "log"),
            Shown(295, "is deprecated and will be removed in a future version. Please use `Model.", "log"),
            Shown(296, "evaluate`, which supports generators.", "log"),
            Shown(297, "scores = model.evaluate_generator(test_generator, steps=test_generator.", "log"),
            Shown(298, "n//test_generator.batch_size)", "log"),
            Shown(300, "accuracy: 81.91%"),  # of the last cell that ran: batch_100_epochs_30
        ],
        whole=True,
    )
]

LISTINGS: List[Listing] = [*COURSE_MODELS, *BN_CNN, *PRELU_CNN, *NINE_CONV, *ALEXNET_BN]

# ---- the numbers ---------------------------------------------------------------------------------------------------


def _rows(path: str) -> List[Dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def logged() -> Dict[Tuple[str, int], Dict[str, str]]:
    """(report, line of its text) -> quantity -> as printed; `step` and `epoch` beside them, where they are known."""
    found: Dict[Tuple[str, int], Dict[str, str]] = {}
    for row in _rows(reported_logs.PATH):
        line = int(row["report_line"].split(":")[1])
        values = found.setdefault((row["report"], line), {"step": row["step"], "epoch": row["epoch"]})
        values[row["quantity"]] = row["printed"]
    return found


def scores() -> Dict[Tuple[str, str], str]:
    """(report, run) -> the run's score as printed."""
    return {(row["report"], row["run"]): row["printed"] for row in _rows(REPORTED)}


def numbers(listing: Listing) -> List[Dict[str, Any]]:
    """What stands for the `{…}` of each line of a listing; a speed that the text cut off is 100.0."""
    of_line, score = logged(), scores()[listing.report, listing.run]
    found = []
    for shown in listing.lines:
        values: Dict[str, Any] = {"bar": "", "samples_per_s": "100.0", "score": score}
        values.update(of_line.get((listing.report, shown.line), {}))
        if values.get("step"):
            values["step"] = int(values["step"])
        found.append(values)
    return found


def filled(listing: Listing) -> List[str]:
    """The lines of a listing with their numbers, those too that the kit leaves out."""
    return [shown.words.format(**values) for shown, values in zip(listing.lines, numbers(listing))]
