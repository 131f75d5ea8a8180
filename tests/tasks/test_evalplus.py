from __future__ import annotations

import shutil

import pytest

from codeeval.sandbox.codec import encode, loads, unpack
from codeeval.sandbox.grader import ORACLES, Judge
from codeeval.sandbox.program import Asserts, Calls
from codeeval.sandbox.verdict import CheckResult, Status, Verdict
from codeeval.tasks.evalplus import HumanEvalPlus, MbppPlus
from codeeval.tasks.humaneval import HumanEval
from codeeval.tasks.task import DataError, Sample
from tests.data import data_path

FOLDERS = {HumanEvalPlus: "humanevalplus", MbppPlus: "mbppplus"}


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("CODEEVAL_DATA", str(data_path("correctness")))
    monkeypatch.setenv("CODEEVAL_CACHE", str(tmp_path))
    monkeypatch.setenv("CODEEVAL_OFFLINE", "1")
    for name in ("HUMANEVAL_OVERRIDE_PATH", "MBPP_OVERRIDE_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def humaneval_plus():
    path = data_path("correctness", "humanevalplus", "HumanEvalPlus-v0.1.10.jsonl.gz")
    return HumanEvalPlus(path)


def by_id(task):
    return {problem.id: problem for problem in task.problems()}


def checks(task, id):
    problem = by_id(task)[id]
    return task.program(problem, Sample(id, 0, solution="")).checks


def judge_unsealed(check, reference, candidate):
    """Judge trusted code in this process; None if every output is right."""

    def outputs(source):
        namespace = {"__name__": "candidate"}
        exec(compile(source, "program", "exec", dont_inherit=True), namespace)
        return [encode(namespace[check.entry_point](*loads(item))) for item in inputs]

    inputs = unpack(check.inputs.data)
    judge = Judge(check.oracle, check.atol, outputs(reference), inputs)
    answers = outputs(candidate)
    return next(filter(None, map(judge.judge, range(len(inputs)), answers)), None)


@pytest.mark.parametrize(
    ("make", "options", "version", "problems", "base", "plus"),
    [
        (HumanEvalPlus, {}, "0.1.10", 164, 1570, 122_683),
        (HumanEvalPlus, {"release": "0.1.9"}, "0.1.9", 164, None, None),
        (HumanEvalPlus, {"variant": "mini"}, "0.1.10-mini", 164, 1570, 1107),
        (HumanEvalPlus, {"variant": "noextreme"}, "0.1.10-noextreme", 164, 1570, 122_504),
        (MbppPlus, {}, "0.2.0", 378, 1174, 39_841),
        (MbppPlus, {"variant": "noextreme"}, "0.2.0-noextreme", 378, 1174, 39_636),
        (MbppPlus, {"release": "0.1.0"}, "0.1.0", 399, None, None),
    ],
)
def test_published_counts(make, options, version, problems, base, plus):
    task = make(**options)
    found = list(task.problems())
    assert (task.version, len(found)) == (version, problems)
    for name, count in (("base_input", base), ("plus_input", plus)):
        if count is not None:
            assert sum(len(problem.record[name]) for problem in found) == count


def test_the_md5_is_that_of_result_files(humaneval_plus):
    assert humaneval_plus.md5 == "fe585eb4df8c88d844eeb463ea4d0302"


def test_a_program_has_a_sealed_check_for_each_kind_of_input(humaneval_plus):
    base, plus = checks(humaneval_plus, "HumanEval/0")
    assert (base.name, plus.name) == ("base", "plus")
    for check in (base, plus):
        assert isinstance(check, Calls)
        assert check.oracle == "evalplus"
        assert (check.minimum_seconds, check.time_factor) == (4.0, 4.0)
    first = loads(unpack(base.inputs.data)[0])
    assert first == ([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3)


def test_checks_are_made_once_for_all_samples(humaneval_plus):
    problem = by_id(humaneval_plus)["HumanEval/1"]
    first, second = (
        humaneval_plus.program(problem, Sample(problem.id, i, solution=str(i))) for i in (0, 1)
    )
    assert first.checks is second.checks
    assert first.digest != second.digest


def test_base_only_leaves_out_plus():
    task = HumanEvalPlus(variant="mini", base_only=True)
    assert [check.name for check in checks(task, "HumanEval/0")] == ["base"]
    assert task.columns == ("base",)


def test_tolerances_are_those_of_the_data(humaneval_plus):
    tolerant = {
        problem.id: problem.record["atol"]
        for problem in humaneval_plus.problems()
        if problem.record["atol"]
    }
    assert tolerant == {"HumanEval/2": 1e-6, "HumanEval/4": 1e-6, "HumanEval/32": 1e-4}
    assert checks(humaneval_plus, "HumanEval/32")[0].atol == 1e-4


def test_odd_oracles_belong_to_their_problems():
    def special(task):
        return {
            problem.id: oracle.removeprefix("evalplus:")
            for problem in task.problems()
            for oracle in [
                task.program(problem, Sample(problem.id, 0, solution="")).checks[0].oracle
            ]
            if oracle != "evalplus" and oracle in ORACLES
        }

    assert special(HumanEvalPlus(variant="mini")) == {"HumanEval/32": "root"}
    of_mbpp = special(MbppPlus(release="0.1.0"))
    assert {of_mbpp[f"Mbpp/{n}"] for n in (2, 7, 111, 140, 232, 249, 579, 769)} == {"set"}
    assert of_mbpp["Mbpp/164"] == "any"
    assert of_mbpp["Mbpp/295"] == "or-zero"
    assert of_mbpp["Mbpp/581"] == "surface-area"
    assert of_mbpp["Mbpp/558"] == "digit-distance"
    assert sorted(of_mbpp.values()).count("not-none") == 3
    assert len(of_mbpp) == 15


def test_the_released_rules_are_stricter_and_fail_humaneval_32():
    task = HumanEvalPlus(variant="mini", compat="evalplus-0.3.1")
    assert task.rules == "evalplus-0.3.1-1" != HumanEvalPlus().rules
    base, _ = checks(task, "HumanEval/32")
    assert (base.oracle, base.minimum_seconds) == ("evalplus:never", 1.0)
    problem = by_id(task)["HumanEval/32"]
    assert judge_unsealed(base, problem.reference, problem.reference)


@pytest.mark.parametrize("number", [0, 2, 4, 32, 38, 50, 115])
def test_references_pass_on_mini_inputs(number):
    task = HumanEvalPlus(variant="mini")
    problem = by_id(task)[f"HumanEval/{number}"]
    for check in checks(task, problem.id):
        assert judge_unsealed(check, problem.reference, problem.reference) is None


@pytest.mark.parametrize("number", [2, 124, 252, 558, 580, 581, 722, 792, 793])
def test_mbpp_references_pass(number):
    task = MbppPlus()
    problem = by_id(task)[f"Mbpp/{number}"]
    for check in checks(task, problem.id):
        assert judge_unsealed(check, problem.reference, problem.reference) is None


@pytest.mark.parametrize("number", [22, 44])
def test_plus_inputs_catch_original_references(number, humaneval_plus):
    """The original canonical solutions of these problems pass base and fail plus."""
    original = by_id(HumanEval())[f"HumanEval/{number}"]
    problem = by_id(humaneval_plus)[original.id]
    base, plus = checks(humaneval_plus, original.id)
    assert judge_unsealed(base, problem.reference, original.reference) is None
    try:
        message = judge_unsealed(plus, problem.reference, original.reference)
    except Exception as error:  # raised by the candidate, which is a failure too
        message = repr(error)
    assert message


def test_an_input_comes_back_as_result_files_have_it(humaneval_plus):
    problem = by_id(humaneval_plus)["HumanEval/124"]
    assert humaneval_plus.input_as_json(problem, "base", 0) == problem.record["base_input"][0]
    task = MbppPlus()
    assert task.input_as_json(by_id(task)["Mbpp/124"], "base", 0) == ["0.0", "1j"]


def test_a_plus_pass_needs_base_too(humaneval_plus):
    def score(base, plus):
        results = (CheckResult("base", base), CheckResult("plus", plus))
        return humaneval_plus.score(None, Verdict(Status.PASSED, results))

    passed, failed = Status.PASSED, Status.WRONG_ANSWER
    assert score(passed, passed) == {"base": 1.0, "plus": 1.0}
    assert score(passed, failed) == {"base": 1.0, "plus": 0.0}
    assert score(failed, passed) == {"base": 0.0, "plus": 0.0}
    nothing = Verdict.without_run(Status.NO_CODE, "no code")
    assert humaneval_plus.score(None, nothing) == {"base": 0.0, "plus": 0.0}


def test_the_layout_of_the_hub_is_judged_by_its_test_code():
    task = HumanEvalPlus(variant="originfmt")
    assert task.version == "0.1.10-originfmt"
    assert task.columns == ("plus",)
    (check,) = checks(task, "HumanEval/0")
    assert isinstance(check, Asserts)
    assert check.tests.endswith("\ncheck(has_close_elements)\n")
    passed = Verdict(Status.PASSED, (CheckResult("plus", Status.PASSED),))
    assert task.score(None, passed) == {"plus": 1.0}


def test_mbpp_plus_in_the_layout_of_the_hub():
    task = MbppPlus(variant="originfmt")
    problems = by_id(task)
    assert len(problems) == 378
    assert problems["Mbpp/2"].entry_point == "similar_elements"
    assert problems["Mbpp/2"].prompt == by_id(MbppPlus())["Mbpp/2"].prompt
    base, plus = checks(task, "Mbpp/2")
    assert (base.name, plus.name) == ("base", "plus")
    namespace = {}
    exec(problems["Mbpp/2"].reference, namespace)
    exec(base.tests, namespace)


def test_data_of_unknown_content_are_called_by_their_digest(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"task_id": "HumanEval/0", "prompt": "def f(x):\\n", "entry_point": "f", "atol": 0, '
        '"canonical_solution": "    return x\\n", "base_input": [[1]], "plus_input": [[2]]}'
    )
    assert HumanEvalPlus(path).version == f"sha256:{HumanEvalPlus(path).digest[:12]}"
    assert len(list(HumanEvalPlus(path).problems())) == 1


def test_the_version_is_that_of_the_content_not_of_the_name(tmp_path):
    old = data_path("correctness", "humanevalplus", "HumanEvalPlus-v0.1.9.jsonl.gz")
    path = tmp_path / "HumanEvalPlus-v0.1.10.jsonl.gz"
    shutil.copy(old, path)
    assert HumanEvalPlus(path).version == "0.1.9"
    with pytest.raises(DataError, match=r"are release 0\.1\.9, not 0\.1\.10"):
        list(HumanEvalPlus(path, release="0.1.10").problems())


def test_override_variables_are_honoured(monkeypatch):
    path = data_path("correctness", "mbppplus", "MbppPlus-v0.1.0.jsonl.gz")
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(path))
    assert MbppPlus().version == "0.1.0"
    assert MbppPlus().path == path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"release": "9"}, r"no release '9'; there are 0\.1\.0, 0\.2\.0"),
        ({"variant": "mini"}, "no variant 'mini'; there are full, noextreme"),
        ({"compat": "x"}, r"compat must be one of head, evalplus-0\.3\.1, not 'x'"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(options, message):
    with pytest.raises(DataError, match=message):
        MbppPlus(**options)


def test_wrong_inputs_are_named(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"task_id": "Mbpp/2", "prompt": "", "entry_point": "f", "atol": 0, '
        '"canonical_solution": "", "base_input": [[1]], "plus_input": []}'
    )
    task = MbppPlus(path)
    with pytest.raises(DataError, match="Mbpp/2: field 'base_input' must be"):
        task.program(next(task.problems()), Sample("Mbpp/2", 0, solution=""))
    path.write_text(path.read_text().replace('"atol": 0', '"atol": "0"'))
    with pytest.raises(DataError, match="line 1: field 'atol' must be a number, not '0'"):
        list(MbppPlus(path).problems())
