"""The script for a GPU machine, on made-up answers: order, time, what is not asked twice, what a failure leaves."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List

import pytest

from tests.gpu import prove
from tests.gpu.machine import Failed, Machine
from tests.gpu.prove import ask_all
from tests.gpu.questions import Question


@pytest.fixture
def machine(tmp_path: Any) -> Machine:
    return Machine("digits", str(tmp_path / "runs"), True, None)


def record(tmp_path: Any) -> Dict[str, Any]:
    with open(os.path.join(str(tmp_path), "record.json")) as stream:
        return json.load(stream)


def test_an_answer_is_kept_and_not_asked_for_again(tmp_path: Any, machine: Machine) -> None:
    asked: List[str] = []

    def first(_: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
        asked.append("first")
        return {"value": 1}

    def second(_: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
        asked.append("second")
        if len(asked) < 3:
            raise Failed("train prelu_cnn: exit 4: no GPU")
        return {"after": answers["first"]["value"]}

    questions = (Question(first, 0), Question(second, 0))
    assert ask_all(machine, str(tmp_path), 1.0, None, questions) == 1
    assert record(tmp_path)["failed"] == {"second": "train prelu_cnn: exit 4: no GPU"}
    assert ask_all(machine, str(tmp_path), 1.0, None, questions) == 0
    assert asked == ["first", "second", "second"]
    assert record(tmp_path)["failed"] == {} and record(tmp_path)["answers"]["second"]["after"] == 1
    assert record(tmp_path)["small"] is True and record(tmp_path)["answers"]["first"]["date"].startswith("20")


def test_what_would_end_too_late_is_not_begun(tmp_path: Any, machine: Machine, capsys: Any) -> None:
    def long(_: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
        raise AssertionError("begun")

    def short(_: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
        return {}

    assert ask_all(machine, str(tmp_path), 1.0, None, (Question(long, 61), Question(short, 5))) == 0
    assert list(record(tmp_path)["answers"]) == ["short"]
    assert "long: not begun" in capsys.readouterr().out


def test_a_failed_command_is_told_by_its_last_line(machine: Machine) -> None:
    with pytest.raises(Failed, match="^train no_such: exit 2: .*no_such"):
        machine.kit(["train", "no_such"])


def test_runs_on_a_gpu_machine_demand_the_gpu_and_the_reports_own_length(tmp_path: Any, machine: Machine) -> None:
    real = machine._replace(small=False)
    words = real.train_words("nine_conv", "flagship", "--steps-per-call", "20")
    assert "--require-gpu" in words and "--epochs" not in words
    assert "--require-gpu" not in machine.train_words("nine_conv", "flagship")


def test_the_weightiest_questions_come_first() -> None:
    names = [question.ask.__name__ for question in prove.QUESTIONS]
    assert names[:3] == ["doctor", "steps_per_call", "flagship"] and names[-1] == "other_rows"
    assert len(set(names)) == len(names) == 10


def test_an_unknown_question_is_refused(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        prove.main(["--small", "--out", "x", "--only", "doctr"])
    assert "doctr" in capsys.readouterr().err
