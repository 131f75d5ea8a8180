"""Compilers that stay: programs do not meet in them, and a broken one does no harm."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from codeeval.sandbox import resident
from codeeval.sandbox.confine import Confinement
from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import Program, Stdio
from codeeval.sandbox.resident import Residents
from codeeval.sandbox.verdict import Status
from tests.sandbox.conftest import DOCKER
from tests.sandbox.programs import LIMITS

PATIENT = replace(LIMITS, cpu_seconds=5.0, wall_seconds=20.0)
NOT_COLD = {"java": "javac ended", "scala": "scalac ended", "typescript": "tsc ended"}
"""What the message of a compiler has that does not stay."""
JAVA = "public class Main {{ public static void main(String[] a) {{ {} }} }} {}"
PRINT = 'System.out.print("ok");'
CASE = (Stdio((("", "ok"),)),)
JAVA_PROGRAMS = (
    # source, whether it is compiled
    (JAVA.format(PRINT, ""), True),
    (JAVA.format("System.out.print(new Left().s);", 'class Left { String s = "ok"; }'), True),
    (JAVA.format("System.out.print(new Left().s);", ""), False),
    ("package left; " + JAVA.format(PRINT, "class Here {}"), True),
    ("import left.Here; " + JAVA.format(PRINT, ""), False),
    ("import left.*; " + JAVA.format(PRINT, ""), False),
    ("import org.javatuples.*; " + JAVA.format(f"Pair.with(1, 2); {PRINT}", ""), True),
    ('package org.javatuples; public class Pair { int x = "a"; }', False),
    ("import org.javatuples.*; " + JAVA.format(f"Pair.with(1, 2); {PRINT}", ""), True),
    ("\\u0070ackage org.javatuples; public class Pair { }", True),
    ("import org.javatuples.Pair; " + JAVA.format(f"Pair.with(1, 2); {PRINT}", ""), True),
    ("package java.lang; public class String {}", False),
    (JAVA.format("System.out.print(new Long(1));", "class Long { }"), False),
    (JAVA.format("Object o = new Integer(); " + PRINT, "class Integer { }"), True),
    (JAVA.format('System.out.print(Integer.valueOf(7) == 7 ? "ok" : "");', ""), True),
    ("package java.util; public class ArrayList {}", False),
    (JAVA.format("new java.util.ArrayList<Long>().add(1L); " + PRINT, ""), True),
    ("public class Other { public static void main(String[] a) { " + PRINT + " } }", True),
    ("public class Main {} public class Second {}", False),
    (JAVA.format("int x = " + "(" * 20000 + "1" + ")" * 20000 + ";" + PRINT, ""), False),
    (JAVA.format(PRINT, ""), True),
    ("", False),
    (JAVA.format("var x = 1; int x = 2;", ""), False),
    ("module left { }", False),
    (JAVA.format(PRINT, "interface I { record R(int a) {} }"), True),
)
SAY = "console.log('ok');\n"
TYPESCRIPT_PROGRAMS = (
    (SAY, True),
    ("interface Array<T> { left(): string }\nif (1 > 2) [1].left();\n" + SAY, True),
    ("if (1 > 2) [1].left();\n" + SAY, False),
    ("declare var left: number;\nif (1 > 2) left;\n" + SAY, True),
    ("if (1 > 2) left;\n" + SAY, False),
    ("declare module 'fs' { const left: number }\n" + SAY, True),
    ("import { left } from 'fs';\n" + SAY, False),
    ("type Long<T> = T extends string ? Long<T> : T;\nlet x: Long<number> = 1;\n" + SAY, True),
    ("interface Console { log(text: number): void }\nconsole.log('ok');\n", True),
    ("console.log(1, 'ok'.length > 2, );\nlet s: string = 1;\n", False),
    ("/// <reference path='/etc/passwd' />\n" + SAY, False),
    (SAY, True),
)
SCALA = "object Main {{ def main(a: Array[String]): Unit = {{ {} }} }}\n{}"
SCALA_PROGRAMS = (
    (SCALA.format('print("ok")', ""), True),
    (SCALA.format('if (1 > 2) sys.exit(3)\nprint("ok")', ""), True),
    (SCALA.format("print(Left.s)", 'object Left { val s = "ok" }'), True),
    (SCALA.format("print(Left.s)", ""), False),
    (SCALA.format('print("ok".left)', "class String { }"), False),
    (
        "import Here._\n"
        + SCALA.format(
            "print(7.left)", 'object Here { implicit class L(n: Int) { def left = "ok" } }'
        ),
        True,
    ),
    (SCALA.format("print(7.left)", ""), False),
    (SCALA.format("val x = " + "(" * 20000 + "1" + ")" * 20000, ""), False),
    (SCALA.format('print("ok")', ""), True),
)
PROGRAMS = {"java": JAVA_PROGRAMS, "scala": SCALA_PROGRAMS, "typescript": TYPESCRIPT_PROGRAMS}


def verdict_of(executor, language: str, source: str):
    return executor.run(Program(source, CASE, PATIENT, language))


def settle(executor, language: str) -> None:
    """Go on until the compiler that stays has begun."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        verdict = verdict_of(executor, language, "}")
        assert verdict.status is Status.COMPILE_ERROR
        if NOT_COLD[language] not in verdict.message:
            return
        time.sleep(0.2)
    raise AssertionError("no compiler stays")


@pytest.mark.parametrize("sandbox", [DOCKER])
@pytest.mark.parametrize("language", PROGRAMS)
def test_programs_do_not_meet(pools, sandbox, language):
    """Each is judged as by a compiler that starts anew, in any order."""
    executor = pools(sandbox)
    settle(executor, language)
    programs = PROGRAMS[language]
    for source, compiles in (*programs, *reversed(programs)):
        verdict = verdict_of(executor, language, source)
        assert (verdict.status is not Status.COMPILE_ERROR) == compiles, (source, verdict)
        if compiles and "main(" in source:
            assert verdict.status is Status.PASSED, (source, verdict)
        elif verdict.results[0].message.startswith(NOT_COLD[language]):
            settle(executor, language)  # it had to be started anew


@pytest.mark.parametrize("sandbox", [DOCKER])
@pytest.mark.parametrize("language", PROGRAMS)
def test_the_same_by_a_compiler_that_starts_anew(own_executor, sandbox, language):
    """Of the first program in a jail no other has to do; nor of those after it but for these."""
    for source, compiles in PROGRAMS[language]:
        with own_executor(sandbox) as fresh:
            verdict = verdict_of(fresh, language, source)
        assert (verdict.status is not Status.COMPILE_ERROR) == compiles, (source, verdict)


@pytest.mark.parametrize("sandbox", [DOCKER])
def test_a_sample_cannot_reach_it(pools, sandbox):
    """Neither by signals nor by its files; and it has no place to leave anything."""
    executor = pools(sandbox)
    settle(executor, "java")
    attack = """
        new ProcessBuilder("sh", "-c", "kill -9 -1").start().waitFor();
    """
    look = """
        var found = new java.util.TreeSet<String>();
        for (var each : new java.io.File("/proc").listFiles()) {
            if (!each.getName().matches("\\\\d+")) continue;
            try (var file = new java.io.RandomAccessFile(each + "/mem", "rw")) {
                file.seek(4096);
                long own = ProcessHandle.current().pid();
                if (!each.getName().equals("" + own)) found.add("" + each);
            } catch (java.io.IOException refused) {
            }
        }
        System.out.print(found.isEmpty() ? "ok" : found);
    """
    throws = JAVA.replace("String[] a)", "String[] a) throws Exception")
    assert verdict_of(executor, "java", throws.format(attack, "")).status is not Status.PASSED
    verdict = verdict_of(executor, "java", throws.format(look, ""))
    assert verdict.status is Status.PASSED, verdict
    verdict = verdict_of(executor, "java", "}")
    assert NOT_COLD["java"] not in verdict.message


ANSWERS = "import os, sys, time\nos.write(1, b'+')\nos.read(0, 1000)\n"
BROKEN = {
    "ends": ANSWERS,
    "lies": ANSWERS + "os.write(1, b'?' + bytes(12))\n",
    "says too much": ANSWERS + "os.write(1, b'+' + bytes(4) + b'\\xff' * 4)\n",
    "has too many files": ANSWERS + "os.write(1, b'+' + bytes(8) + b'\\xff' * 4)\n",
    "stops": ANSWERS + "os.write(1, b'+')\ntime.sleep(60)\n",
}
RECIPE = {"resident": ["it", "python3", "-I", "/proc/self/fd/3"], "environment": {}}


@pytest.fixture
def confinement() -> Confinement:
    if os.geteuid() != 0:
        if os.environ.get("CODEEVAL_REQUIRE_ALL"):
            pytest.fail("users are to be had by root alone")
        pytest.skip("users are to be had by root alone")
    return Confinement(
        users=True, alone=False, first_user=71000, root="/tmp", filter_calls=False, adopts=False
    )


def asked_until_ready(residents: Residents, recipe=RECIPE, source: bytes = b"}"):
    """Return the first answer of a compiler that has begun, None if it gives none."""
    assert residents.compile(recipe, source) is None
    assert not residents.pids
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        made = residents.compile(recipe, source)
        if made is not None or not residents.pids:
            return made
        time.sleep(0.01)
    raise AssertionError("it does not begin")


@pytest.mark.parametrize("kind", BROKEN)
def test_one_that_gives_no_clear_answer_is_ended(confinement, monkeypatch, kind):
    monkeypatch.setattr(resident, "PATIENCE_SECONDS", 0.5)
    residents = Residents(confinement, {"it": BROKEN[kind]})
    assert asked_until_ready(residents) is None
    assert residents.changes == 2
    residents.compile(RECIPE, b"")
    assert len(residents.pids) == 1  # another one is started
    residents.end()
    assert not residents.pids


def test_one_that_does_not_start_is_not_started_again(confinement):
    residents = Residents(confinement, {"it": "raise SystemExit(1)"})
    assert asked_until_ready(residents) is None
    assert residents.compile(RECIPE, b"") is None
    assert not residents.pids


def test_where_samples_have_no_users_there_is_none():
    plain = Confinement(
        users=False, alone=False, first_user=0, root="/tmp", filter_calls=False, adopts=False
    )
    residents = Residents(plain, {"it": BROKEN["ends"]})
    assert [residents.compile(RECIPE, b"") for _ in range(3)] == [None] * 3
    assert not residents.pids


def test_who_it_is_and_what_it_may(confinement):
    program = (
        "import os, resource, sys\n"
        "os.write(1, b'+')\nos.read(0, 1000)\n"
        "try:\n    wrote = os.write(os.open('/tmp/left', os.O_CREAT | os.O_WRONLY), b'l')\n"
        "except OSError:\n    wrote = 0\n"
        "said = f'{os.getuid()} {os.getgroups()} {wrote} {os.getcwd()}'.encode()\n"
        "number = lambda n: n.to_bytes(4, 'big')\n"
        "os.write(1, b'+' + number(1) + b'M' + number(len(said)) + said + number(0))\n"
    )
    residents = Residents(confinement, {"it": program})
    made = asked_until_ready(residents)
    residents.end()
    assert (made.passed, made.name, made.files) == (True, "M", {})
    assert made.errors == "71002 [] 0 /"
    if os.path.exists("/tmp/left"):
        os.unlink("/tmp/left")


def test_stopped_while_something_is_timed(confinement):
    residents = Residents(confinement, {"it": BROKEN["stops"]})
    residents.compile(RECIPE, b"")
    residents.compile(RECIPE, b"")
    (pid,) = residents.pids
    with residents.stopped():
        deadline = time.monotonic() + 10
        while state_of(pid) != "T" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert state_of(pid) == "T"
        assert residents.compile(RECIPE, b"") is None
    while state_of(pid) == "T" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state_of(pid) != "T"
    residents.end()


def state_of(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(") ")[2][0]


def test_java_by_itself(confinement):
    """Its program is the one that jails get; what it makes is a class."""
    name, *_ = LANGUAGES["java"].resident
    folder = os.path.join(os.path.dirname(resident.__file__), "residents")
    with open(os.path.join(folder, name)) as file:
        residents = Residents(confinement, {name: file.read()})
    recipe = {"resident": list(LANGUAGES["java"].resident), "environment": {}}
    made = asked_until_ready(residents, recipe, b"public class P { class Q {} }")
    residents.end()
    assert (made.passed, made.name, made.errors) == (True, "P", "")
    assert sorted(made.files) == ["P$Q.class", "P.class"]
    assert made.files["P.class"].startswith(b"\xca\xfe\xba\xbe")
