from __future__ import annotations

import ast
import json
import shutil

import pytest

from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.sandbox.codec import decode, loads, unpack
from codeeval.sandbox.program import Limits, Outputs, Program
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict
from codeeval.tasks.coffe import CHECK, CoffeFunction
from codeeval.tasks.coffe_programs import ALLOWED, file_program, function_program
from codeeval.tasks.efficiency import speed_scores
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from codeeval.truth import Truths
from tests.data import data_path
from tests.sandbox.conftest import open_or_skip
from tests.sandbox.programs import packed

DATA = data_path("efficiency/coffe")
FUNCTIONS = DATA / "function" / "data.json"
LIMITS = Limits(cpu_seconds=100, wall_seconds=300, memory_bytes=4 * 2**30)


@pytest.fixture(scope="module")
def task() -> CoffeFunction:
    return load_task("coffe-function", data_file=FUNCTIONS)


def test_398_functions_with_their_tests(task):
    problems = list(task.problems())
    assert len(problems) == 398
    assert sum(problem.id.startswith("HumanEval/") for problem in problems) == 164
    assert sum(problem.id.startswith("Mbpp/") for problem in problems) == 234
    assert sum(len(problem.record["inputs"]) for problem in problems) == 2277
    assert sum(len(problem.record["stress"]) for problem in problems) == 1986 - 4
    assert len(task.digest) == 64


def test_each_stress_test_is_a_level_after_the_correctness_tests(task):
    problem = next(task.problems())
    (check,) = task.program(problem, Sample(problem.id, 0, solution="")).checks
    inputs, stress = problem.record["inputs"], problem.record["stress"]
    assert [level.cases for level in check.levels] == [len(inputs), *[1] * len(stress)]
    assert check.levels[0].weight == 0
    assert check.score == "speed"


@pytest.mark.parametrize("name", ["testcases.json", "best_solutions.json"])
def test_data_of_another_form_is_refused_by_name(tmp_path, name):
    for path in FUNCTIONS.parent.glob("*.json"):
        shutil.copyfile(path, tmp_path / path.name)
    (tmp_path / name).write_text("[]")
    with pytest.raises(DataError, match=f"{name}: expected an object by prompts, found list"):
        list(CoffeFunction(tmp_path / "data.json").problems())
    (tmp_path / name).write_text("{}")
    with pytest.raises(DataError, match=r"data.json, record 1: KeyError"):
        list(CoffeFunction(tmp_path / "data.json").problems())


def test_357_whole_programs_of_which_58_have_correctness_tests():
    whole = load_task("coffe-file", data_file=DATA / "file" / "data.json")
    problems = list(whole.problems())
    assert len(problems) == 357
    assert sum(len(problem.record["stress"]) for problem in problems) == 1761
    tested = [problem for problem in problems if problem.record["inputs"]]
    assert len(tested) == 58
    assert {problem.metadata["domain"] for problem in tested} == {"code_contests"}
    untested = next(problem for problem in problems if not problem.record["inputs"])
    (check,) = whole.program(untested, Sample(untested.id, 0, solution="")).checks
    assert all(level.weight == 1 for level in check.levels)


def test_an_unknown_clock_is_refused():
    with pytest.raises(
        TaskOptionError,
        match="clock must be one of cpu, wall, instructions-sim, instructions-hw, not 'sundial'",
    ):
        CoffeFunction(clock="sundial")


# -- replies -------------------------------------------------------------------------------------

PROMPT = 'def double(n):\n    """Twice n."""'


def called(program: str, *arguments):
    namespace: dict = {}
    exec(program.replace(ALLOWED, ""), namespace)
    return namespace["solution"](*arguments)


@pytest.mark.parametrize(
    "reply",
    [
        "def double(n):\n    return 2 * n",
        "Sure!\n```python\ndef double(n):\n    return 2 * n\n\nprint(double(nothing))\n```\nDone.",
        (
            "```python\nimport os\ndef helper(n):\n    return n\n"
            "def double(n):\n    return later(n)\nassert double(2) == 5\n"
            "@(lambda f: lambda n: 2 * helper(n))\ndef later(n):\n    pass\n```"
        ),
        "    return 2 * n\n",
        "```python\ndef twice(n):\n    return 2 * n\n```",
        "def solution(n):\n    return 2 * n\n",
        "def solution(n):\n    return twice(n)\ndef twice(n):\n    return 2 * n\n",
        "from __future__ import annotations\ndef double(n: Number):\n    return 2 * n\n",
        (
            "```\npip install it\n```\n```python\ndef dubble(n):\n    return 2 * n\n```\n"
            "```python\nprint(double(3))\n```"
        ),
        (
            "<think>\n```python\ndef double(n):\n    return 0\n```\n</think>\n"
            "```python\ndef double(n):\n    return 2 * n"
        ),
        (
            "class Solution:\n    def other(self):\n        pass\n    def double(self, n):\n"
            "        return 2 * n\n"
        ),
    ],
)
def test_a_reply_becomes_a_program_that_defines_solution(reply):
    assert called(function_program(reply, "double", PROMPT), 21) == 42


def test_a_reply_that_cannot_be_parsed_stays_so():
    with pytest.raises(SyntaxError):
        called(function_program("def double(n:", "double", PROMPT), 1)


@pytest.mark.parametrize(
    "code",
    [
        "n = int(input())\nprint(2 * n)\n",
        "import sys\nsys.stdout.write(str(2 * int(sys.stdin.readline())) + '\\n')\n",
        "import sys\nprint(2 * int(sys.stdin.buffer.read()))\nsys.exit()\n",
        "def main():\n    print(2 * int(input()))\nif __name__ == '__main__':\n    main()\n",
        "def main():\n    print(2 * int(input()))\n",
    ],
)
def test_a_script_becomes_a_function_of_its_input(code):
    program = file_program(code, extract=False)
    assert [called(program, "21\n"), called(program, "4\n")] == ["42\n", "8\n"]


def test_of_several_blocks_the_first_of_python_is_the_program():
    reply = "```\n21\n```\n```python\nprint(2 * int(input()))\n```\nor\n```python\nprint(0)\n```\n"
    assert called(file_program(reply), "21") == "42\n"


def test_bodies_of_humaneval_stay_bodies_of_their_functions(task):
    records = json.loads(FUNCTIONS.read_text())
    bodies = [each for each in records if "canonical_solution" in each]
    assert len(bodies) == 164
    for record in bodies:
        body, name = record["canonical_solution"], record["entry_point"]
        program = function_program(body, name, record["final_prompt"])
        tree = ast.parse(program)
        (function,) = [node for node in tree.body if getattr(node, "name", "") == name][-1:]
        (expected,) = ast.parse(f"def f():\n{body}").body
        assert ast.dump(function.body[-1]) == ast.dump(expected.body[-1]), name


@pytest.mark.parametrize("model", ["GPT-4o", "Llama3.1_405B"])
def test_all_replies_of_the_examples_become_programs(task, model):
    path = DATA / "examples" / "function" / f"{model}.json"
    samples = read_samples(path, SampleIds.of_task(task), report=lambda text: None)
    problems = {problem.id: problem for problem in task.problems()}
    found = [task.source(problems[sample.task_id], sample) for sample in samples]
    assert len(found) == 398
    without = [
        text for text in found if "def solution(" not in text and "\nsolution = " not in text
    ]
    assert len(without) <= 2


def test_predictions_are_read_by_prompt(task, tmp_path):
    first, second = list(task.problems())[:2]
    path = tmp_path / "predictions.json"
    path.write_text(
        json.dumps(
            {
                first.prompt: [["one", "two"], True],
                "of no problem": [["three"], True],
                second.prompt: [["four", None], False],
            }
        )
    )
    notices: list[str] = []
    samples = list(read_samples(path, SampleIds.of_task(task), report=notices.append))
    assert [(each.task_id, each.index, each.solution) for each in samples] == [
        (first.id, 0, "one"),
        (first.id, 1, "two"),
        (second.id, 0, "four"),
        (second.id, 1, ""),
    ]
    assert any("1 samples of problems that the task leaves out" in text for text in notices)


# -- scores --------------------------------------------------------------------------------------


def verdict(*pairs: tuple[float, float], status=Status.PASSED, completed=9, censored=False):
    costs = tuple(
        Cost(number, 1.0, 0, seconds, seconds, seconds, reference, 9.0, 2, censored)
        for number, (seconds, reference) in enumerate(pairs, start=1)
    )
    return Verdict(status, (CheckResult("tests", status, completed=completed, costs=costs),))


@pytest.mark.parametrize(
    ("costs", "efficient", "by_margin"),
    [
        (((90, 100), (210, 200), (290, 300)), 1, 0),
        (((100, 100), (200, 200), (300, 300)), 0, 0),
        (((80, 100), (200, 200), (300, 300)), 1, 1),
    ],
)
def test_a_sample_is_efficient_if_its_sum_is_less(costs, efficient, by_margin):
    found = speed_scores(verdict(*costs), 4)
    assert (found["efficient"], found["efficient_by_2%"]) == (efficient, by_margin)
    assert found["cost_seconds"] == sum(cost for cost, _ in costs)
    assert found["reference_seconds"] == 600
    assert found["pass"] == found["stress"] == 1


def test_a_sample_that_does_not_finish_has_no_cost_and_no_pass_that_it_has_not_earned():
    late = verdict((50, 100), (60, 200), censored=True)
    found = speed_scores(late, 4)
    assert found.pop("pass") == 1
    assert set(found.values()) == {0.0}
    assert set(speed_scores(late, 0).values()) == {0.0}
    assert set(
        speed_scores(verdict((50, 100), status=Status.TIMEOUT, completed=0), 0).values()
    ) == {0.0}


def test_a_wrong_answer_to_a_stress_test_fails_that_alone():
    assert speed_scores(verdict(status=Status.WRONG_ANSWER, completed=5), 4) == {
        "pass": 1,
        "stress": 0,
        "efficient": 0,
        "efficient_by_2%": 0,
        "cost_seconds": 0,
        "reference_seconds": 0,
    }
    assert speed_scores(verdict(status=Status.WRONG_ANSWER, completed=3), 4)["pass"] == 0
    assert speed_scores(verdict(status=Status.WRONG_ANSWER, completed=3), 0)["pass"] == 0


# -- real data -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "problems", "outputs"), [("coffe-function", 398, 2277), ("coffe-file", 58, 11457)]
)
def test_references_give_the_published_outputs(name, problems, outputs):
    known = load_task(name, data_file=DATA / name.partition("-")[2] / "data.json")
    records = json.loads(known.path.with_name(known.files[1]).read_text())
    namespace: dict = {}
    exec(CHECK, namespace)
    same, right, run = namespace["__check"], 0, 0
    with open_or_skip("bubblewrap", limits=LIMITS) as executor:
        for problem in known.problems():
            if problem.prompt not in records:
                continue
            run += 1
            (check,) = known.program(problem, Sample(problem.id, 0, solution="")).checks
            inputs = packed(*[tuple(each) for each in problem.record["inputs"]])
            calls = Outputs("solution", inputs, whole=True)
            truth = executor.truth(Program(check.reference, (calls,), LIMITS))
            for test, answer in zip(
                records[problem.prompt], unpack(truth.expected.data), strict=True
            ):
                (expected,) = test["output"]
                assert same((), expected, decode(answer)), problem.id
                right += 1
    assert (run, right) == (problems, outputs)


@pytest.mark.slow
def test_the_reference_is_as_fast_as_itself_and_a_slower_one_is_not(task):
    problems = [each for each in task.problems() if each.id in ("HumanEval/100", "HumanEval/59")]
    wasteful = "\n".join(
        ["", "def solution(*args, _real=solution):"]
        + ["    _real(*args)"] * 3
        + ["    return _real(*args)", ""]
    )
    with open_or_skip("bubblewrap", limits=LIMITS) as executor:
        truths = Truths(executor, None, 1)
        for problem in problems:
            for more, least, most in (("", 0.8, 1.25), (wasteful, 0.15, 0.5)):
                sample = Sample(problem.id, 0, solution=problem.reference)
                program = truths.resolve(task.program(problem, sample))
                judged = executor.run(
                    Program(program.source + more, program.checks, program.limits)
                )
                found = task.score(problem, judged)
                assert found["stress"] == 1, judged.message
                speed = found["reference_seconds"] / found["cost_seconds"]
                assert least < speed < most, (problem.id, speed)
        truths.close()
    assert loads(unpack(program.checks[0].inputs.data)[0])
