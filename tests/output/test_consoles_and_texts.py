"""`--console report` line by line beside what the reports' texts show (tests/transcripts/consoles.py).

Each console is told the report's own numbers, as the loop tells it; what it prints has to be the lines of the listing
in their order: all of them where the text shows the whole output, otherwise the last ones. What the table calls left
out must not be printed, and what is printed without a text must be what the table says of it. Compared character by
character but for course_models' bar (cut in the texts; test_report_console.py has its form), the numbers of lines that
the table calls misprinted, and Keras' columns, whose widths the text lost.
"""

from __future__ import annotations

import functools
import re
from types import SimpleNamespace
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

from tests.transcripts import against_texts, consoles
from tests.transcripts.consoles import LEFT_OUT, LISTINGS, NOT_SHOWN, Listing
from tf1_models import registry
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.output import report_console, report_plots
from tf1_models.output.report_layers import LayerSeen
from tf1_models.output.watching import StepSeen
from tf1_models.training.layers_seen import layers_seen

N_TRAIN, N_TEST = 50_000, 10_000
DATA = SimpleNamespace(
    x_train=None, x_test=None, y_train=np.arange(N_TRAIN) % 10, y_test=np.arange(N_TEST) % 10
)  # labels alone are read: pictures are not drawn here
PICTURES = ("sample_grid", "class_row", "bn_cnn_loss", "prelu_cnn_accuracy", "alexnet_accuracy", "alexnet_loss")


def matrix_of(n_correct: int, n: int) -> List[List[int]]:
    """A confusion matrix with so many on the diagonal."""
    return [[n_correct, n - n_correct], [0, 0]]


def epochs_of(listing: Listing, last: int) -> List[Dict[str, Any]]:
    """Lines of metrics.jsonl for epochs 1 to `last`, with the losses that the listing has; others are larger."""
    sums = {epoch: 1e6 for epoch in range(1, last + 1)}
    for shown, values in zip(listing.lines, consoles.numbers(listing)):
        if "epoch_loss_sum" in values:
            # the smallest of a run that stopped with 5 epochs counted: six before its last; a lost epoch is the last
            lost = last - 6 if shown.words.startswith("min loss") else last
            sums[int(values["epoch"] or lost)] = float(values["epoch_loss_sum"])
    some = {"loss": 1.0, "data_loss": 1.0, "train_accuracy": 0.5, "accuracy": 0.5}
    return [{"epoch": epoch, "loss_sum": value, **some} for epoch, value in sums.items()]


def steps_of(listing: Listing, batch_size: int, n_steps: int) -> Callable[[int], StepSeen]:
    """course_models' last steps with the listing's numbers, counted in the run."""
    told = {values["step"]: values for values in consoles.numbers(listing) if values.get("step")}

    def seen(step: int) -> StepSeen:
        values = told.get(step, {})
        n_images = batch_size
        n_correct = round(float(values.get("batch_accuracy", 0.5)) * n_images)
        loss = np.float32(values.get("batch_loss", 2.0))
        speed = float(values.get("samples_per_s", 100.0))
        batch = (step - 1) % n_steps
        return StepSeen(step, batch + 1, n_steps, {"loss": loss, "n_correct": n_correct}, n_images, 0.5, speed)

    return seen


@functools.lru_cache(maxsize=None)
def net_of(report: str, run: str) -> List[LayerSeen]:
    """The layer table of a run's graph, which is built once."""
    return layers_seen(registry.experiment(report, run))


def printed(listing: Listing, folder: str) -> List[str]:
    """What the kit's console prints of the listing's run, given the report's numbers."""
    report = listing.report
    experiment = registry.experiment(report, listing.run)
    net = net_of(report, listing.run) if report in ("bn_cnn", "prelu_cnn", "alexnet_bn") else []
    written: List[str] = []
    console = report_console.console(experiment, folder, net, written.append)
    console.start(DATA, resumed=False)
    row = next(row for row in registry.runs(report) if row.run == listing.run)
    n_epochs = 22 if listing.run == "shallow_dropout_early_stop" else experiment.epochs
    lines = epochs_of(listing, n_epochs)
    if report == "course_models":
        n_steps = -(-N_TRAIN // experiment.batch_size)
        seen = steps_of(listing, experiment.batch_size, n_steps)
        console.start_epoch(n_epochs - 1, n_epochs, 0, n_steps)
        for step in range(n_steps * (n_epochs - 1) + 1, n_steps * n_epochs + 1):
            console.step(seen(step))
        console.end_epoch(lines[-1])
    elif report == "prelu_cnn":  # 20 of the 30 epochs survive in the text
        for shown, values in zip(listing.lines, consoles.numbers(listing)):
            if "{first_batch_loss}" in shown.words:
                loss = {"loss": np.float32(values["first_batch_loss"])}
                for step_in_epoch in (1, 2, 1001, 1562):
                    console.step(StepSeen(1, step_in_epoch, 1562, loss, 32, 0.5, 100.0))
    else:
        for line in lines:
            console.start_epoch(line["epoch"] - 1, n_epochs, 0, 293)
            console.end_epoch(line)
    score = row.reported.value if row.reported.value is not None else 0.8191  # as_listed: the grid's best was printed
    n = row.reported.n_scored or N_TEST
    scores: Dict[str, Any] = {"accuracy": score, "n": n, "confusion_matrix": matrix_of(round(score * n), n)}
    ended_by = "early_stopping" if n_epochs < experiment.epochs else "epochs"
    dev = {"accuracy": 0.1, "macro_f1": 0.2, "weighted_f1": score} if report == "nine_conv" else None
    console.finish({"dev": dev, "test": {**scores, "weighted_f1": 0.3}, "ended_by": ended_by}, lines, CIFAR10_CLASSES)
    return written


def as_compared(report: str, lines: List[str]) -> List[str]:
    """Lines without what the texts lost: the bar, and the widths of Keras' columns."""
    if report == "course_models":
        return [re.sub(r"\[[=>-]*\]", "[]", line) for line in lines]
    if report != "alexnet_bn":
        return lines
    found: List[str] = []
    for line in lines:
        fields = [field.replace(" ", "") for field in re.split(r"\t| {2,}", line.strip())]
        if line.startswith(" ") and len(fields) == 1:  # the rest of the name above
            name, tab, rest = found[-1].partition("\t")
            found[-1] = name + fields[0] + tab + rest
        elif set(line) == {"="}:
            found.append("=")
        else:
            found.append("\t".join(fields) if len(fields) > 1 else line.strip())
    return found


def complaints(listing: Listing, lines: List[str]) -> List[str]:
    """What a console's lines and the text's do not have in common."""
    found: List[str] = []
    pattern, _ = NOT_SHOWN.get(listing.report, ("", ""))
    extra = [line for line in lines if pattern and re.fullmatch(pattern, line)]
    if pattern and not extra:
        found.append(f"no line is printed that the text lost: {pattern}")
    lines = as_compared(listing.report, [line for line in lines if not (pattern and re.fullmatch(pattern, line))])
    rows = list(zip(listing.lines, as_compared_words(listing)))
    expected = [(shown, words) for shown, words in rows if not shown.left_out]
    actual = lines if listing.whole else lines[-len(expected) :]
    if len(actual) != len(expected):
        found.append(f"{len(actual)} lines printed, {len(expected)} in the text")
    for line, (shown, words) in zip(actual, expected):
        if shown.misprinted:
            line, words = (re.sub(r"\d[\d.]*", "#", text) for text in (line, words))
        if line != words:
            found.append(f"line {shown.line} of the text is {words!r}, printed is {line!r}")
    for shown, words in rows:
        if shown.left_out:
            n_shown = sum(words in other for _, other in expected)
            n_printed = sum(words in line for line in lines)
            if n_printed > n_shown:
                found.append(f"line {shown.line} is called left out and is printed: {words!r}")
    return found


def as_compared_words(listing: Listing) -> List[str]:
    """The text's lines, as they are compared."""
    return as_compared(listing.report, consoles.filled(listing))


def name_of(listing: Listing) -> str:
    return f"{listing.report}-{listing.run}-{listing.lines[0].line}"


@pytest.fixture
def console_of(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Listing], List[str]]:
    """What the kit's console prints for a listing; pictures are not drawn."""
    for name in PICTURES:
        monkeypatch.setattr(report_plots, name, lambda *_: b"")
    return lambda listing: printed(listing, str(tmp_path))


@pytest.mark.tf
@pytest.mark.parametrize("listing", LISTINGS, ids=name_of)
def test_a_console_prints_what_the_text_shows(listing: Listing, console_of: Any) -> None:
    assert complaints(listing, console_of(listing)) == []


@pytest.mark.tf
@pytest.mark.parametrize("report", registry.REPORTS)
def test_a_line_that_is_dropped_altered_or_added_is_noticed(report: str, console_of: Any) -> None:
    """Every line that the text shows of a report's first listing, in turn; every line that is left out, printed."""
    listing = next(one for one in LISTINGS if one.report == report)
    lines = console_of(listing)
    n_shown = len(lines) if listing.whole else sum(not shown.left_out for shown in listing.lines)
    pattern = NOT_SHOWN.get(report, ("", ""))[0]
    for at in range(len(lines) - n_shown, len(lines)):
        if not (pattern and re.fullmatch(pattern, lines[at])):
            assert complaints(listing, lines[:at] + lines[at + 1 :]), f"dropped: {lines[at]!r}"
            assert complaints(listing, [*lines[:at], lines[at] + "!", *lines[at + 1 :]]), f"altered: {lines[at]!r}"
    for other in LISTINGS:
        if other.report == report and any(shown.left_out for shown in other.lines):
            lines = console_of(other)
            for shown, words in zip(other.lines, consoles.filled(other)):
                if shown.left_out:
                    assert complaints(other, [words, *lines]), f"printed: {words!r}"


def test_every_reason_is_one_of_the_table_and_used() -> None:
    rows = [shown for listing in LISTINGS for shown in listing.lines]
    assert {shown.left_out for shown in rows} == {"", *LEFT_OUT}
    assert {listing.report for listing in LISTINGS} == set(registry.REPORTS)


def test_every_logged_value_stands_in_the_table() -> None:
    """The 272 values were found in the texts in another way; one of them is told in a sentence."""
    known = {(listing.report, shown.line) for listing in LISTINGS for shown in listing.lines}
    in_words = [key for key in consoles.logged() if key not in known]
    assert in_words == [("bn_cnn", 171)]


def test_lines_stand_in_the_order_of_the_text() -> None:
    """But for prelu_cnn's score, which is told first and printed last."""
    for listing in LISTINGS:
        told_first = (35, 42, 44) if listing.report == "prelu_cnn" else ()
        lines = [shown.line for shown in listing.lines if shown.line not in told_first]
        assert lines == sorted(lines), name_of(listing)


# ---- the comparison with the texts, on texts made of the table -------------------------------------------------------


def made_text(report: str) -> List[str]:
    """A text that has the table's lines where the table says."""
    text = [""] * 500
    for listing in LISTINGS:
        if listing.report == report:
            for shown, words in zip(listing.lines, consoles.filled(listing)):
                text[shown.line - 1] = f"{text[shown.line - 1]} {words}".strip() if text[shown.line - 1] else words
    return text


@pytest.mark.parametrize("report", registry.REPORTS)
def test_the_comparison_with_the_texts_notices_a_digit(report: str) -> None:
    text = made_text(report)
    assert against_texts.complaints(report, text) == []
    listing = next(one for one in LISTINGS if one.report == report)
    shown = next(row for row in reversed(listing.lines) if not row.left_out)
    line = text[shown.line - 1]
    text[shown.line - 1] = line[:5] + "?" + line[6:] if len(line) > 5 else "?"
    assert any(f":{shown.line}:" in one for one in against_texts.complaints(report, text))
    twice = [*made_text(report), *consoles.filled(listing)]
    assert (
        any("is not in the table" in one for one in against_texts.complaints(report, twice)) or report == "alexnet_bn"
    )
