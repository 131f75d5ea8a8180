"""The promises of the shipped problems of ``starter``, checked in this process.

Only our own texts run here: references, slow solutions, generators, sample answers that are known
to be harmless, and mutants of the references. Endless loops end by a budget of traced lines.
"""

from __future__ import annotations

import ast
import doctest
import json
import random
import sys
import time
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

STARTER = Path(__file__).resolve().parents[2] / "tasks" / "starter"
FIELDS = {
    "task_id": str,
    "entry_point": str,
    "prompt": str,
    "canonical_solution": str,
    "difficulty": str,
    "domain": str,
    "inputs": list,
    "atol": (int, float),
    "generator": str,
    "naive": str,
    "released": str,
}


def read_lines(name: str) -> list[dict[str, Any]]:
    with (STARTER / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


PROBLEMS = read_lines("problems.jsonl")
BY_ID = {problem["task_id"]: problem for problem in PROBLEMS}
each_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p["entry_point"])


def reference_source(problem: dict[str, Any]) -> str:
    return problem["prompt"] + problem["canonical_solution"]


def sample_source(sample: dict[str, Any]) -> str:
    if "solution" in sample:
        return sample["solution"]
    return BY_ID[sample["task_id"]]["prompt"] + sample["completion"]


def load(source: str | types.CodeType, name: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(source if isinstance(source, types.CodeType) else compile(source, name, "exec"), namespace)
    return namespace[name]


def fresh_inputs(problem: dict[str, Any]) -> list[list[Any]]:
    return json.loads(json.dumps(problem["inputs"]))


def same(one: Any, two: Any, atol: float) -> bool:
    """Equal, with numbers inside lists compared within ``atol``."""
    if isinstance(one, list | tuple) and type(one) is type(two):
        return len(one) == len(two) and all(same(a, b, atol) for a, b in zip(one, two, strict=True))
    if isinstance(one, float) and isinstance(two, int | float):
        return abs(one - two) <= atol
    return bool(one == two)


def fits(value: Any, annotation: Any) -> bool:
    """Whether a value has exactly the type that a signature names."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        return type(value) is annotation
    if origin is types.UnionType:
        return any(fits(value, option) for option in inner)
    if type(value) is not origin:
        return False
    if origin is dict:
        return all(fits(k, inner[0]) and fits(v, inner[1]) for k, v in value.items())
    if origin is tuple and inner[1:] != (...,):
        return len(value) == len(inner) and all(map(fits, value, inner))
    return all(fits(item, inner[0]) for item in value)


# -- the file ------------------------------------------------------------------------------------


def test_there_are_48_problems_numbered_in_order():
    assert [p["task_id"] for p in PROBLEMS] == [f"Starter/{n}" for n in range(48)]
    assert len({p["entry_point"] for p in PROBLEMS}) == 48


def test_difficulties_rise_from_easy_to_hard():
    expected = ["easy"] * 16 + ["medium"] * 20 + ["hard"] * 12
    assert [p["difficulty"] for p in PROBLEMS] == expected


def test_the_file_stays_small():
    assert (STARTER / "problems.jsonl").stat().st_size < 1_500_000


def test_most_problems_have_a_slow_right_solution():
    assert sum(bool(p["naive"]) for p in PROBLEMS) >= 24


@each_problem
def test_record_has_all_fields(problem):
    assert list(problem) == list(FIELDS)
    assert all(isinstance(problem[field], kind) for field, kind in FIELDS.items())
    assert problem["domain"].isalpha()
    assert problem["released"] == "2026-11-26"
    assert 25 <= len(problem["inputs"]) <= 60


@each_problem
def test_inputs_differ_from_each_other(problem):
    assert len({json.dumps(args) for args in problem["inputs"]}) == len(problem["inputs"])


# -- references, slow solutions, generators ------------------------------------------------------


@each_problem
def test_reference_is_quick_and_fits_its_signature(problem):
    function = load(reference_source(problem), problem["entry_point"])
    inputs = fresh_inputs(problem)
    started = time.process_time()
    results = [function(*args) for args in inputs]
    assert time.process_time() - started < 0.5
    hints = typing.get_type_hints(function)
    parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
    for args in problem["inputs"]:
        assert len(args) == len(parameters)
        for value, name in zip(args, parameters, strict=True):
            assert fits(value, hints[name]), (name, value)
    assert all(fits(result, hints["return"]) for result in results)
    assert inputs == problem["inputs"], "the reference changed its arguments"


@each_problem
def test_results_are_not_all_the_same(problem):
    function = load(reference_source(problem), problem["entry_point"])
    results = Counter(repr(function(*args)) for args in fresh_inputs(problem))
    assert max(results.values()) <= 0.7 * results.total()


@each_problem
def test_docstring_examples_hold(problem):
    function = load(reference_source(problem), problem["entry_point"])
    finder = doctest.DocTestFinder(recurse=False)
    (examples,) = finder.find(function, problem["entry_point"], globs=function.__globals__)
    assert 1 <= len(examples.examples) <= 3
    assert doctest.DocTestRunner(verbose=False).run(examples).failed == 0


@pytest.mark.parametrize(
    "problem", [p for p in PROBLEMS if p["naive"]], ids=lambda p: p["entry_point"]
)
def test_slow_solution_agrees_with_the_reference(problem):
    reference = load(reference_source(problem), problem["entry_point"])
    naive = load(problem["naive"], problem["entry_point"])
    for args in problem["inputs"]:
        expected, got = (f(*json.loads(json.dumps(args))) for f in (reference, naive))
        assert same(expected, got, problem["atol"]), args
        assert same(got, expected, problem["atol"]), args


@each_problem
def test_generator_is_deterministic_and_fits_the_signature(problem):
    reference = load(reference_source(problem), problem["entry_point"])
    hints = list(typing.get_type_hints(reference).values())
    for seed, size in [(0, 1), (1, 2), (2, 3), (3, 7), (4, 20), (5, 60), (6, 200)]:
        random.seed(seed + 1)
        args = load(problem["generator"], "generate")(seed, size)
        random.seed(seed + 2)
        assert load(problem["generator"], "generate")(seed, size) == args
        assert json.loads(json.dumps(args)) == args
        assert len(args) == len(hints) - 1
        assert all(map(fits, args, hints[:-1]))
        assert fits(reference(*args), hints[-1])


@each_problem
def test_generator_varies_with_the_seed(problem):
    generate = load(problem["generator"], "generate")
    assert len({json.dumps(generate(seed, 40)) for seed in range(12)}) > 6


# -- mutants -------------------------------------------------------------------------------------

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv, ast.Add),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult, ast.Mod),
    ast.Mod: (ast.FloorDiv, ast.Mult),
    ast.BitAnd: (ast.BitOr,),
    ast.BitXor: (ast.BitOr, ast.BitAnd),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}

# Mutants that compute the same function, as (task_id, description). The references are written so
# that there is none: no needless guards, start values or bounds that could be off by one unseen.
EQUIVALENT: set[tuple[str, str]] = set()


class OutOfSteps(Exception):
    """A mutant ran through many more lines than the reference did."""


def count_lines(function: Callable[..., Any], args: list[Any], budget: int) -> tuple[Any, int]:
    """Call ``function`` and return its result and how many lines ran, ``budget`` at most."""
    lines = 0

    def trace(frame: types.FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        lines += 1
        if lines > budget:
            raise OutOfSteps
        return trace

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        return function(*args), lines
    finally:
        sys.settrace(earlier)


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, str, Any]]:
    """Yield the changes of one node: whose field takes which other value."""
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                for other in COMPARISONS[type(operator)]:
                    yield node, "ops", [*ops[:place], other(), *ops[place + 1 :]]
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator):
            for other in ARITHMETIC.get(type(operator), ()):
                yield node, "op", other()
        case ast.BoolOp(op=operator):
            yield node, "op", ast.Or() if isinstance(operator, ast.And) else ast.And()
        case ast.Constant(value=bool(value)):
            yield node, "value", not value
        case ast.Constant(value=int(value) | float(value)):
            yield node, "value", value + 1
            yield node, "value", value - 1
        case ast.Return(value=ast.expr()):
            yield node, "value", None
        case ast.Slice():
            for field in ("lower", "upper"):
                bound = getattr(node, field)
                if bound is not None and not isinstance(bound, ast.Constant):
                    yield node, field, ast.BinOp(bound, ast.Add(), ast.Constant(1))
                    yield node, field, ast.BinOp(bound, ast.Sub(), ast.Constant(1))
        case ast.Name(id="max" | "min" as name):
            yield node, "id", {"max": "min", "min": "max"}[name]
        case ast.If() | ast.For() | ast.While() | ast.FunctionDef():
            for field in ("body", "orelse"):
                block = getattr(node, field, [])
                for place in range(len(block)):
                    yield node, field, [*block[:place], ast.Pass(), *block[place + 1 :]]
    # Drop a `not` where it stands: in whichever field of this node it is.
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
            yield node, field, value.operand
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, ast.UnaryOp) and isinstance(item.op, ast.Not):
                    yield node, field, [*value[:place], item.operand, *value[place + 1 :]]


def code_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk over a tree, but not into annotations."""
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "args") or isinstance(node, ast.Call):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from code_nodes(child)


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield a description and the program text of every mutant of a reference."""
    tree = ast.parse(source)
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    for statement in function.body[1:]:  # the first one is the docstring
        for node in code_nodes(statement):
            for owner, field, value in list(changes(node)):
                before = ast.unparse(owner)
                kept = getattr(owner, field)
                setattr(owner, field, value)
                after = ast.unparse(owner)
                place = f"line {node.lineno}" if hasattr(node, "lineno") else "somewhere"
                yield f"{place}: {before} -> {after}", ast.unparse(tree)
                setattr(owner, field, kept)


def survives(problem: dict[str, Any], source: str, trials: list[tuple[str, Any, int]]) -> bool:
    """Whether a program gives the expected result for every input in ``trials``."""
    name = problem["entry_point"]
    try:
        function = load(source, name)
        for args, expected, lines in trials:
            result, _ = count_lines(function, json.loads(args), 10 * lines + 1000)
            if not same(expected, result, problem["atol"]):
                return False
    except Exception:
        return False
    return True


def trials_of(problem: dict[str, Any]) -> list[tuple[str, Any, int]]:
    """Inputs as JSON, with the expected result and the lines that it took; the quick ones first."""
    function = load(reference_source(problem), problem["entry_point"])
    trials = []
    for args in problem["inputs"]:
        text = json.dumps(args)
        result, lines = count_lines(function, json.loads(text), sys.maxsize)
        trials.append((text, result, lines))
    return sorted(trials, key=lambda trial: trial[2])


@pytest.mark.slow
@each_problem
def test_inputs_tell_every_mutant_from_the_reference(problem):
    trials = trials_of(problem)
    found = list(mutants(reference_source(problem)))
    assert len(found) >= 4
    survivors = {description for description, source in found if survives(problem, source, trials)}
    expected = {what for task_id, what in EQUIVALENT if task_id == problem["task_id"]}
    assert survivors == expected


# -- sample answers ------------------------------------------------------------------------------

SAMPLES = {
    "right": 48,
    "wrong": 48,
    "slow": 8,
    "crashing": 12,
    "hostile": 16,
    "mixed": 240,
}


def passes(sample: dict[str, Any]) -> bool:
    """Whether a harmless sample gives the expected result for all inputs of its problem."""
    problem = BY_ID[sample["task_id"]]
    reference = load(reference_source(problem), problem["entry_point"])
    function = load(sample_source(sample), problem["entry_point"])
    for args in problem["inputs"]:
        expected = reference(*json.loads(json.dumps(args)))
        try:
            got = function(*json.loads(json.dumps(args)))
        except Exception:
            return False
        if not same(expected, got, problem["atol"]):
            return False
    return True


@pytest.mark.parametrize(("name", "count"), SAMPLES.items())
def test_samples_have_their_fields(name, count):
    samples = read_lines(f"samples/{name}.jsonl")
    assert len(samples) == count
    for sample in samples:
        assert set(sample) in (
            {"task_id", "completion", "model"},
            {"task_id", "solution", "model"},
        )
        assert sample["task_id"] in BY_ID
        assert sample["model"] == "starter-example"


@pytest.mark.parametrize("name", ["right", "wrong"])
def test_there_is_one_right_and_one_wrong_sample_of_every_problem(name):
    assert [sample["task_id"] for sample in read_lines(f"samples/{name}.jsonl")] == list(BY_ID)


@pytest.mark.parametrize(
    "sample", read_lines("samples/right.jsonl"), ids=lambda sample: sample["task_id"]
)
def test_right_sample_passes(sample):
    assert passes(sample)


@pytest.mark.parametrize(
    "sample", read_lines("samples/wrong.jsonl"), ids=lambda sample: sample["task_id"]
)
def test_wrong_sample_differs_without_crashing(sample):
    problem = BY_ID[sample["task_id"]]
    reference = load(reference_source(problem), problem["entry_point"])
    function = load(sample_source(sample), problem["entry_point"])
    equal = [
        same(reference(*args), function(*other), problem["atol"])
        for args, other in zip(fresh_inputs(problem), fresh_inputs(problem), strict=True)
    ]
    assert not all(equal)
    assert any(equal), "not even close: no plausible mistake"


def test_mixed_samples_are_right_in_part():
    samples = read_lines("samples/mixed.jsonl")
    assert Counter(sample["task_id"] for sample in samples) == dict.fromkeys(BY_ID, 5)
    right = Counter(sample["task_id"] for sample in samples if passes(sample))
    assert right.total() == 149
    assert {right[task_id] for task_id in BY_ID} == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("name", ["slow", "crashing", "hostile"])
def test_bad_samples_are_programs_but_for_one_syntax_error(name):
    broken = 0
    for sample in read_lines(f"samples/{name}.jsonl"):
        try:
            compile(sample_source(sample), "<sample>", "exec")
        except SyntaxError:
            broken += 1
    assert broken == (1 if name == "crashing" else 0)
