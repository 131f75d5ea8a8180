from __future__ import annotations

import pytest

from codeeval.tasks.ids import TaskIds, nearest_ids, resolve_id

HUMANEVAL = [f"HumanEval/{number}" for number in range(164)]
MBPP = [str(number) for number in range(11, 511)]
MBPP_PLUS = ["Mbpp/2", "Mbpp/11"]


@pytest.mark.parametrize(
    ("raw", "known", "expected"),
    [
        ("HumanEval/0", HUMANEVAL, "HumanEval/0"),
        ("HumanEval_0", HUMANEVAL, "HumanEval/0"),
        ("humaneval/0", HUMANEVAL, "HumanEval/0"),
        (" HumanEval/0\n", HUMANEVAL, "HumanEval/0"),
        ("0", HUMANEVAL, "HumanEval/0"),
        (0, HUMANEVAL, "HumanEval/0"),
        ("Mbpp/11", MBPP, "11"),
        ("MBPP/11", MBPP, "11"),
        ("Mbpp_11", MBPP, "11"),
        (11, MBPP, "11"),
        ("011", MBPP, "11"),
        (2, MBPP_PLUS, "Mbpp/2"),
        ("MBPP/2", MBPP_PLUS, "Mbpp/2"),
        ("2", MBPP_PLUS, "Mbpp/2"),
        ("BigCodeBench_13", ["BigCodeBench/13"], "BigCodeBench/13"),
        ("a_b_c", ["a/b/c"], "a/b/c"),
        ("HumanEval/164", HUMANEVAL, None),
        ("HumanEval/11", MBPP, None),
        ("Mbpp/11", HUMANEVAL, None),
        ("Mbpp/1", MBPP, None),
        ("1", ["a/1", "b/1"], None),
        ("a_b", ["a/b", "a_b"], "a_b"),
        (True, HUMANEVAL, None),
        (None, HUMANEVAL, None),
        (1.0, HUMANEVAL, None),
        ([], HUMANEVAL, None),
        ("", HUMANEVAL, None),
        ("٣", HUMANEVAL, None),
    ],
)
def test_spellings(raw, known, expected):
    assert resolve_id(raw, known) == expected


def test_every_id_is_its_own():
    ids = TaskIds(MBPP)
    assert [ids.resolve(name) for name in MBPP] == MBPP


def test_the_nearest_ids_are_for_messages():
    assert "HumanEval/16" in nearest_ids("HumanEvla/16", HUMANEVAL)
    assert nearest_ids("zzz", HUMANEVAL) == []
