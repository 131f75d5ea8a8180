"""Other tools' scripts read our results: same names, same keys, same words."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from codeeval.compat import (
    NotJudged,
    evalplus_name,
    human_eval_name,
    human_eval_result,
    write_evalplus,
    write_human_eval,
)
from codeeval.sandbox.verdict import CheckResult, Status, Verdict
from tests.codeeval.run_directories import Judged, check, judged, realistic, write_run

FINE = check("base", Status.PASSED), check("plus", Status.PASSED)
WRONG_PLUS = check("plus", Status.WRONG_ANSWER, "call 12: returned 1, expected 2", 12)
EXITED = "ended before its checks did, with exit status 0"


def dead(name: str, completed: int = 0) -> CheckResult:
    result = check(name, Status.RUNTIME_ERROR, EXITED, completed)
    return replace(result, completed=completed)


def unrun(status: Status, message: str, task_id: str = "A/0", index: int = 0) -> Judged:
    item = judged(task_id, index, *FINE)
    scores = {"base": 0.0, "plus": 0.0}
    return Judged(item.sample, Verdict.without_run(status, message), scores)


def asserted(status: Status, message: str) -> Verdict:
    return Verdict(status, (CheckResult("tests", status, message, failures=(0,)),))


@pytest.mark.parametrize(
    ("status", "message", "word"),
    [
        (Status.PASSED, "", "passed"),
        (Status.TIMEOUT, "reached the CPU time limit of 3 s", "timed out"),
        (Status.RUNTIME_ERROR, EXITED, "timed out"),
        (Status.RUNTIME_ERROR, "was killed", "timed out"),
        (Status.RUNTIME_ERROR, "ended by signal 11 (SIGSEGV)", "timed out"),
        (Status.WRONG_ANSWER, "AssertionError", "failed: "),
        (Status.WRONG_ANSWER, "AssertionError: sizes: 3", "failed: sizes: 3"),
        (Status.WRONG_ANSWER, "AssertionError in: assert f([]) == []", "failed: "),
        (Status.RUNTIME_ERROR, "KeyError: 'a' in: assert f([]) == []", "failed: 'a'"),
        (Status.RUNTIME_ERROR, "call 3: KeyError: 'a'", "failed: 'a'"),
        (Status.RUNTIME_ERROR, "json.decoder.JSONDecodeError: bad", "failed: bad"),
        (Status.WRONG_ANSWER, "call 3: returned 1, expected 2", "failed: returned 1, expected 2"),
        (Status.MEMORY_LIMIT, "used more than 9 bytes", "failed: used more than 9 bytes"),
        (Status.NO_CODE, "the answer holds no code", "failed: the answer holds no code"),
    ],
)  # fmt: skip
def test_human_eval_has_three_words(status, message, word):
    assert human_eval_result(asserted(status, message)) == word


class TestHumanEval:
    def test_lines_are_the_samples_in_order_with_two_more_keys(self, tmp_path):
        second = judged("A/0", 0, FINE[0], WRONG_PLUS)
        extra = replace(second.sample, extra={"temperature": 0.8}, model="", solution=None)
        write_run(tmp_path, [judged("A/1", 0, *FINE, code="x"), replace(second, sample=extra)])
        write_human_eval(tmp_path / "out.jsonl", tmp_path)
        lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert lines == [
            {
                "task_id": "A/1",
                "completion": "x",
                "model": "starling-7b-code",
                "result": "passed",
                "passed": True,
            },
            {
                "task_id": "A/0",
                "completion": second.sample.text,
                "temperature": 0.8,
                "result": "failed: returned 1, expected 2",
                "passed": False,
            },
        ]

    def test_a_sample_that_was_not_judged_is_not_a_failure(self, tmp_path):
        broken = unrun(Status.INFRASTRUCTURE_ERROR, "SandboxError: gone", index=1)
        write_run(tmp_path, [judged("A/0", 0, *FINE), broken])
        with pytest.raises(
            NotJudged, match=r"sample 1 of 'A/0' was not judged \(SandboxError: gone\)"
        ):
            write_human_eval(tmp_path / "out.jsonl", tmp_path)
        assert not list(tmp_path.glob("out*"))
        write_human_eval(tmp_path / "out.jsonl", tmp_path, unjudged="skip")
        assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 1

    def test_a_sample_without_a_result_is_named(self, tmp_path):
        write_run(tmp_path, [judged("A/0", 0, *FINE)])
        (tmp_path / "results.jsonl").write_text("")
        with pytest.raises(NotJudged, match="no result yet"):
            write_human_eval(tmp_path / "out.jsonl", tmp_path)


def evalplus(folder, run, **options):
    report = write_run(folder, run, ks=(1,))
    write_evalplus(
        folder / "out.json",
        folder,
        report,
        source=lambda sample: "def f():\n" + sample.text,
        failing_input=lambda task_id, name, index: [task_id, name, index],
        dataset_md5="fe585eb4df8c88d844eeb463ea4d0302",
        **options,
    )
    return json.loads((folder / "out.json").read_text())


class TestEvalPlus:
    def test_has_the_keys_of_head(self, tmp_path):
        found = evalplus(tmp_path, [judged("A/0", 0, FINE[0], WRONG_PLUS, code="    pass\n")])
        assert list(found) == ["date", "hash", "eval", "pass_at_k"]
        assert re.fullmatch(r"2025-11-2\d \d\d:\d\d", found["date"])
        assert found["pass_at_k"] == {"base": {"pass@1": 1.0}, "plus": {"pass@1": 0.0}}
        assert found["eval"] == {
            "A/0": [
                {
                    "task_id": "A/0",
                    "solution": "def f():\n    pass\n",
                    "base_status": "pass",
                    "plus_status": "fail",
                    "base_fail_tests": [],
                    "plus_fail_tests": [["A/0", "plus", 12]],
                }
            ]
        }

    def test_the_released_version_has_no_pass_at_k(self, tmp_path):
        found = evalplus(tmp_path, [judged("A/0", 0, *FINE)], version="0.3.1")
        assert list(found) == ["date", "hash", "eval"]

    def test_samples_are_grouped_by_problem_in_input_order(self, tmp_path):
        pairs = [("A/1", 0, "a"), ("A/0", 0, "b"), ("A/1", 1, "c")]
        found = evalplus(tmp_path, [judged(t, i, *FINE, code=code) for t, i, code in pairs])
        solutions = {
            task_id: [entry["solution"][-1] for entry in entries]
            for task_id, entries in found["eval"].items()
        }
        assert list(solutions.items()) == [("A/1", ["a", "c"]), ("A/0", ["b"])]

    @pytest.mark.parametrize(
        ("base", "word", "tests"),
        [
            (
                check("base", Status.TIMEOUT, "call 3: took longer than 4 CPU seconds", 3),
                "fail",
                [3],
            ),
            (
                check("base", Status.TIMEOUT, "reached the CPU time limit of 60 s", 3),
                "timeout",
                [3],
            ),
            (dead("base"), "timeout", []),
            (dead("base", 2), "timeout", [2]),
            (check("base", Status.RUNTIME_ERROR, "call 0: TypeError", 0), "fail", [0]),
            (check("base", Status.RUNTIME_ERROR, "NameError: name 'x'", 0), "fail", []),
            (check("base", Status.MEMORY_LIMIT, "used more than 9 bytes of memory", 0), "fail", []),
        ],
    )
    def test_statuses_and_fail_tests_follow_their_rules(self, tmp_path, base, word, tests):
        entry = evalplus(tmp_path, [judged("A/0", 0, base, FINE[1])])["eval"]["A/0"][0]
        assert entry["base_status"] == word
        assert entry["base_fail_tests"] == [["A/0", "base", index] for index in tests]

    def test_a_program_that_was_not_run_fails_both(self, tmp_path):
        entry = evalplus(tmp_path, [unrun(Status.NO_CODE, "no code")])["eval"]["A/0"][0]
        assert (entry["base_status"], entry["plus_status"]) == ("fail", "fail")
        assert entry["base_fail_tests"] == entry["plus_fail_tests"] == []

    def test_a_realistic_run_keeps_every_sample(self, tmp_path):
        found = evalplus(tmp_path, realistic(20, 5), unjudged="skip")
        assert sum(map(len, found["eval"].values())) >= 98


@pytest.mark.parametrize(
    ("samples", "version", "name"),
    [
        ("out/x.jsonl", "head", "out/x.eval_results.json"),
        ("x.jsonl.gz", "head", "x.eval_results.json"),
        ("out/x.jsonl", "0.3.1", "out/x_eval_results.json"),
        ("out", "head", "out/eval_results.json"),
    ],
)
def test_evalplus_names(samples, version, name):
    assert evalplus_name(samples, version=version) == name


def test_human_eval_name():
    assert human_eval_name("out/x.jsonl") == "out/x.jsonl_results.jsonl"
