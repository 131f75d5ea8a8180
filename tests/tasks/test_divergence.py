"""Where an answer leaves a trace, and at what kind of statement."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.report import ReportBuilder
from codeeval.report_traces import divergences_figure
from codeeval.sandbox.verdict import Status
from codeeval.tasks.divergence import COLUMNS, KINDS, divergence, kinds_of
from codeeval.tasks.traces import closeness

PYTHON = """import math
def f(n):  # 2
    total = 0
    for i in range(n):
        if i % 2:
            total += len(str(i))
        else:
            total = total + 1
    try:
        return [i for i in range(total)]
    except ValueError:
        raise
    while n:
        n = max(
            n - 1,
            0,
        )
    squares = {i * i for i in range(n)}
    match n:
        case 1:
            pass
"""
JAVA = """public class A {
    static int f(int n) { // for ever
        int t = 0;
        for (int i = 0; i < n; i++) {
            if (i > 2) t += g(i);
        }
        String s = "return";
        System.out.println(t);
        try { t = 1; } finally { }
        return t;
"""


def test_lines_of_python_have_the_kind_of_their_statement():
    kinds = kinds_of(PYTHON)
    assert [kinds.get(line, "") for line in range(1, 22)] == [
        *("other", "other", "other", "loop", "branch", "call", "branch", "other", "exception"),
        *("return", "exception", "exception", "loop", "call", "call", "call", "call"),
        *("comprehension", "branch", "branch", "other"),
    ]


def test_lines_of_other_languages_have_the_kind_that_their_words_tell():
    kinds = kinds_of(JAVA)
    assert [kinds[line] for line in range(1, 11)] == [
        *("other", "call", "other", "loop", "branch", "other", "other", "call", "exception"),
        "return",
    ]


def test_python_without_its_indentation_is_told_apart_by_words():
    lines = PYTHON.splitlines()[:12]
    kinds = kinds_of("\n".join(line.strip() for line in lines))
    assert [kinds[line] for line in range(1, 13)] == [
        *("other", "other", "other", "loop", "branch", "call", "branch", "other", "exception"),
        *("return", "exception", "exception"),
    ]
    assert kinds_of("x = [i for i in y]  # for\n  z")[1] == "comprehension"


def met(found) -> dict[str, float]:
    return {kind: found[f"met_{kind}"] for kind in KINDS if found[f"met_{kind}"]}


def lost(found) -> list[str]:
    return [kind for kind in KINDS if found[f"lost_{kind}"]]


@pytest.mark.parametrize(
    ("answer", "place", "seen", "wrong"),
    [
        ([3, 4, 5, 8, 4], 0, {"loop": 2, "branch": 1, "other": 2, "end": 1}, []),
        ([3, 4, 5, 6, 4], 4, {"loop": 1, "branch": 1, "other": 2}, ["other"]),
        ([3, 4, 8], 3, {"loop": 1, "branch": 1, "other": 1}, ["branch"]),
        ([3, 4, 5, 8, 4, 5], 6, {"loop": 2, "branch": 1, "other": 2, "end": 1}, ["end"]),
        ([], 1, {"other": 1}, ["other"]),
    ],
)
def test_an_answer_goes_wrong_at_one_step(answer, place, seen, wrong):
    actual = [3, 4, 5, 8, 4]
    found = divergence(PYTHON, actual, closeness(actual, answer).first_divergence)
    assert tuple(found) == COLUMNS
    assert found["steps"] == 5
    assert found["first_divergence"] == place
    assert met(found) == seen
    assert lost(found) == wrong


STEPS = st.lists(st.integers(0, 12), max_size=12)


@given(STEPS.filter(bool), STEPS)
def test_what_was_met_are_the_steps_up_to_the_first_that_is_wrong(actual, answer):
    first = closeness(actual, answer).first_divergence
    found = divergence(PYTHON, actual, first)
    assert sum(met(found).values()) == (first or len(actual) + 1)
    assert len(lost(found)) == (first is not None)


@given(st.text())
def test_any_text_has_kinds(source):
    assert set(kinds_of(source).values()) <= set(KINDS)


def test_a_report_says_where_answers_go_wrong():
    builder = ReportBuilder(["exact"], ["a"], [1], values=dict.fromkeys(COLUMNS, ()))
    actual = [3, 4, 5, 8, 4]
    for first in (None, 3, 6):
        scores = {"exact": float(first is None), **divergence(PYTHON, actual, first)}
        status = Status.PASSED if first is None else Status.WRONG_ANSWER
        builder.add("a", scores, status, True)
    builder.add("a", dict.fromkeys(("exact", *COLUMNS), 0.0), Status.NO_CODE, True)
    page = re.sub("<[^>]*>", " ", divergences_figure(builder.build({})))
    told = [" ".join(line.split()) for line in re.findall(r"[^%]+?\d+\.\d", page)]
    assert "branch 3 1 33.3" in told
    assert "the end: nothing follows 2 1 50.0" in told
    assert "3 – 4 5 1 20.0" in told
    assert "5 – 8 4 1 25.0" in told


def test_a_report_without_traces_says_nothing_of_them():
    builder = ReportBuilder(["pass"], ["a"], [1])
    builder.add("a", {"pass": 1.0}, Status.PASSED, True)
    assert divergences_figure(builder.build({})) == ""
