from __future__ import annotations

import csv
import json

import pytest

from codeeval import evaluate
from codeeval.breakdowns import ProblemRow
from codeeval.checking import LoadedTask, rewards
from codeeval.report_traces import trace_figure
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.coconut import LENGTHS
from codeeval.tasks.divergence import COLUMNS
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample
from codeeval.tasks.traces import length_class
from codeeval.valued import value_estimates
from tests.data import data_path

CODE = (
    "def f(n):  # 1\n    t = 0  # 2\n    for i in range(n):  # 3\n        t += i  # 4\n"
    "    return t  # 5\n"
)
HEAD = ("HumanEval_ID", "Name", "FunctionCall", "ExecutedLines", "Code_Indices")
CALLS = [
    ("HumanEval/0", "f", "1", "[2, 3, 4, 3, 5]", CODE),
    ("HumanEval/0", "f", "0", "[2, 3, 5]", CODE),
    ("HumanEval/2", "f", "2", "[2, 2, 3, 4, 3, 4, 3, 5]", CODE),
]
THREADS = [
    (
        "0",
        "run",
        "Concurrency_prepared",
        "[7, '(', 2, 3, 2, ')', 9]",
        "import x # 1\na = [7, 8] # 2",
    ),
    ("1", "run", "Concurrency_prepared", "[7, 8]", "import x # 1"),
]


@pytest.fixture
def make(tmp_path):
    """Return a function that writes rows as CSV and makes the task."""

    def task(name: str, rows, head=HEAD, **options):
        path = tmp_path / f"{name}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        return load_task(name, data_file=path, **options)

    return task


def judged(task, number: int, reply: str, **extra) -> tuple[Verdict, dict[str, float]]:
    problem = list(task.problems())[number]
    verdict = task.answer(problem, Sample(problem.id, 0, solution=reply, extra=extra))
    return verdict, dict(task.score(problem, verdict))


def test_calls_are_problems_of_their_task(make):
    task = make("coconut", CALLS)
    problems = list(task.problems())
    assert [each.id for each in problems] == ["HumanEval/0/0", "HumanEval/0/1", "HumanEval/2/0"]
    assert [each.metadata["group"] for each in problems] == ["HumanEval/0"] * 2 + ["HumanEval/2"]
    assert [each.metadata["length"] for each in problems] == [
        *("5 – 9 steps", "3 – 4 steps", "5 – 9 steps"),
    ]
    assert [each.reference for each in problems] == [
        *("[2, 3, 4, 3, 5]", "[2, 3, 5]", "[2, 3, 4, 3, 4, 3, 5]"),
    ]
    assert CODE.strip() in problems[0].prompt
    assert "Its arguments: 1" in problems[0].prompt
    assert problems[0].prompt.endswith("and nothing else.\n")
    assert next(make("coconut", CALLS, cot=True).problems()).prompt.endswith("executed lines.\n")


def test_programs_are_numbered_from_one(make):
    head = ("", "Filename", "Category", "ExecutedLines", "Code_Indices")
    for name in ("coconut-oop", "coconut-recursion", "coconut-concurrency"):
        task = make(name, THREADS, head)
        assert [each.id for each in task.problems()] == ["run/1", "run/2"]
        assert ("bare (" in next(task.problems()).prompt) == (name == "coconut-concurrency")
    assert next(task.problems()).reference == "[7, (, 2, 3, 2, ), 9]"


def test_data_of_another_form_are_refused(make):
    with pytest.raises(DataError, match="no column 'ExecutedLines'"):
        list(make("coconut", CALLS, (*HEAD[:3], "x", "Code_Indices")).problems())
    with pytest.raises(DataError, match=r"line \d+: field 'ExecutedLines' must be a list of line"):
        list(make("coconut", [("HumanEval/0", "f", "1", "[a]", CODE)]).problems())
    with pytest.raises(DataError, match="no problems"):
        list(make("coconut", []).problems())


def test_a_right_answer_passes(make):
    verdict, scores = judged(make("coconut", CALLS), 0, "Thus\n[2,3,4, 3, 5]\n")
    assert verdict.status is Status.PASSED
    assert verdict.sealed
    assert {scores.pop(name) for name in COLUMNS} == {0.0, 1.0, 2.0, 5.0}
    assert set(scores.values()) == {1.0}


def test_the_first_step_that_differs_is_told(make):
    verdict, scores = judged(make("coconut", CALLS), 0, "[2, 3, 5]")
    assert verdict.status is Status.WRONG_ANSWER
    assert verdict.message == "step 3: line 4 is executed, the answer says line 5"
    assert scores["exact"] == scores["matched"] == 0
    assert scores["prefix"] == 0.4
    assert 0 < scores["similarity"] < 1
    verdict, _ = judged(make("coconut", CALLS), 1, "[2, 3, 5, 2]")
    assert verdict.message == "step 4: the end is executed, the answer says line 2"


def test_repetitions_count_as_the_mode_says(make):
    reply = "[2, 2, 3, 4, 3, 4, 3, 5]"
    _, published = judged(make("coconut", CALLS), 2, reply)
    assert (published["exact"], published["matched"]) == (1, 0)
    _, whole = judged(make("coconut", CALLS, repetitions="true"), 2, reply)
    assert (whole["exact"], whole["matched"]) == (1, 1)


@pytest.mark.parametrize("reply", ["", "no idea", "[x]", "[2, 3, ...]"])
def test_a_reply_without_a_list_is_no_answer(make, reply):
    verdict, scores = judged(make("coconut", CALLS), 0, reply)
    assert verdict.status is Status.NO_CODE
    assert (scores["answered"], scores["exact"], scores["prefix"]) == (0, 0, 0)


def test_answers_that_were_taken_before_are_left_as_they_are(make):
    _, scores = judged(make("coconut", CALLS), 1, "[2,3,5]", parsed=True)
    assert (scores["exact"], scores["matched"]) == (1, 0)
    assert scores["similarity"] < 1


def test_a_check_in_a_library_call_reads_the_answer_as_well(make):
    loaded = LoadedTask(make("coconut", CALLS))
    assert rewards(["[2, 3, 4, 3, 5]", "[2]", "no"], [loaded["HumanEval/0/0"]] * 3) == [1, 0, 0]


def test_problems_without_samples_count_where_they_are_to(make):
    task = make("coconut", CALLS)
    samples = [Sample("HumanEval/0/0", 0, solution="[2, 3, 4, 3, 5]")]
    report = evaluate(samples, task, missing="fail").report
    values = {each.metric: each.value for each in report.values["accuracy"]}
    assert values == {"Acc Hard": 0, "Acc Mean": 0.25}


def test_interleavings_are_compared_by_numbers(make):
    head = ("", "Filename", "Category", "ExecutedLines", "Code_Indices")
    task = make("coconut-concurrency", THREADS, head)
    _, scores = judged(task, 0, "[7,(, 2,3,2,),9]", parsed=True)
    assert (scores["matched"], scores["similarity"]) == (1, 1)


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        *[(1, "1 – 2 steps"), (2, "1 – 2 steps"), (3, "3 – 4 steps"), (39, "25 – 39 steps")],
        *[(40, "40 steps and more"), (10**6, "40 steps and more")],
    ],
)
def test_classes_of_length(steps, name):
    assert length_class(steps, LENGTHS) == name


def test_aggregates_are_those_of_the_worked_example():
    calls = [
        [(1, 1.0), (1, 1.0)],
        [(1, 1.0), (0, 0.6), (0, 0.4)],
        [(0, 0.3)],
    ]
    rows = [
        ProblemRow(
            f"t/{task}/{number}",
            1,
            {"matched": matched},
            {},
            {"group": f"t/{task}"},
            {"accuracy": (float(matched),), "similarity": (near,)},
        )
        for task, each in enumerate(calls)
        for number, (matched, near) in enumerate(each)
    ]
    metrics = {
        "accuracy": ("Acc Hard", "Acc Mean"),
        "similarity": ("Sim", "False Sim", "False Sim if wrong"),
    }
    found = value_estimates(rows, 0, metrics, [1])
    values = {each.metric: each.value for items in found.values() for each in items}
    assert values == pytest.approx(
        {
            "Acc Hard": 1 / 3,
            "Acc Mean": 4 / 9,
            "Sim": 0.655556,
            "False Sim": 0.266667,
            "False Sim if wrong": 0.4,
        },
        abs=1e-6,
    )
    assert {each.tasks for items in found.values() for each in items} == {3, 2}


PUBLISHED = {"Acc Hard": 1.86, "Acc Mean": 10.97, "Sim": 60.91, "False Sim": 56.19}
BY_LENGTH = {"1 – 2": 24.8, "3 – 4": 30.6, "5 – 9": 2.3, "10 – 24": 0, "25 – 39": 0, "40": 0}


def test_a_published_run_has_its_published_numbers():
    folder = data_path("tracing/coconut/humaneval_traces.csv").parent
    samples = folder / "dev_results" / "humaneval_cot_qwen2.5-coder-7b_NoReps.csv"
    task = load_task("coconut", data_file=folder / "humaneval_traces.csv")
    report = evaluate(samples, task).report
    values = {
        each.metric: round(100 * each.value, 2)
        for items in report.values.values()
        for each in items
    }
    assert {name: values[name] for name in PUBLISHED} == PUBLISHED
    assert values["False Sim if wrong"] == 57.26
    groups = {group.name: group for group in report.groups if group.key == "length"}
    assert [group.problems for group in groups.values()] == [290, 134, 177, 233, 96, 153]
    shares = [round(100 * group.estimates["matched"][0].value, 1) for group in groups.values()]
    assert shares == list(BY_LENGTH.values())
    assert report.manifest["isolation"] == "nothing is run"
    assert report.estimates["matched"][0].method == "t over 161 clusters"


def test_the_raw_twin_has_its_published_accuracy():
    folder = data_path("tracing/coconut/humaneval_traces.csv").parent
    samples = folder / "dev_results" / "humaneval_cot_qwen2.5-coder-7b.csv"
    data = folder / "humaneval_traces.csv"
    whole = evaluate(samples, load_task("coconut", data_file=data, repetitions=True)).report
    values = {each.metric: each.value for items in whole.values.values() for each in items}
    assert (round(100 * values["Acc Hard"], 2), round(100 * values["Acc Mean"], 2)) == (0.62, 7.14)
    groups: dict[str, list[float]] = {}
    for row in whole.problems:
        groups.setdefault(row.metadata["group"], []).append(row.correct["exact"])
    symmetric = sum(sum(each) / len(each) for each in groups.values()) / len(groups)
    assert round(100 * symmetric, 2) == 12.54


@pytest.mark.parametrize(
    ("topic", "programs", "near"), [("oop", 40, 57.71), ("concurrency", 20, 20.82)]
)
def test_published_runs_of_programs_have_their_numbers(topic, programs, near):
    folder = data_path(f"tracing/coconut/{topic}_traces.csv").parent
    samples = folder / "dev_results" / f"{topic}_cot_qwen2.5-coder-7b_NoReps.csv"
    task = load_task(f"coconut-{topic}", data_file=folder / f"{topic}_traces.csv")
    report = evaluate(samples, task).report
    found = {each.metric: each for items in report.values.values() for each in items}
    assert round(100 * found["Sim"].value, 2) == near
    assert found["Acc Mean"].value == 0
    assert found["Sim"].tasks == programs


def test_answers_go_on_where_they_stopped(make, tmp_path):
    task = make("coconut", CALLS)
    samples = tmp_path / "samples.jsonl"
    lines = [{"task_id": each.id, "solution": "[2, 3, 5]"} for each in task.problems()]
    samples.write_text("".join(json.dumps(line) + "\n" for line in lines))
    first = evaluate(samples, task, output=tmp_path / "run").report
    again = evaluate(samples, task, output=tmp_path / "run").report
    assert first.estimates == again.estimates
    assert first.estimates["exact"][0].value == pytest.approx(1 / 3, abs=0.2)
    page = (tmp_path / "run" / "report.html").read_text()
    assert 'class="trace"' in page


def test_the_page_shows_both_paths(make):
    verdict, _ = judged(make("coconut", CALLS), 0, "[2, 3, 5]")
    shown = trace_figure(verdict)
    assert shown.count('class="is said"') == 1
    assert "The first 2 of 5 steps are right; the answer has 3." in shown
    assert "<code>        t += i  # 4</code>" in shown
    right, _ = judged(make("coconut", CALLS), 0, "[2, 3, 4, 3, 5]")
    assert "The answer has all steps, of which there are 5." in trace_figure(right)
    cut, _ = judged(make("coconut", CALLS), 0, "[2, <b>...]")
    assert "[2, &lt;b&gt;...]" in trace_figure(cut)
    assert trace_figure(Verdict(Status.PASSED)) == ""
