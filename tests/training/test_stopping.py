"""The report's early-stopping rule, its log trace, Q21 and the saved state."""

from __future__ import annotations

from typing import List

from tf1_models.training.stopping import EarlyStopping


def _run(losses: List[float], patience_epochs: int) -> List[bool]:
    rule = EarlyStopping(patience_epochs)
    return [rule.validate(loss) for loss in losses]


# The early-stopped run of the report: it printed `min loss: 465.99…`, `this loss: 468.34…`, `step: 5` after epoch 22.
# So epoch 16 was the best, 17 to 22 were worse, and the count stood at 5 before epoch 22 raised it to 6.
TRACE = (
    [491.41, 483.21, 495.72, 481.15, 477.10, 465.99191761016846]
    + [467.0, 470.0, 466.5, 469.0, 466.1]
    + [468.3417340517044]
)


def test_patience_5_stops_at_the_sixth_worse_epoch_as_the_log() -> None:
    answers = _run(TRACE, 5)
    assert answers == [False] * 11 + [True]


def test_patience_4_stops_an_epoch_earlier() -> None:
    assert _run(TRACE, 4).index(True) == 10


def test_the_count_printed_at_the_stop_is_5_before_it_is_raised() -> None:
    rule = EarlyStopping(5)
    before = 0
    for loss in TRACE:
        before = rule.bad_epochs
        if rule.validate(loss):
            break
    assert (before, rule.bad_epochs, rule.best_loss) == (5, 6, 465.99191761016846)


def test_an_equal_loss_resets_the_count() -> None:
    """The mended rule (`loss >= best` is worse) would stop here; the report's does not."""
    assert not any(_run([1.0] + [2.0] * 5 + [1.0] + [2.0] * 5, 5))


def test_q21_a_nan_makes_the_rule_forget_its_best() -> None:
    nan = float("nan")
    assert _run([1.0, nan, 100.0] + [101.0] * 8, 5).index(True) + 1 == 9  # it fires again, against 100
    assert not any(_run([1.0, nan] + [100.0] * 50, 5))  # equal to the new best: never worse
    assert _run([1.0] + [100.0] * 50, 5).index(True) + 1 == 7  # without the NaN
    assert not any(_run([1.0, nan, 100.0] + [101.0] * 4 + [nan] + [101.0] * 5, 5))  # a second NaN resets the count


def test_state_survives_json_exactly() -> None:
    import json

    for losses in ([], [0.1 + 0.2], [float("nan")], [3.0, 4.0, 5.0]):
        rule = EarlyStopping(5)
        for loss in losses:
            rule.validate(loss)
        other = EarlyStopping(5)
        other.restore(json.loads(json.dumps(rule.state(), allow_nan=False)))
        assert other.state() == rule.state()
        assert repr(other.best_loss) == repr(rule.best_loss) and other.bad_epochs == rule.bad_epochs
