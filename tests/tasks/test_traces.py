from __future__ import annotations

import csv
import sys
import time
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.tasks.traces import (
    Closeness,
    answer_text,
    candidates,
    closeness,
    collapsed,
    concurrent_similarity,
    similarity,
    steps_in,
    steps_text,
)
from tests.data import data_path


def read_steps(reply: str, shown: str = "") -> list[int | str] | None:
    """Return the steps of a reply; None if its list is empty or not written out."""
    return steps_in(answer_text(reply, shown)) or None


ACTUAL = [2, 3, 2, 3, 2, 4]
STEPS = st.lists(st.integers(1, 5), max_size=30)


@pytest.mark.parametrize(
    ("reply", "steps"),
    [
        ("[1, 2, 3]", [1, 2, 3]),
        ("first [1] then [2,3,]", [2, 3]),
        ("so: [ 1 ,2,  3 ]\nDone.", [1, 2, 3]),
        ("[7, 8, (, 10, ), 16]", [7, 8, "(", 10, ")", 16]),
        ("[1, 2]\n[3, x]", [1, 2]),
        ("[1, 2]\n[3, 4, ...]", None),
        ("the list repeats: [1, 2]\n[1, repeats 5 times]", None),
        ("[]", None),
        ("[[1, 2]]", None),
        ("[1, 2", None),
        ("", None),
        ("no list", None),
        ("[1 2]", None),
        ("[1.5]", None),
        ("[-1]", [-1]),
        ("[99999999999999999999]", None),
    ],
)
def test_the_last_list_of_a_reply_is_the_answer(reply, steps):
    assert read_steps(reply) == steps


def test_lists_of_the_program_are_no_answer():
    assert read_steps("[4, 5] is what nums = [1, 2] gives", "nums = [1, 2]  # 1") == [4, 5]


def test_candidates_end_with_their_line():
    text = "[1] [2, [3]\n[4\n[5, ["
    assert candidates(text) == ["[1]", "[2, [3]", "[5, ["]


@given(st.text(alphabet="[](),.0123456789 \nx-", max_size=200), st.text(max_size=20))
def test_any_text_can_be_read(reply, shown):
    steps = read_steps(reply, shown)
    assert steps is None or all(isinstance(step, int) or step in "()" for step in steps)


@given(st.text(max_size=300))
def test_unicode_can_be_read(reply):
    read_steps(reply)
    concurrent_similarity(reply, reply[::-1])


@given(st.lists(st.integers(0, 10**6) | st.sampled_from("()")))
def test_steps_come_back_from_their_text(steps):
    assert steps_in(steps_text(steps)) == steps
    assert read_steps(f"Thus\n{steps_text(steps)}\n") == (steps or None)


@pytest.mark.parametrize("piece", ["[", "]", "[[", "[1, ", "(,", "[1]", "[x]", "[\n", "..."])
def test_reading_takes_time_in_proportion_to_the_length(piece):
    def seconds(times: int) -> float:
        text = piece * times
        start = time.process_time()
        read_steps(text)
        return time.process_time() - start

    short = max(min(seconds(20_000) for _ in range(3)), 1e-3)
    assert min(seconds(200_000) for _ in range(3)) < 40 * short


@pytest.mark.parametrize(
    ("predicted", "value"),
    [
        ("[2, 3, 2, 3, 2, 4]", 1),
        ("[2, 3, 2, 3, 4]", 0.906250),
        ("[2, 3, 4]", 0.653846),
        ("[]", 0.157895),
        ("[2,3,2,3,2,4]", 0.6),
        ("[1, 2, 3, 2, 3, 2, 4]", 0.921053),
    ],
)
def test_similarity_is_that_of_the_worked_values(predicted, value):
    assert similarity(steps_text(ACTUAL), predicted) == pytest.approx(value, abs=5e-7)


def test_similarity_of_interleavings_is_that_of_the_worked_value():
    actual = "[7, 8, (, 10, 2, 3, 4, 11, 2, 3, 4, 13, 14, ), 16]"
    predicted = "[7, 8, (, 10, 11, 2, 3, 4, 2, 3, 4, 13, 14, ), 16]"
    assert concurrent_similarity(actual, predicted) == pytest.approx(0.911765, abs=5e-7)
    assert concurrent_similarity("[7,(10,2),3]", "[7,(,10,),2,3]") == 1


@pytest.mark.parametrize(
    ("predicted", "prefix", "lcs_f1", "edit", "first"),
    [
        ([2, 3, 2, 3, 4], 0.6667, 0.9091, 0.8333, 5),
        ([2, 3, 4], 0.3333, 0.6667, 0.5, 3),
        ([1, 2, 3, 2, 3, 2, 4], 0, 0.9231, 0.8571, 1),
        ([2, 3, 2, 3, 2, 3, 2, 4], 0.8333, 0.8571, 0.75, 6),
        ([], 0, 0, 0, 1),
    ],
)
def test_closeness_is_that_of_the_worked_values(predicted, prefix, lcs_f1, edit, first):
    found = closeness(ACTUAL, predicted)
    assert not found.exact
    assert found.first_divergence == first
    assert (found.prefix, found.lcs_f1, found.edit) == pytest.approx(
        (prefix, lcs_f1, edit), abs=5e-5
    )


def test_an_equal_answer_is_exact():
    assert closeness(ACTUAL, ACTUAL) == Closeness(True, 1, 1, 1, None)
    with pytest.raises(ValueError, match="at least one step"):
        closeness([], [1])


def plain_common(a, b):
    row = [0] * (len(b) + 1)
    for x in a:
        above, row = row, [0]
        for j, y in enumerate(b, start=1):
            row.append(above[j - 1] + 1 if x == y else max(above[j], row[-1]))
    return row[-1]


def plain_edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        above, row = row, [i]
        for j, y in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@given(STEPS.filter(bool), STEPS)
def test_closeness_is_what_tables_say(actual, predicted):
    found, longest = closeness(actual, predicted), max(len(actual), len(predicted))
    assert found.lcs_f1 == pytest.approx(
        2 * plain_common(actual, predicted) / (len(actual) + len(predicted))
    )
    assert found.edit == pytest.approx(1 - plain_edits(actual, predicted) / longest)
    assert found.exact == (actual == predicted) == (found.first_divergence is None)
    if found.first_divergence is not None:
        place = found.first_divergence - 1
        assert actual[:place] == predicted[:place]
        assert found.prefix == place / len(actual)
        assert actual[place : place + 1] != predicted[place : place + 1]


def test_long_answers_are_compared_in_time():
    actual = [1, 2] * 3_000_000
    start = time.process_time()
    found = closeness(actual, [1, *actual[:50_000]])
    assert time.process_time() - start < 20
    assert found.first_divergence == 2
    assert 0 <= found.edit < 0.02
    assert closeness([1], [1, *[2] * 100_000]).edit == pytest.approx(1 / 100_001)


@given(STEPS)
def test_collapsed_steps_have_no_equal_neighbours(steps):
    once = collapsed(steps)
    assert all(a != b for a, b in pairwise(once))
    assert collapsed(once) == once
    assert set(once) == set(steps)


def rows(name: str) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with data_path(
        f"tracing/coconut/dev_results/{name}_qwen2.5-coder-7b_NoReps.csv"
    ).open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "column", "accuracy", "mean"),
    [
        ("humaneval_cot", "HumanEval_ID", 10.97, 0.6091),
        ("oop_cot", "Filename", 0.0, 0.5771),
        ("concurrency_cot", "Filename", 0.0, 0.2082),
    ],
)
def test_published_scores_come_out_to_the_last_digit(name, column, accuracy, mean):
    measure = concurrent_similarity if name == "concurrency_cot" else similarity
    tasks: dict[str, list[tuple[bool, float]]] = {}
    for row in rows(name):
        found = measure(row["Actual"], row["Predicted"])
        assert found == float(row["Distance"])
        matched = found == 1 if name == "concurrency_cot" else row["Actual"] == row["Predicted"]
        assert matched == (row["Matched"] == "True")
        tasks.setdefault(row[column], []).append((matched, found))
    found_accuracy = 100 * fmean(fmean(m for m, _ in calls) for calls in tasks.values())
    assert round(found_accuracy, 2) == accuracy
    assert round(fmean(fmean(d for _, d in calls) for calls in tasks.values()), 4) == mean
