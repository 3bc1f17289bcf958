"""The list of mutants fits the code as it stands, and the page's table is what the audit wrote. No mutant is run."""

from __future__ import annotations

import ast
import os
import re
from typing import Dict, List

import pytest

from tests.conftest import ROOT
from tests.mutants import catalogue, result
from tests.mutants.mutant import Case, Mutant, mutate
from tf1_models.output import markdown

CASES = catalogue.everything()
PAGE = os.path.join(ROOT, "tests", "README.md")


def read(name: str) -> str:
    with open(os.path.join(ROOT, name), encoding="utf-8", newline="") as stream:
        return stream.read()


@pytest.mark.parametrize("file", sorted({case.file for case in CASES}))
def test_every_mutant_has_its_place_in_the_code(file: str) -> None:
    text = read(file)
    before = ast.dump(ast.parse(text))
    for case in CASES:
        if case.file == file:
            changed = mutate(text, case.mutant)  # raises where the old text is not there as declared
            assert changed != text and ast.dump(ast.parse(changed)) != before, case.words()
            assert case.mutant.wrong and case.tests, case.words()


def test_there_are_enough_and_none_twice() -> None:
    assert len(CASES) >= 150 and len({case.key for case in CASES}) == len(CASES)
    assert set(catalogue.PLACES) == {case.place for case in CASES}
    described: Dict[str, Case] = {}
    for case in CASES:
        words = f"{case.file} {case.mutant.wrong}"
        assert words not in described, words
        described[words] = case


def test_the_tests_that_are_named_are_there() -> None:
    for word in sorted({word for case in CASES for word in case.tests}):
        file, _, name = word.partition("::")
        assert os.path.isfile(os.path.join(ROOT, file)), word
        assert not name or re.search(rf"^def {re.escape(name.partition('[')[0])}\(", read(file), re.MULTILINE), word


def test_a_change_is_made_where_it_is_declared() -> None:
    text = "a = 1\nb = 1\n"
    assert mutate(text, Mutant("b = 1", "b = 2", "")) == "a = 1\nb = 2\n"
    assert mutate(text, Mutant("= 1", "= 2", "", at=1)) == "a = 1\nb = 2\n"
    for wrong in (
        Mutant("= 1", "= 2", ""),
        Mutant("c", "d", ""),
        Mutant("= 1", "= 2", "", at=2),
        Mutant("a", "b", "", at=0),
    ):
        with pytest.raises(ValueError, match="occurs"):
            mutate(text, wrong)


def test_what_was_judged_is_what_is_listed_and_few_survive() -> None:
    document = result.load(result.PATH)
    assert [case.key for case in CASES] == list(document["mutants"]), "run python -m tests.mutants.run"
    survived: List[str] = [one["wrong"] for one in result.survivors(document)]
    assert len(survived) <= result.MOST_SURVIVORS * len(CASES), survived
    assert not result.unexplained(document)
    explained = {case.mutant.wrong for case in CASES if case.mutant.equivalent}
    assert explained == set(survived)  # a reason for what is noticed would be none


def test_the_page_shows_the_result() -> None:
    with open(PAGE, encoding="utf-8") as stream:
        assert markdown.find_block(stream.read(), result.BLOCK) == result.render([result.PATH])
