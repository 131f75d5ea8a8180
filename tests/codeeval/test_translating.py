"""Tasks in Python become rows in other languages."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from codeeval.sandbox.program import Asserts, Program
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Problem
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.types import declared, joined, type_of_values
from codeeval.translating import compiled, sources_of
from tests.codeeval.command import run
from tests.codeeval.test_trace_building import Small
from tests.sandbox.conftest import BUBBLEWRAP, UNSAFE, open_or_skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], "int"),
        ([1, 2.5], "float"),
        ([True, False], "bool"),
        ([1, True], "Any"),
        ([None, 1], "Optional[int]"),
        ([1, None, 2.5], "Optional[float]"),
        ([[], [1]], "List[int]"),
        ([[1, "x"]], "List[Any]"),
        ([[[]], [[1.5]]], "List[List[float]]"),
        ([[]], "List[Any]"),
        ([(1, "x"), (2, "y")], "Tuple[int, str]"),
        ([(1,), (2, 3)], "Tuple[int, ...]"),
        ([{"a": [1]}, {}], "Dict[str, List[int]]"),
        ([[None], ["x"]], "List[Optional[str]]"),
    ],
)
def test_types_are_those_of_the_values(values, expected):
    assert str(type_of_values(values)) == expected


def test_values_without_a_type():
    with pytest.raises(Untranslatable, match="a value of the type set"):
        type_of_values([{1}])
    assert joined(Type("?"), Type("int")) == joined(Type("int"), Type("?")) == Type("int")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list[int]", "List[int]"),
        ("dict[str, tuple[int, ...]]", "Dict[str, Tuple[int, ...]]"),
        ("int | None", "Optional[int]"),
        ("None | str", "Optional[str]"),
        ("'list[str]'", "List[str]"),
        ("Optional[float]", "Optional[float]"),
        ("int | str", "None"),
        ("set[int]", "None"),
        ("np.ndarray", "None"),
        ("list", "None"),
    ],
)
def test_declared_types(text, expected):
    assert str(declared(ast.parse(text, mode="eval").body)) == expected


def test_a_task_is_compiled_with_what_its_references_do():
    code = 'def f(xs, n=2):\n    """ Add "up".\n    >>> f([1], 2)\n    3\n    """\n'
    code += "    return sum(xs) + n\n"
    more = "def g(x):\n    return {x}\n"
    task = Small(
        (
            ("f", code, "assert f([1, 2], 3) == 0\nassert f([], 1) == 1\nassert f([1]) == 3"),
            ("g", more, "assert g(1) == {1}"),
            ("h", "def h(*x):\n    return x\n", "assert h(1)"),
        )
    )
    refused: dict[str, str] = {}
    with open_or_skip(UNSAFE) as executor:
        (source,) = sources_of(task, executor, refused=refused)
    assert source.name == "Small_f_f"
    assert source.prompt.startswith("def f(xs: List[int], n: int) -> int:\n")
    assert "candidate([1, 2], 3) == 6" in source.tests
    assert source.tests.count("assert") == 2
    assert refused == {
        "Small/g": "a value of the type set",
        "Small/h": "parameters that are not all plain",
    }
    (row,) = compiled([source], "rust", doctests="transform").rows
    assert "/// >>> f(vec![1], 2)\n/// 3\n" in row["prompt"]
    assert row["stop_tokens"] == ["\n}"]


def test_a_prompt_that_is_no_function_is_the_description():
    reference = "def twice(n):\n    return 2 * n\n"

    class Told(Small):
        def problems(self):
            yield Problem("Small/1", 'Return "twice" the number.\nSo there."', reference, "twice")

        def program(self, problem, sample):
            return Program(sample.text, (Asserts("assert twice(4) == 8", sealed=False),))

    with open_or_skip(UNSAFE) as executor:
        (source,) = sources_of(Told(()), executor)
    (row,) = compiled([source], "lua").rows
    assert row["prompt"].startswith('-- Return "twice" the number.\n-- So there."\n')
    assert "candidate(4), 8)" in row["tests"]


def test_starter_in_all_languages(tmp_path):
    done = run(
        *("translate", "starter", "--to", "all", "--output", tmp_path / "out"),
        *("--sandbox", BUBBLEWRAP, "--json"),
        cwd=tmp_path,
    )
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert len(told) == 24
    for each in told:
        assert each["problems"] + len(each["refused"]) == 48
        assert each["problems"] >= (44 if each["language"] in ("ada", "c") else 46), each
        lines = Path(each["output"]).read_text("utf-8").splitlines()
        assert len(lines) == each["problems"]
        task = load_task("multipl-e", data_file=each["output"])
        assert len(list(task.problems())) == each["problems"]


def test_flags_that_are_wrong(tmp_path):
    done = run("translate", "starter", "--to", "klingon", cwd=tmp_path)
    assert (done.code, "--to must be one of ada, bash, c, cpp" in done.err) == (2, True)
    done = run("translate", "starter", "--to", "lua", "--doctests", "x", cwd=tmp_path)
    assert (done.code, "--doctests must be one of" in done.err) == (2, True)
