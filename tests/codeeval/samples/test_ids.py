from __future__ import annotations

import pytest

from codeeval.samples.ids import SampleIds
from codeeval.tasks.task import Problem

HUMANEVAL = SampleIds(tuple(f"HumanEval/{number}" for number in range(164)))


@pytest.mark.parametrize(
    "raw", ["HumanEval/7", "HumanEval_7", "HumanEval-7", "humaneval/7", " HumanEval/7 ", "7", 7]
)
def test_every_spelling_of_an_id_names_its_problem(raw):
    assert HUMANEVAL.resolve(raw) == "HumanEval/7"


@pytest.mark.parametrize("known", ["Mbpp/11", "MBPP/11", "11"])
@pytest.mark.parametrize("raw", ["Mbpp/11", "MBPP/11", "mbpp_11", "11", 11])
def test_mbpp_ids_of_all_editions_are_the_same(known, raw):
    assert SampleIds((known,)).resolve(raw) == known


@pytest.mark.parametrize(
    "raw",
    ["HumanEval/164", "HumanEval/", "", "Mbpp/7", -7, 164, "7.0", "x" * 10**6],
)
def test_what_names_no_problem_is_none(raw):
    assert HUMANEVAL.resolve(raw) is None


def test_humaneval_is_not_mbpp_when_ids_are_bare_numbers():
    assert SampleIds(("11", "12")).resolve("HumanEval/11") is None


def test_a_spelling_that_fits_two_problems_names_neither():
    ids = SampleIds(("a_b/1", "a/b_1", "c/2"))
    assert ids.resolve("a-b-1") is None
    assert ids.resolve("a_b/1") == "a_b/1"
    assert ids.resolve(2) == "c/2"


def test_folder_names_of_ids_with_underscores_are_mapped_through_the_known_ids():
    assert SampleIds(("my_task/1", "my_task/2")).resolve("my_task_2") == "my_task/2"


def test_the_nearest_ids_come_best_first():
    assert HUMANEVAL.nearest("HumanEvall/12", 1) == ["HumanEval/12"]
    assert len(HUMANEVAL.nearest("HumanEval/999")) == 3
    assert HUMANEVAL.nearest("nothing like it", 2) == ["HumanEval/0", "HumanEval/1"]


def test_an_id_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="'a' occurs twice"):
        SampleIds(("a", "b", "a"))


def test_problems_give_their_ids_and_prompts_in_order():
    ids = SampleIds.of(Problem(name, f"prompt {name}", "", "") for name in ("b", "a"))
    assert ids.ids == ("b", "a")
    assert ids.prompts == {"a": "prompt a", "b": "prompt b"}
