from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.sandbox.codec import loads, unpack
from codeeval.sandbox.program import Limits, Outputs, Program
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict
from codeeval.tasks.efficiency import efficiency_scores
from codeeval.tasks.enamel import HARDNESS, Enamel
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from tests.data import data_path
from tests.sandbox.conftest import open_or_skip
from tests.sandbox.programs import packed

DATA = data_path("efficiency/enamel")
CSV = DATA / "enamel.csv"
LIMITS = Limits(cpu_seconds=300, wall_seconds=900)


@pytest.fixture(scope="module")
def task() -> Enamel:
    return load_task("enamel", data_file=CSV)


def test_142_of_164_problems_are_scored(task):
    ids = [problem.id for problem in task.problems()]
    assert len(ids) == 142
    assert len(task.order) == 164
    assert ids[:4] == ["HumanEval/0", "HumanEval/1", "HumanEval/3", "HumanEval/4"]
    assert "HumanEval/160" not in ids


def test_a_program_is_the_prompt_and_below_it_a_body_or_a_whole_program(task):
    problem = next(task.problems())
    body = task.program(problem, Sample(problem.id, 0, completion="    return 1\n"))
    whole = task.program(problem, Sample(problem.id, 0, solution="def f(): pass"))
    assert body.source == f"{problem.prompt}\n    return 1\n"
    assert whole.source == f"{problem.prompt}\ndef f(): pass"
    check = body.checks[0]
    assert [level.cases for level in check.levels] == [8, 4, 4, 4]
    assert [level.weight for level in check.levels] == [0, 3, 3, 4]
    assert [level.size for level in check.levels] == [20, 100, 10000, 15000]


@pytest.mark.slow
def test_all_inputs_and_answers_are_those_of_the_digests(task):
    digests = json.loads((DATA / "input_digests.json").read_text())["problems"]
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    right = 0
    try:
        with open_or_skip("bubblewrap", limits=LIMITS) as executor:
            for problem in task.problems():
                check = task.program(problem, Sample(problem.id, 0, completion="")).checks[0]
                cases = Outputs("generate", packed(*check.cases), whole=True)
                inputs = executor.truth(Program(check.generator, (cases,), LIMITS)).expected
                calls = Outputs(problem.entry_point, inputs, whole=True)
                outputs = executor.truth(Program(problem.reference, (calls,), LIMITS)).expected
                known = [pair for level in digests[problem.id] for pair in level["cases"]]
                for call, answer, (input_digest, answer_digest) in zip(
                    unpack(inputs.data), unpack(outputs.data), known, strict=True
                ):
                    assert digest(loads(call)) == input_digest, problem.id
                    assert digest(loads(answer)) == answer_digest, problem.id
                    right += 1
    finally:
        sys.set_int_max_str_digits(limit)
    assert right == 2840


def digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def test_its_own_sample_files_are_read(task, tmp_path):
    notices: list[str] = []
    ids = SampleIds.of_task(task)
    path = DATA / "humaneval-canonical.json"
    samples = list(read_samples(path, ids, report=notices.append))
    assert len(samples) == 142
    assert samples[2].task_id == "HumanEval/3"
    assert samples[2].text == json.loads(path.read_text())[3][0]
    assert "22 samples of problems that the task leaves out" in notices[-1]
    by_number = tmp_path / "by_number.json"
    by_number.write_text(json.dumps({"3": ["a", "b"], "2": ["c"], "0": ["d"]}))
    found = list(read_samples(by_number, ids, report=notices.append))
    expected = [("HumanEval/3", 0, "a"), ("HumanEval/3", 1, "b"), ("HumanEval/0", 0, "d")]
    assert [(each.task_id, each.index, each.text) for each in found] == expected
    by_id = tmp_path / "by_id.json"
    by_id.write_text(json.dumps({"HumanEval/3": ["a", "b"], "HumanEval/2": ["c"], "0": ["d"]}))
    found = list(read_samples(by_id, ids, report=notices.append))
    assert [(each.task_id, each.index, each.text) for each in found] == expected


@pytest.mark.parametrize("number", ["164", "x"])
def test_numbers_of_no_problem_are_told(task, tmp_path, number):
    path = tmp_path / "samples.json"
    path.write_text(json.dumps({"0": ["a"], number: ["b"]}))
    with pytest.raises(ValueError, match=r"problem number 164|unknown id 'x'|'x'"):
        list(read_samples(path, SampleIds.of_task(task), report=print))


def test_samples_of_problems_that_are_left_out_are_no_error_in_other_formats(task, tmp_path):
    path = tmp_path / "samples.jsonl"
    lines = [{"task_id": f"HumanEval/{n}", "solution": "x"} for n in (0, 2, 3)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    notices: list[str] = []
    found = list(read_samples(path, SampleIds.of_task(task), report=notices.append))
    assert [each.task_id for each in found] == ["HumanEval/0", "HumanEval/3"]
    assert "first: HumanEval/2" in notices[-1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("checker", "cheker", 1), "line 1: no column 'checker'"),
        (lambda text: text.replace("20 100 10000 15000", "20 100", 1), "must be 4 whole numbers"),
        (lambda text: text.split("\n", 1)[0] + "\n", "no problems in it"),
    ],
)
def test_what_is_wrong_with_the_data_is_told(tmp_path, change, says):
    path = tmp_path / "enamel.csv"
    path.write_text(change(CSV.read_text()), newline="")
    with pytest.raises(DataError, match=says):
        list(Enamel(path).problems())


def test_a_clock_that_does_not_exist_is_refused():
    with pytest.raises(TaskOptionError, match="cpu, wall"):
        Enamel(Path("enamel.csv"), clock="sun")


def verdict(*costs: Cost, status: Status = Status.PASSED) -> Verdict:
    return Verdict(status, (CheckResult("tests", status, costs=costs),))


def cost(level: int, seconds: float, reference: float, *, censored: bool = False) -> Cost:
    return Cost(level, 1.0, 0, seconds, seconds, seconds, reference, 1.0, 3, censored)


def test_scores_are_those_of_the_worked_example():
    half = verdict(cost(1, 0.2, 0.1), cost(2, 0.5, 0.2), cost(3, 1.2, 0.5, censored=True))
    found = efficiency_scores(half, HARDNESS)
    assert found["efficiency"] == pytest.approx(0.454167, abs=1e-6)
    assert found["censored"] == pytest.approx(1 / 3)
    fast = verdict(cost(1, 0.05, 0.1), cost(2, 0.1, 0.2), cost(3, 0.25, 0.5))
    found = efficiency_scores(fast, HARDNESS)
    assert found["efficiency"] == pytest.approx(1.254167, abs=1e-6)
    assert found["capped"] == 1
    assert efficiency_scores(verdict(cost(1, 2, 0.1, censored=True)), HARDNESS) == {
        "pass": 1.0,
        "efficiency": 0.0,
        "capped": 0.0,
        "censored": 1.0,
    }
    wrong = efficiency_scores(verdict(status=Status.WRONG_ANSWER), HARDNESS)
    assert wrong == dict.fromkeys(("pass", "efficiency", "capped", "censored"), 0.0)
