"""``codeeval evaluate`` ended by kill -9 and by signals: it goes on, and leaves no jail behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from codeeval.cli.exit import UNABLE
from codeeval.tasks.registry import load_task
from tests.codeeval.command import UNSAFE, judged, need, right, run, start, write
from tests.daemons import private_daemon

SANDBOXES = ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)]
OURS = "label=org.codeeval.run"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Have the references run anew, interrupted as everything else."""
    monkeypatch.setenv("CODEEVAL_CACHE", str(tmp_path / "cache"))


class TestStopping:
    """Whatever ends the process, the same command goes on, and no jail is left behind."""

    @pytest.fixture(params=SANDBOXES)
    def sandbox(self, request):
        need(request.param)
        return request.param

    @pytest.fixture
    def words(self, sandbox, tmp_path):
        samples = write(tmp_path / "s.jsonl", [*right(3), *slow()])
        flags = ("--sandbox", sandbox, "-j", "2", "-q", "--timeout", "4", "--k", "1")
        return ("evaluate", "starter", samples, *flags)

    @pytest.mark.slow
    def test_kill_9_at_any_moment_loses_and_doubles_nothing(self, words, sandbox, tmp_path):
        whole = run(*words, "-o", "whole", cwd=tmp_path)
        assert whole.code == 0, whole.err
        dice = random.Random(9)
        for _ in range(6):
            process = start(*words, "-o", "killed", cwd=tmp_path)
            wait_for_lines(tmp_path / "killed" / "results.jsonl", dice.randrange(1, 24), process)
            time.sleep(dice.random() / 5)
            process.kill()
            process.communicate()
        ended = run(*words, "-o", "killed", cwd=tmp_path)
        assert ended.code == 0, ended.err
        assert judged(tmp_path / "killed") == judged(tmp_path / "whole")
        old, new = (
            json.loads((tmp_path / name / "report.json").read_text())["estimates"]
            for name in ("whole", "killed")
        )
        assert old == new
        assert_no_jail_of(process.pid, sandbox)

    @pytest.mark.slow
    @pytest.mark.docker
    def test_kill_9_of_the_daemon_at_any_moment_loses_and_doubles_nothing(
        self, tmp_path, monkeypatch
    ):
        """Whether the daemon comes back in time, late, or only for the next call."""
        need("docker")
        samples = write(tmp_path / "s.jsonl", [*right(3), *slow()])
        flags = ("--sandbox", "docker", "-j", "2", "-q", "--timeout", "4", "--k", "1")
        words = ("evaluate", "starter", samples, *flags)
        dice = random.Random(9)
        with private_daemon(monkeypatch) as daemon:
            whole = run(*words, "-o", "whole", cwd=tmp_path)
            assert whole.code == 0, whole.err
            for delay in (None, 3.0, 0.0):
                process = start(*words, "-o", "killed", cwd=tmp_path)
                path = tmp_path / "killed" / "results.jsonl"
                wait_for_lines(path, dice.randrange(1, 24), process)
                daemon.kill()
                if delay is not None:
                    time.sleep(delay)
                    daemon.start()
                _, err = process.communicate(timeout=300)
                assert process.returncode in (0, UNABLE), err
                if process.returncode:
                    assert "Traceback" not in err
                    assert "codeeval: error: " in err
                    assert "Docker" in err
                if delay is None:
                    assert process.returncode == UNABLE
                    daemon.start()
                daemon.wait()
            ended = run(*words, "-o", "killed", cwd=tmp_path)
            assert ended.code == 0, ended.err
            assert judged(tmp_path / "killed") == judged(tmp_path / "whole")

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_ends_it_cleanly(self, words, sandbox, tmp_path, number, code):
        process = start(*words, "-o", "r", cwd=tmp_path)
        wait_for_lines(tmp_path / "r" / "results.jsonl", 5, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert out == ""
        assert "the same command goes on from there" in err
        assert "Traceback" not in err
        assert_no_jail_of(process.pid, sandbox)
        ended = run(*words, "-o", "r", cwd=tmp_path)
        assert ended.code == 0, ended.err
        assert len({line[:2] for line in judged(tmp_path / "r")}) == 3 * 48 + 4

    def test_a_second_signal_ends_it_at_once(self, words, sandbox, tmp_path):
        with start(*words, "-o", "r", cwd=tmp_path) as process:
            wait_for_lines(tmp_path / "r" / "results.jsonl", 1, process)
            while process.poll() is None:
                process.send_signal(signal.SIGINT)
                time.sleep(0.01)
        # While the interpreter ends there is no handler any more; a shell shows 130 for both.
        assert process.returncode in (130, -signal.SIGINT)
        process.communicate()
        assert_no_jail_of(process.pid, sandbox)

    def test_a_signal_before_the_first_sample(self, tmp_path):
        fifo = tmp_path / "s.jsonl"
        os.mkfifo(fifo)
        process = start("evaluate", "starter", fifo, *UNSAFE, cwd=tmp_path)
        with fifo.open("w"):  # waits until the samples are being read
            time.sleep(0.5)  # a signal between opening and reading would wait for the read's end
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 143
        assert err == "codeeval: stopped before the first sample was run\n"


def slow() -> list[dict[str, object]]:
    """Return samples that run for longer than they may, so that some are always under way."""
    loop = "def {}(*args):\n    while True:\n        pass\n# {}\n"
    return [
        {"task_id": "Starter/0", "solution": loop.format(name_of("Starter/0"), number)}
        for number in range(4)
    ]


def name_of(task_id: str) -> str:
    return next(each.entry_point for each in load_task("starter").problems() if each.id == task_id)


def wait_for_lines(path: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many more samples are judged, or the process has ended."""
    before = path.read_bytes().count(b"\n") if path.exists() else 0
    while process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= before + count:
            return
        time.sleep(0.02)


def assert_no_jail_of(pid: int, sandbox: str) -> None:
    """Check that the jails of a process have ended, or do so soon."""
    deadline = time.monotonic() + 60
    while left := jails_of(pid, sandbox):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def jails_of(pid: int, sandbox: str) -> list[str]:
    """Return what is left of a process's jails: they know it by its id."""
    if sandbox == "docker":
        command = ["docker", "ps", "-aq", "--filter", f"{OURS}={pid}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [
        str(path)
        for path in Path("/proc").glob("[0-9]*/stat")
        if is_child(path, pid) and b"bwrap" in read(path.with_name("cmdline"))
    ]


def is_child(stat: Path, pid: int) -> bool:
    fields = read(stat).rpartition(b")")[2].split()
    return len(fields) > 1 and int(fields[1]) == pid


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
