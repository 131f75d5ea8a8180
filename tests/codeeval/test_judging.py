"""From samples to results: what is run, how often, and in what order."""

from __future__ import annotations

import threading
from itertools import count

import pytest

from codeeval.judging import (
    IN_FLIGHT,
    EvaluationStopped,
    SampleResult,
    is_doubtful,
    judge_samples,
)
from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.program import Limits, Program
from codeeval.sandbox.verdict import CheckResult, Status, Usage, Verdict
from codeeval.tasks.task import Sample
from codeeval.truth import Truths
from tests.codeeval.evaluating import (
    IDS,
    PLAIN,
    PROBLEMS,
    Counting,
    Scripted,
    mixture,
    right,
    tiny,
    verdict_of,
    wrong,
)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("tiny")).task


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("plain"), [PLAIN]).task


def judge(task, samples, executor, **options):
    """Judge samples as they are asked for."""
    problems = {problem.id: problem for problem in task.problems()}
    truths = Truths(executor, None, 2)
    options = {"workers": 2, **options}
    yield from judge_samples(task, problems, samples, executor, truths, **options)


def outcome(results) -> dict[tuple[str, int], str]:
    return {(each.task_id, each.index): each.verdict.status.value for each in results}


# -- equal programs ------------------------------------------------------------------------------


def test_equal_programs_run_once_and_all_of_their_samples_are_judged(task, executor):
    counting = Counting(executor)
    samples = [right(id, n) for n in range(20) for id in IDS]
    samples += [wrong(id, 20 + n) for n in range(20) for id in IDS]
    results = list(judge(task, samples, counting))
    assert len(counting.programs) == 2 * len(IDS)
    assert outcome(results) == {
        (id, n): "passed" if n < 20 else "wrong_answer" for id in IDS for n in range(40)
    }
    assert len(results) == 40 * len(IDS)


def test_equal_programs_that_came_later_are_not_run_either(plain):
    scripted = Scripted()
    samples = (right("Tiny/0", n) for n in range(5000))
    results = list(judge(plain, samples, scripted))
    assert [each.index for each in results] == list(range(5000))
    assert len(scripted.programs) == 1


def test_equal_programs_run_as_often_as_they_come_where_that_is_asked_for(plain):
    scripted = Scripted()
    results = list(
        judge(plain, [right("Tiny/0", n) for n in range(9)], scripted, deduplicate=False)
    )
    assert len(scripted.programs) == 9
    assert len(results) == 9


def test_the_same_code_under_other_limits_is_another_program(plain):
    one, other = (
        judge(plain, [right("Tiny/0")], Scripted(), adjust=lambda p, s=s: limited(p, s))
        for s in (5.0, 6.0)
    )
    assert next(one).program != next(other).program


def limited(program: Program, seconds: float) -> Program:
    return Program(program.source, program.checks, Limits(cpu_seconds=seconds))


def test_a_program_has_one_digest_everywhere(task, tmp_path):
    def digest(task, sample):
        problem = next(p for p in task.problems() if p.id == sample.task_id)
        return task.program(problem, sample).digest

    again = tiny(tmp_path).task
    for id in IDS:
        assert digest(task, right(id)) == digest(again, right(id, 7))
        assert digest(task, right(id)) != digest(task, wrong(id))
    other = tiny(tmp_path / "other", [{**PROBLEMS[1], "inputs": [[0], [3], [6]]}]).task
    assert digest(other, right("Tiny/1")) != digest(task, right("Tiny/1"))


# -- order and flow ------------------------------------------------------------------------------


def test_results_come_as_programs_end(plain):
    scripted = Scripted(holding=True)
    samples = [right("Tiny/0", n, note=str(n)) for n in range(5)]
    threading.Timer(0.1, scripted.release, kwargs={"backwards": True}).start()
    indices = [each.index for each in judge(plain, samples, scripted)]
    assert indices == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("note", ["", "{}"], ids=["equal", "different"])
def test_an_endless_source_is_read_a_bounded_way_ahead(plain, note):
    scripted = Scripted(holding=True)
    taken = 0

    def endless():
        nonlocal taken
        for number in count():
            taken += 1
            if taken > 10 * IN_FLIGHT:
                pytest.fail("read without an end")
            if taken == 2 * IN_FLIGHT:
                threading.Timer(0.1, scripted.release).start()
            yield right("Tiny/0", number, note=note.format(number))

    results = judge(plain, endless(), scripted)
    next(results)
    assert taken == 2 * IN_FLIGHT, "512 for each of two workers, and one taken"
    for _ in range(3 * IN_FLIGHT):
        next(results)
    assert taken <= 6 * IN_FLIGHT
    results.close()


def test_a_source_is_read_no_further_than_needed_when_programs_end_at_once(plain):
    taken = []

    def source():
        for number in count():
            taken.append(number)
            yield right("Tiny/0", number, note=str(number))

    results = judge(plain, source(), Scripted())
    for _ in range(10):
        next(results)
    assert len(taken) == 10
    results.close()


def test_what_is_under_way_is_given_up_by_who_reads_no_further(plain):
    scripted = Scripted(holding=True)
    ready = Sample("Tiny/0", 0, completion="")
    results = judge(plain, [*(right("Tiny/0", n, note=str(n)) for n in range(9)), ready], scripted)
    assert next(results).verdict.status is Status.NO_CODE
    results.close()
    scripted.release()
    assert scripted.programs == []


def test_samples_without_code_are_not_run(plain):
    scripted = Scripted()
    samples = [
        Sample("Tiny/0", 0, completion=" \n"),
        Sample("Tiny/0", 1, solution="", extra={"no_code": True}),
    ]
    results = list(judge(plain, samples, scripted))
    assert [each.verdict.status for each in results] == [Status.NO_CODE] * 2
    assert [each.scores for each in results] == [{"pass": 0.0}] * 2
    assert scripted.programs == []


def test_code_is_taken_from_the_text_as_asked(task, executor):
    text = "Sure!\n```python\ndef double(x):\n    return x + x\n```\nHope it helps."
    samples = [Sample("Tiny/0", 0, solution=text)]
    (plain,) = judge(task, samples, executor)
    (cut,) = judge(task, samples, executor, extraction="fence-last")
    assert plain.verdict.status is Status.SYNTAX_ERROR
    assert cut.verdict.status is Status.PASSED


def test_a_result_survives_json(task, executor):
    for result in judge(task, mixture(2), executor):
        assert SampleResult.from_dict(result.as_dict()) == result


# -- what goes wrong -----------------------------------------------------------------------------


def broken() -> Verdict:
    return verdict_of("infrastructure_error")


def test_an_infrastructure_error_is_no_ones_knowledge(plain):
    """The next equal program is run again: the first was not judged."""
    scripted = Scripted(lambda program, before: verdict_of("passed") if before else broken())
    results = list(judge(plain, [right("Tiny/0", n) for n in range(3)], scripted))
    assert outcome(results) == {
        ("Tiny/0", 0): "infrastructure_error",
        ("Tiny/0", 1): "passed",
        ("Tiny/0", 2): "passed",
    }


def test_a_dead_sandbox_ends_the_evaluation(task, executor):
    def die(number):
        if number == 3:
            raise SandboxUnavailable("the daemon is gone")

    with pytest.raises(SandboxUnavailable, match="the daemon is gone"):
        list(judge(task, mixture(), Counting(executor, die)))


def test_a_reference_that_fails_is_said_so_and_counts_against_no_sample(tmp_path, executor):
    broken = {**PROBLEMS[1], "canonical_solution": "    return 1 // 0\n"}
    task = tiny(tmp_path, [PROBLEMS[0], broken]).task
    results = list(judge(task, [right("Tiny/1"), right("Tiny/0"), right("Tiny/1", 1)], executor))
    assert outcome(results) == {
        ("Tiny/0", 0): "passed",
        ("Tiny/1", 0): "infrastructure_error",
        ("Tiny/1", 1): "infrastructure_error",
    }
    messages = {each.verdict.message for each in results if each.task_id == "Tiny/1"}
    assert all("'squares'" in each and "ZeroDivisionError" in each for each in messages)


def test_a_request_to_stop_ends_the_wait(plain):
    stop = threading.Event()
    scripted = Scripted(holding=True)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(EvaluationStopped, match="the same call goes on from here"):
        list(judge(plain, [right("Tiny/0")], scripted, stop=stop))


def test_samples_that_keep_all_waiting_are_named(plain, executor, monkeypatch, caplog):
    monkeypatch.setattr("codeeval.judging.SLOW_SECONDS", 0.1)
    slow = right("Tiny/0", 7, note="\nimport time\ntime.sleep(1)")
    list(judge(plain, [slow], executor))
    assert "no verdict for 0 s; running Tiny/0 (sample 7)" in caplog.messages
    caplog.clear()
    monkeypatch.setattr("codeeval.judging.SLOW_SECONDS", 30.0)
    list(judge(plain, [right("Tiny/0", 8)], executor))
    assert caplog.messages == []


# -- time limits on a busy machine ---------------------------------------------------------------


def timed_out(waiting: float, cpu: float = 1.0) -> Verdict:
    return verdict_of("timeout", Usage(30.0, cpu, waiting_seconds=waiting))


def test_a_doubtful_time_out_is_run_again_after_all_else(plain):
    def verdict(program, before):
        slow = "slow" in program.source
        return timed_out(20.0) if slow and not before else verdict_of("passed")

    scripted = Scripted(verdict)
    samples = [right("Tiny/0", n, note="slow" if n < 3 else str(n)) for n in range(6)]
    results = list(judge(plain, samples, scripted))
    assert set(outcome(results).values()) == {"passed"}
    assert sorted(each.index for each in results) == list(range(6))
    attempts = {each.index: each.attempts for each in results}
    assert [attempts[n] for n in range(3, 6)] == [1, 1, 1]
    assert attempts[0] == 2
    assert "slow" in scripted.programs[-1].source


def test_a_time_out_that_comes_again_is_one(plain):
    scripted = Scripted(lambda program, before: timed_out(20.0))
    (result,) = judge(plain, [right("Tiny/0")], scripted)
    assert result.verdict.status is Status.TIMEOUT
    assert result.attempts == 2
    assert len(scripted.programs) == 2


@pytest.mark.parametrize(
    ("verdict", "doubtful"),
    [
        (timed_out(20.0), True),
        (timed_out(0.1), False),
        (timed_out(20.0, cpu=10.0), False),
        (Verdict(Status.WRONG_ANSWER, (CheckResult("t", Status.WRONG_ANSWER),)), False),
        (Verdict.without_run(Status.NO_CODE, ""), False),
    ],
    ids=["waited", "did not wait", "used its CPU time", "wrong", "no code"],
)
def test_doubtful_is_who_waited_for_a_core(verdict, doubtful):
    program = Program("", (), Limits(cpu_seconds=10.0, wall_seconds=30.0))
    assert is_doubtful(program, verdict) is doubtful
