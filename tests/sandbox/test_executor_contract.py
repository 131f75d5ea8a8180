"""What every backend promises: limits, statuses, and that no program harms the next."""

from __future__ import annotations

import json

import pytest

from codeeval.sandbox.program import Asserts, Calls, Program, Truth
from codeeval.sandbox.verdict import Status, Verdict
from tests.sandbox.conftest import DOCKER
from tests.sandbox.programs import (
    MIB,
    assert_next_is_right,
    judge,
    limited,
    packed,
    script,
    with_tests,
)

F = "def f(x): return x + 1\n"
TEST = "assert f(1) == 2"


@pytest.mark.parametrize(
    ("source", "status", "says"),
    [
        (F, "passed", ""),
        ("def f(x): return x", "wrong_answer", "AssertionError in: assert f(1) == 2"),
        ("def f(x): return [][x]", "runtime_error", "IndexError"),
        ("raise KeyError('at load')", "runtime_error", "KeyError: 'at load'"),
        ("def f(x) return x", "syntax_error", "SyntaxError"),
        ("def f(x):\n return '\x00'", "syntax_error", "null"),
        ("f = " + "(" * 5000 + ")" * 5000, "syntax_error", ""),
        ("def f(x): raise MemoryError", "memory_limit", "MemoryError"),
        ("", "runtime_error", "NameError"),
    ],
)
def test_each_way_to_end_has_its_status(executor, source, status, says):
    verdict = executor.run(with_tests(source, TEST))
    assert verdict.status == status, verdict
    assert says in verdict.message
    assert not verdict.sealed
    assert verdict.isolation == executor.isolation


@pytest.mark.parametrize(
    "end",
    [
        "raise SystemExit",
        "import sys; sys.exit(0)",
        "import sys; sys.exit('a message')",
        "exit()",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "class Quiet(SystemExit): code = 0\nraise Quiet",
        "import os; os._exit(0)",
        "import posix; posix._exit(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "import os; os.abort()",
        "import ctypes; ctypes.string_at(0)",
        "import ctypes; ctypes.CDLL(None)._exit(0)",
        "import os\nif os.fork(): os._exit(0)\nraise SystemExit",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.closerange(0, 64); os._exit(0)",
        "class E(Exception):\n def __str__(self): raise E\nraise E",
        "class E(Exception):\n def __str__(self): import os; os._exit(0)\nraise E",
    ],
)
@pytest.mark.parametrize("where", ["at load", "in the call"])
def test_who_leaves_early_has_not_passed(executor, end, where):
    body = end.replace("\n", "\n ")
    source = f"{F}{end}" if where == "at load" else f"def f(x):\n {body}\n return 2"
    verdict = executor.run(with_tests(source, TEST))
    assert verdict.status is Status.RUNTIME_ERROR, verdict


def test_after_every_kind_of_death_the_next_is_judged_rightly(executor):
    for end in ("os._exit(0)", "os.abort()", "os.kill(os.getpid(), 9)", "os.closerange(0, 64)"):
        judge(executor, with_tests(f"import os\n{end}", TEST))


def test_deep_recursion_is_an_error_of_the_program(executor):
    verdict = judge(executor, with_tests("def f(x): return f(x)", TEST))
    assert verdict.status is Status.RUNTIME_ERROR
    assert "RecursionError" in verdict.message
    source = "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)"
    verdict = judge(executor, with_tests(source, TEST))
    assert verdict.status in (Status.RUNTIME_ERROR, Status.MEMORY_LIMIT)


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n  try:\n   while True: pass\n  except BaseException: pass",
        "(10 ** 10 ** 8) ** 10",
        "import os\n for _ in range(4): os.fork()\n while True: pass",
        "import subprocess as s, sys\n while True: s.run([sys.executable, '-c', '7 ** 400_000'])",
    ],
)
def test_the_cpu_limit_ends_a_program(executor, loop):
    verdict = judge(executor, with_tests(f"def f(x):\n {loop}", TEST, cpu_seconds=0.3))
    assert verdict.status is Status.TIMEOUT, verdict
    assert "CPU time limit of 0.3 s" in verdict.message
    assert 0.3 < verdict.usage.cpu_seconds < 20


@pytest.mark.parametrize(
    "rest",
    [
        "import time; time.sleep(100)",
        (
            "import signal, time\n for s in (1, 2, 3, 15): signal.signal(s, signal.SIG_IGN)\n "
            "time.sleep(100)"
        ),
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "import os; os.read(os.pipe()[0], 1)",
    ],
)
def test_the_wall_limit_ends_a_program(executor, rest):
    verdict = judge(executor, with_tests(f"def f(x):\n {rest}", TEST, wall_seconds=0.3))
    assert verdict.status is Status.TIMEOUT, verdict
    assert "wall time limit of 0.3 s" in verdict.message
    assert verdict.usage.wall_seconds >= 0.3


@pytest.mark.parametrize(
    "greed",
    [
        "a = []\n while True: a.append(bytearray(b'x' * 10**6))",
        "a = b'x' * 10**10",
        (
            "import os\n for _ in range(4):\n  if not os.fork(): break\n a = b'x' * 10**8\n"
            " import time; time.sleep(100)"
        ),
        "import mmap\n a = mmap.mmap(-1, 2**30)\n while True: a.write(b'x' * 10**6)",
    ],
)
def test_the_memory_limit_ends_a_program(executor, greed):
    program = with_tests(f"def f(x):\n {greed}", TEST, memory_bytes=256 * MIB)
    verdict = judge(executor, program)
    assert verdict.status is Status.MEMORY_LIMIT, verdict
    assert verdict.usage.memory_bytes < 2**40


def test_memory_that_is_only_reserved_is_not_counted(executor):
    source = "import mmap\nm = mmap.mmap(-1, 2**40, flags=0x4022)\nm[0] = 1\n" + F
    verdict = judge(executor, with_tests(source, TEST, memory_bytes=256 * MIB))
    assert verdict.status is Status.PASSED, verdict


@pytest.mark.parametrize(
    "use",
    [
        # 60 MiB of files of its own, more than once
        (
            "import os\nfor _ in range(3):\n for n in range(12):\n"
            "  with open(f'x{n}', 'wb') as file: file.write(b'x' * 5 * 2**20)\n"
            " for n in range(12 * (_ < 2)): os.remove(f'x{n}')\n"
        ),
        # large files that others have written, and that the kernel keeps at hand
        (
            "import os\nleft = 200 * 2**20\nfor folder, _, names in os.walk('/usr/lib'):\n"
            " for path in (f'{folder}/{name}' for name in names):\n"
            "  if left > 0 and os.path.isfile(path):\n"
            "   with open(path, 'rb') as file:\n"
            "    while data := file.read(2**20): left -= len(data)\n"
        ),
    ],
)
@pytest.mark.parametrize("sandbox", ["bubblewrap", DOCKER])
def test_files_are_no_memory(own_executor, sandbox, use):
    executor = own_executor(sandbox, limits=limited(disk_bytes=64 * MIB))
    source = f"{use}import time\ntime.sleep(0.3)\n{F}"
    verdict = executor.run(with_tests(source, TEST, memory_bytes=48 * MIB, disk_bytes=64 * MIB))
    assert verdict.status is Status.PASSED, verdict


def test_the_memory_of_who_judges_is_not_that_of_the_program(executor):
    """What answers take in the grader or examiner grows while the program's own is small."""
    source = "def f(x): return [n * 1_000_003 for n in range(400_000)]"
    value = [n * 1_000_003 for n in range(400_000)]
    calls = Calls(
        "f", packed(*[(n,) for n in range(4)]), truth=Truth(packed(*[value] * 4), (1,) * 4)
    )
    sealed = Asserts(
        "kept = [f(n) for n in range(4)]",
        reference="def f(x): return []",
        entry_points=("f",),
        sealed=True,
    )
    for check in (calls, sealed):
        verdict = executor.run(Program(source, (check,), limited(memory_bytes=80 * MIB)))
        assert verdict.status is Status.PASSED, verdict


RECURSION = """import functools, sys
sys.setrecursionlimit(10**9)
def g(n):
    return n and functools.reduce(lambda a, b: g(n - 1), (1, 2))
"""


def test_the_stack_is_limited(executor):
    source = f"{RECURSION}def f(x):\n g(20_000)\n return x + 1"
    verdict = judge(executor, with_tests(source, TEST, stack_bytes=8 * MIB))
    assert verdict.status is Status.RUNTIME_ERROR, verdict
    if "runsc" not in executor.isolation:  # where a process has the stack that it started with
        verdict = judge(executor, with_tests(source, TEST, stack_bytes=64 * MIB))
        assert verdict.status is Status.PASSED, verdict


def test_the_stack_of_what_a_program_executes_is_limited(executor):
    source = "import subprocess, sys\ndef f(x):\n"
    source += (
        f" return subprocess.run([sys.executable, '-c', {RECURSION + 'g(20_000)'!r}]).returncode"
    )
    small, large = (with_tests(source, "assert f(1) == 0", stack_bytes=n * MIB) for n in (8, 64))
    assert "assert f(1) == 0" in judge(executor, small).message
    verdict = judge(executor, large)
    assert verdict.status is Status.PASSED, verdict


def test_too_many_processes_are_an_error_of_the_program(executor):
    source = "import os, time\nfor _ in range(200):\n if not os.fork(): time.sleep(100)\n"
    verdict = judge(executor, with_tests(source + "time.sleep(100)\n" + F, TEST, processes=20))
    assert verdict.status is Status.RUNTIME_ERROR, verdict


def test_a_fork_bomb_harms_nobody(jailed):
    source = "import os\nwhile True:\n try: os.fork()\n except OSError: pass"
    verdict = judge(jailed, with_tests(source, TEST, cpu_seconds=0.5))
    assert verdict.status is not Status.PASSED
    assert verdict.status is not Status.INFRASTRUCTURE_ERROR


def test_too_many_threads_are_an_error_of_the_program(jailed):
    source = "import threading, time\nfor _ in range(200):\n"
    source += " threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
    verdict = judge(jailed, with_tests(source, TEST, processes=20))
    assert verdict.status is Status.RUNTIME_ERROR
    assert "can't start new thread" in verdict.message


def test_too_large_a_file_is_an_error_of_the_program(executor):
    source = "with open('x', 'wb') as file:\n for _ in range(20): file.write(b'x' * 2**20)"
    verdict = judge(executor, with_tests(source, TEST))
    assert verdict.status is Status.RUNTIME_ERROR
    assert "OSError" in verdict.message


def test_many_files_fill_only_the_space_of_their_sample(jailed):
    source = (
        "for n in range(20):\n with open(f'x{n}', 'wb') as file: file.write(b'x' * 2**20)\n"
        "import os\nos.chdir('/tmp')"
    )
    verdict = judge(jailed, with_tests(source, TEST))
    assert verdict.status is Status.RUNTIME_ERROR
    assert "No space left" in verdict.message


def test_a_large_output_is_no_timeout(executor):
    source = f"{F}for _ in range(200): print('x' * 10**6)"
    verdict = executor.run(with_tests(source, TEST))
    assert verdict.status is Status.PASSED, verdict
    assert verdict.truncated
    assert verdict.stdout.startswith("xxx")
    assert "bytes left out" in verdict.stdout
    assert len(verdict.stdout) < 100_000


def test_both_streams_at_once(executor):
    source = F + "import sys\nfor _ in range(300):\n for s in (sys.stdout, sys.stderr):\n"
    source += "  s.write('q' * 10**4)"
    verdict = executor.run(with_tests(source, TEST))
    assert verdict.status is Status.PASSED, verdict
    assert verdict.stdout.count("q") == verdict.stderr.count("q") == 64 * 1024


def test_output_that_is_no_text(executor):
    source = F + "import os\nos.write(1, b'a\\xff\\0\\x1b[1m\\xc3\\xa9')\nprint('\\udc80')"
    verdict = executor.run(with_tests(source, TEST))
    assert verdict.status is Status.PASSED, verdict
    assert verdict.stdout == "a\\xff\0\x1b[1mé\\x80\n"
    assert Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict


@pytest.mark.parametrize(
    "source",
    [
        (
            "import os, time\nif not os.fork():\n os.setsid()\n if not os.fork(): time.sleep(100)\n"
            " os._exit(0)"
        ),
        (
            "import signal, subprocess, time\n"
            "subprocess.Popen(['sh', '-c', 'trap \"\" TERM INT HUP; sleep 100'])"
        ),
        "import threading, time\nthreading.Thread(target=time.sleep, args=(100,)).start()",
        "import threading\ndef g():\n while True: pass\nthreading.Thread(target=g).start()",
        "import atexit, time\natexit.register(time.sleep, 100)",
        "import os, time\nfor _ in range(20):\n if not os.fork(): os._exit(0)",
        "import os, signal\nif not os.fork(): os.kill(os.getpid(), signal.SIGSTOP)",
        "import os\nif not os.fork():\n while True:\n  if os.fork(): os._exit(0)",
        "import subprocess\nsubprocess.run(['sh', '-c', 'sleep 100 & sleep 100 & exit'])",
    ],
)
def test_what_runs_on_is_killed(executor, source):
    verdict = judge(executor, with_tests(F + source, TEST))
    assert verdict.status is Status.PASSED, verdict
    assert verdict.usage.wall_seconds < 50


@pytest.mark.parametrize(
    "source",
    [
        "open('here', 'w').write('x')",
        "import os\nos.makedirs('a/b/c')\nos.chmod('a/b', 0)\nos.chmod('a', 0)",
        "import os\nfor _ in range(300):\n os.mkdir('d')\n os.chdir('d')",
        "import os\nos.symlink('/', 'link')\nos.mkfifo('fifo')",
        "import os\nos.rmdir(os.getcwd())",
        "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)",
        "import os\nhere = os.getcwd()\nos.rename(here, here + 'x')\nos.symlink('/etc', here)",
        "import os\nopen('-rf *\\n', 'w')\nopen(b'\\xff\\xfe', 'w')\nopen('n' * 255, 'w')",
        "import socket\nsocket.socket(socket.AF_UNIX).bind('door')",
        "import os\nos.environ['LEFT_BEHIND'] = '1'\nimport random\nrandom.left_behind = 1",
        "import sys\nsys.setrecursionlimit(5000)\nsys.settrace(lambda *a: None)",
        "import os, resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\nos.umask(0)",
    ],
)
def test_what_is_left_is_gone(executor, source):
    verdict = judge(executor, with_tests(F + source, TEST))
    assert verdict.status is Status.PASSED, verdict


def test_who_breaks_the_interpreter_hurts_only_itself(executor):
    source = "import builtins\nbuiltins.len = None\nbuiltins.__import__ = None"
    assert judge(executor, with_tests(source, TEST)).status is Status.RUNTIME_ERROR


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_what_is_left_in_shared_folders_is_gone(jailed, folder):
    source = f"import os\nos.makedirs('{folder}/left/deep')\nopen('{folder}/x', 'w').write('1')"
    assert judge(jailed, with_tests(F + source, TEST)).status is Status.PASSED


@pytest.mark.parametrize(
    "source",
    [
        "import os, signal\nos.kill(-1, signal.SIGKILL)",
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
        "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)",
        "import os\nos.write(3, b'\\xff' * 100)",
        "import os\nwhile True: os.write(3, b'\\xff' * 10**6)",
        "import os\nos.write(3, b'\\x05' + (2**32 - 1).to_bytes(4, 'little') + b'x' * 10**6)",
        "import os\nos.write(3, b'\\x06\\x10\\0\\0\\0' + os.urandom(16))\nos._exit(0)",
        "import os\nfor fd in range(64):\n try: os.write(fd, b'{}')\n except OSError: pass",
    ],
)
def test_the_runner_is_out_of_reach(jailed, source):
    verdict = judge(jailed, with_tests(source, TEST, cpu_seconds=0.5))
    assert verdict.status in (Status.RUNTIME_ERROR, Status.TIMEOUT), verdict


@pytest.mark.parametrize(
    "source",
    [
        "import numpy\nassert numpy.arange(4).sum() == 6",
        "import multiprocessing\nwith multiprocessing.Lock(): pass",
        "from multiprocessing import Pool\nwith Pool(2) as p: assert p.map(abs, [-1]) == [1]",
        (
            "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
            "socket.create_connection(s.getsockname()).sendall(b'x')\nassert s.accept()[0].recv(1)"
        ),
        "import asyncio\nasyncio.run(asyncio.sleep(0))",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''], check=True)",
        "import tempfile, os\nassert tempfile.gettempdir() == os.getcwd()",
        "import sys\nassert sys.stdin.read() == ''",
        "from dataclasses import dataclass\n@dataclass\nclass P: x: int\nassert P(1) == P(1)",
        "import sys\nassert not [m for m in sys.modules if 'codeeval' in m]",
        "import threading\nt = threading.Thread(target=print)\nt.start(); t.join()",
    ],
)
def test_what_programs_need_works(executor, source):
    verdict = judge(executor, with_tests(F + source, TEST))
    assert verdict.status is Status.PASSED, verdict


def test_there_is_no_network(jailed):
    source = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=30)"
    verdict = jailed.run(with_tests(source, TEST))
    assert verdict.status is Status.RUNTIME_ERROR
    assert "unreachable" in verdict.message or "No route to host" in verdict.message


def test_random_numbers_differ_between_samples(executor):
    source = "import random, os\nprint(random.random(), os.urandom(4).hex())"
    assert len({executor.run(with_tests(source)).stdout for _ in range(3)}) == 3


def test_equal_programs_have_equal_verdicts(executor):
    program = with_tests("def f(x): return {x: 'é'}", "assert f(1) == {1: 'e'}")
    found = {(v.status, v.message, v.stdout) for v in executor.run_many([program] * 5)}
    assert len(found) == 1


def test_the_name_of_the_module(executor):
    source = "import sys\nmain = __name__ == '__main__'"
    assert executor.run(with_tests(source, "assert not main")).status is Status.PASSED
    by_itself = script("if __name__ == '__main__': print(1)", ("", "1"))
    assert executor.run(by_itself).status is Status.PASSED


def test_trusted_helpers_replace_those_of_the_candidate(executor):
    source = "def helper(x): return x\ndef f(x): return helper(x)"
    tests = "assert helper(1) == f(1) == 2"
    setup = "def helper(x): return x + 1"
    assert executor.run(with_tests(source, tests, setup=setup)).status is Status.PASSED


def test_every_check_has_a_result_of_its_own(executor):
    right, wrong = with_tests("", "pass"), with_tests("", "assert 0")
    program = Program(F, (*right.checks, *wrong.checks, *right.checks), right.limits)
    verdict = executor.run(program)
    assert [str(result.status) for result in verdict.results] == [
        "passed",
        "wrong_answer",
        "passed",
    ]
    assert verdict.status is Status.WRONG_ANSWER
    broken = Program("def", program.checks, right.limits)
    assert {r.status for r in executor.run(broken).results} == {Status.SYNTAX_ERROR}


def test_a_verdict_survives_json(executor):
    for source in (F, "def f(x): return x", "1/0", "def"):
        verdict = executor.run(with_tests(source, TEST))
        assert Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict


def test_a_worn_jail_is_replaced_unnoticed(executor, monkeypatch):
    monkeypatch.setattr(executor, "_per_jail", 3)
    programs = [with_tests(f"{F}#{n}", TEST) for n in range(8)]
    assert [v.status for v in executor.run_many(programs)] == [Status.PASSED] * 8
    assert_next_is_right(executor)
