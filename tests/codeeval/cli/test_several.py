"""Several tasks in one command, and what samples that could not be judged are worth."""

from __future__ import annotations

import json
from concurrent.futures import Future

import pytest

from codeeval.sandbox.executor import Pool
from codeeval.sandbox.verdict import Status, Verdict
from tests.codeeval.command import UNSAFE, records, refused, right, write

PROBLEM = {
    "prompt": "def add(a, b):\n", "entry_point": "add", "tests": "assert add(1, 2) == 3",
    "reference": "def add(a, b):\n    return a + b\n",
}  # fmt: skip
FEW = ("--id-range", "0-2")


@pytest.fixture
def folders(tmp_path):
    """Two tasks of one problem each."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "task.yaml").write_text(f"name: {name}\nproblems: p.jsonl\n")
        write(tmp_path / name / "p.jsonl", [{**PROBLEM, "task_id": f"{name}/0"}])
    return tmp_path


def sample(name: str, sign: str = "+") -> dict[str, object]:
    return {"task_id": f"{name}/0", "solution": f"def add(a, b):\n    return a {sign} b\n"}


class TestSeveralTasks:
    def test_share_a_file_of_samples(self, call, folders):
        write(folders / "s.jsonl", [sample("one"), sample("two", "-")])
        ended = call("evaluate", "one/,two/", "s.jsonl", *UNSAFE, "-o", "out", "--json", "--k=1")
        assert ended.code == 0, ended.err
        first, second = json.loads(ended.out)
        assert [first["manifest"]["task"], second["manifest"]["task"]] == ["one", "two"]
        assert first["estimates"]["pass"][0]["value"] == 1.0
        assert second["estimates"]["pass"][0]["value"] == 0.0
        assert len(records(folders / "out" / "two" / "results.jsonl")) == 1

    def test_have_a_file_each(self, call, folders):
        for name in ("one", "two"):
            write(folders / f"{name}.jsonl", [sample(name)])
        words = ("evaluate", "--tasks", "one/,two/", "--samples", "{task}.jsonl", *UNSAFE)
        ended = call(*words, "--compat", "human-eval", "--fail-under", "pass@1=0.5")
        assert ended.code == 0, ended.err
        assert ended.out.count("Report: runs/") == 2
        assert (folders / "two.jsonl_results.jsonl").is_file()

    def test_a_sample_of_none_of_them_is_refused(self, call, folders):
        write(folders / "s.jsonl", [sample("one"), sample("two"), sample("three")])
        words = ("evaluate", "one/,two/", "s.jsonl", *UNSAFE)
        refused(call(*words), 3, "s.jsonl, line 3, field 'task_id': unknown id 'three/0'")
        assert not (folders / "runs").exists()
        assert call(*words, "--allow-unknown").code == 0

    def test_the_worst_of_them_decides_how_it_ends(self, call, folders):
        write(folders / "s.jsonl", [sample("one"), sample("two", "-")])
        words = ("evaluate", "one/,two/", "s.jsonl", *UNSAFE, "--fail-under", "pass@1=0.5")
        ended = call(*words)
        assert ended.code == 5
        assert "pass@1 is 0.0000, below 0.5" in ended.err

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (["*rter,starter", "s.jsonl", "--include", "Starter/0"], "holds no samples"),
            (["one/,two/", "s.jsonl", "--include", "one/0"], "--include is about one task"),
            (["one/,two/", "s.jsonl", "--compat", "human-eval"], "--compat writes one file"),
            (["x*", "s.jsonl"], "no task is called 'x*'; known: c-to-rust, coconut, "),
        ],
    )
    def test_what_is_about_one_task(self, call, folders, words, text):
        write(folders / "s.jsonl", [])
        ended = call("evaluate", *words, *UNSAFE)
        refused(ended, ended.code, text)
        assert ended.code in (2, 3)

    def test_all_samples_are_read_before_any_is_judged(self, call, folders):
        write(folders / "one.jsonl", [sample("one")])
        ended = call("evaluate", "one/,two/", "--samples", "{task}.jsonl", *UNSAFE, "--json")
        refused(ended, 3, "two.jsonl: cannot be read")
        assert not (folders / "runs").exists()

    def test_tasks_of_the_same_name_are_refused(self, call, folders):
        (folders / "other").mkdir()
        for name in ("task.yaml", "p.jsonl"):
            (folders / "other" / name).write_text((folders / "one" / name).read_text())
        write(folders / "s.jsonl", [sample("one")])
        refused(call("evaluate", "one/,other/", "s.jsonl", *UNSAFE), 2, "have the same name")

    def test_one_that_cannot_be_judged_does_not_end_the_others(self, call, folders, monkeypatch):
        whole = Pool.submit

        def submit(pool, program):
            if "- b" not in program.source:
                return whole(pool, program)
            future: Future[Verdict] = Future()
            future.set_result(Verdict.without_run(Status.INFRASTRUCTURE_ERROR, "the jail is gone"))
            return future

        monkeypatch.setattr(Pool, "submit", submit)
        write(folders / "s.jsonl", [sample("one", "-"), sample("two")])
        ended = call("evaluate", "one/,two/", "s.jsonl", *UNSAFE, "--json")
        assert ended.code == 1
        [document] = json.loads(ended.out)
        assert document["manifest"]["task"] == "two"
        assert "one: no sample was judged" in ended.err

    def test_a_pattern_means_all_that_fit(self, call, monkeypatch):
        from codeeval.tasks.registry import tasks_named

        assert tasks_named("mbpp*, starter,mbpp") == [
            "mbpp", "mbpp-plus", "mbpp-sanitized", "starter",
        ]  # fmt: skip
        assert tasks_named("humaneval-plus@0.1.9") == ["humaneval-plus@0.1.9"]


class TestOnInfraError:
    @pytest.fixture
    def broken(self, monkeypatch):
        """Have half of the samples not be judged: those with ``# 0``."""
        whole = Pool.submit

        def submit(pool, program):
            if not program.source.endswith("# 0\n"):
                return whole(pool, program)
            future: Future[Verdict] = Future()
            future.set_result(Verdict.without_run(Status.INFRASTRUCTURE_ERROR, "the jail is gone"))
            return future

        monkeypatch.setattr(Pool, "submit", submit)

    @pytest.mark.parametrize(("word", "n", "value"), [("skip", 1, 1.0), ("fail", 2, 0.5)])
    def test_they_are_left_out_or_failures(self, call, tmp_path, broken, word, n, value):
        write(tmp_path / "s.jsonl", right(2))
        words = ("s.jsonl", *UNSAFE, *FEW, "--json", "--k=1", "-o", "r")
        ended = call("evaluate", "starter", *words, "--on-infra-error", word)
        assert ended.code == 1
        record = json.loads(ended.out)
        assert record["problems"][0]["samples"] == n
        assert record["estimates"]["pass"][0]["value"] == value
        assert record["infrastructure_errors"] == 2
        told = "count as failed" if word == "fail" else "not counted as failures of the model"
        assert any(told in warning for warning in record["warnings"])

    def test_they_end_it_and_the_same_command_goes_on(self, call, tmp_path, monkeypatch, request):
        write(tmp_path / "s.jsonl", right(2))
        words = ("evaluate", "starter", "s.jsonl", *UNSAFE, *FEW, "-o", "r", "-q")
        with monkeypatch.context():
            request.getfixturevalue("broken")
            refused(call(*words, "--on-infra-error=raise"), 4, "could not be judged: the jail is")
        monkeypatch.undo()

    def test_the_library_has_it_too(self, broken):
        from codeeval import Sample, evaluate_iter
        from codeeval.options import OptionsError
        from codeeval.sandbox.errors import SandboxError

        samples = [Sample("Starter/0", 0, solution="x = 1\n# 0\n")]
        options = {"sandbox": "unsafe-local", "on_infra_error": "raise", "missing": "skip"}
        with pytest.raises(SandboxError, match="Starter/0, sample 0, could not be judged"):
            list(evaluate_iter(samples, "starter", **options))
        with pytest.raises(OptionsError, match="must be one of skip, fail, raise"):
            list(evaluate_iter(samples, "starter", on_infra_error="ignore"))
