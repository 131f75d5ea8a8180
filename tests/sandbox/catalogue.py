"""Hostile programs from ``attacks/*.txt``, and how one is run among others.

A file holds programs, each after a line ``#: ROW what it does -> statuses``. The function under
test is ``f(x) == x + 1``, called with 3 and 10. A program whose attack succeeds returns the right
answer (``x + gained``), so a pass where the line names none is a broken promise. ``failed`` stands
for ``wrong_answer | runtime_error``. More lines of a program, wherever they stand in it:

    #: checks calls asserts unsealed stdio   how it is checked, if not by calls and sealed asserts
    #: unsealed passed                       in the tests' own process this forgery may succeed
    #: bubblewrap passed                     this backend may end so as well
    #: limits cpu_seconds=8                  instead of LIMITS
    #: uses cpu_seconds>=0.5 wall_seconds<4  what the verdict's usage must say, pass or not; of a
                                            right program that does no more it says less
    #: call_seconds 0.2                      the CPU time limit of one call, if not 4 s
    #: seconds 20                            how long it may take in all, if not SECONDS
    #: reference / setup / tests CODE        instead of those of f(x) == x + 1
    #: secret                                f returns a secret; a wrong program was judged before
    #: before CODE                           this program was judged before
    #: made                                  Python code that makes the program: ``source``
    #: differs                               run twice, it prints different things
    #: nolocal WHY                           not run without a jail
    #: weakness WHERE WHY                    a known hole, on these backends (comma or ``all``)
    #: held WHY                              a known hole that holds up a jail for minutes: it is
                                            run only if CODEEVAL_HELD is set
    #: then                                  what follows runs next in the jail, and may not pass
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Asserts, Calls, Check, Limits, Program, Stdio, Truth
from codeeval.sandbox.verdict import Status, Usage, Verdict
from tests.sandbox.programs import MIB, packed

FOLDER = Path(__file__).with_name("attacks")
LIMITS = Limits(
    cpu_seconds=1, wall_seconds=1.5, memory_bytes=256 * MIB, disk_bytes=8 * MIB
)  # small, so that what reaches them takes little time
SECONDS = 8.0
"""How long an attack may take from its submission to its verdict; the machine may be busy."""
GVISOR_SECONDS = 15
"""It starts and ends processes slowly: a storm of them takes long to be cleared away."""
NEXT_SECONDS = 8.0
"""How long the programs after it may take: a jail that was thrown away takes a second or two."""
REFERENCE = "def f(x): return x + 1\n"
TESTS = "assert f(3) == 4\nassert f(10) == 11\n"
SECRET = "needle" + secrets.token_hex(8)
SECTIONS = sorted(path.stem for path in FOLDER.glob("*.txt"))
STATUS_WORDS = {status.value for status in Status}


@dataclass(frozen=True)
class Attack:
    """One hostile program; see the module for what the fields mean."""

    row: str
    title: str
    section: str
    statuses: frozenset[str]
    source: str = field(repr=False)
    then: str = field(repr=False)
    options: dict[str, str] = field(repr=False)

    @property
    def checks(self) -> tuple[str, ...]:
        if "held" in self.options and not os.environ.get("CODEEVAL_HELD"):
            return ()
        usual = "calls asserts unsealed" if self.section.startswith("e_") else "calls asserts"
        return tuple(self.options.get("checks", usual).split())

    @property
    def local(self) -> bool:
        """Whether it does no harm without a jail: it is after the verdict only."""
        harmless = self.row[0] in "EFHK" or self.row in ("G1", "G2", "G3")
        return harmless and "nolocal" not in self.options

    @property
    def seconds(self) -> float:
        return float(self.options.get("seconds", SECONDS)) + self.limits.wall_seconds

    @property
    def limits(self) -> Limits:
        changed = dict(part.split("=") for part in self.options.get("limits", "").split())
        return Limits(**{**vars(LIMITS), **{key: float(value) for key, value in changed.items()}})

    def allowed(self, backend: str, check: str) -> frozenset[str]:
        """Return the statuses that this backend may end with under this kind of check."""
        more = self.options.get(backend, "")
        if check == "unsealed":
            more += " " + self.options.get("unsealed", "")
        if "runsc" in backend and "passed" not in self.statuses:
            more += " timeout"  # slower, it may reach that limit before another
        return self.statuses | frozenset(more.split())

    @property
    def uses(self) -> list[tuple[str, str, float]]:
        """What the usage must say: a field of it, ``>=`` or ``<``, a number."""
        words = self.options.get("uses", "").split()
        found = [re.fullmatch(r"(\w+)(>=|<)(\S+)", word) for word in words]
        if None in found:
            raise ValueError(f"{self.section}: {self.row}: not understood: {words}")
        return [(match[1], match[2], float(match[3])) for match in found if match]

    def hidden(self, usage: Usage) -> str:
        """Return what of its usage is not as it must be, or nothing."""
        said = vars(usage)
        wrong = [
            f"{name} is {said[name]:g}, not {sign} {bound:g}"
            for name, sign, bound in self.uses
            if (said[name] >= bound) != (sign == ">=")
        ]
        return ", ".join(wrong)

    def honest(self, check: str) -> Program:
        """Return a right program under the same check that does no more than it has to."""
        plain = "print(int(input()) + 1)\n" if check == "stdio" else REFERENCE
        return self.program(check, self._text("reference", plain))

    def weakness(self, backend: str) -> str:
        """Return why this backend is known not to withstand it, or nothing."""
        where, _, why = self.options.get("weakness", "").partition(" ")
        return why if where == "all" or backend in where.split(",") else ""

    def program(self, check: str, source: str | None = None) -> Program:
        """Return it, or another source under the same check, as a program."""
        source = self.source if source is None else source
        return Program(source, (self._check(check),), self.limits)

    def _check(self, kind: str) -> Check:
        expected = (SECRET, SECRET) if "secret" in self.options else (4, 11)
        if kind == "calls":
            truth = Truth(packed(*expected), (0.001, 0.001))
            seconds = float(self.options.get("call_seconds", 4))
            return Calls("f", packed((3,), (10,)), truth=truth, minimum_seconds=seconds)
        if kind == "stdio":
            return Stdio((("3\n", f"{expected[0]}\n"), ("10\n", f"{expected[1]}\n")))
        reference, tests = REFERENCE, TESTS
        if "secret" in self.options:
            reference = f"def f(x): return {SECRET!r}\n"
            tests = f"assert f(3) == {SECRET!r}\nassert f(10) == {SECRET!r}\n"
        reference = self._text("reference", reference)
        tests = self._text("tests", tests)
        if kind == "unsealed":
            return Asserts(tests, self._text("setup", ""))
        return Asserts(tests, reference=reference, entry_points=("f",), sealed=True)

    def _text(self, option: str, usual: str) -> str:
        return self.options[option].replace("\\n", "\n") if option in self.options else usual


def attacks(section: str) -> Iterator[Attack]:
    """Yield the programs of one file."""
    text = (FOLDER / f"{section}.txt").read_text("utf-8")
    for part in re.split(r"^(?=#: [A-Z]\d+ )", text, flags=re.MULTILINE):
        if part.strip():
            yield parsed(part, section)


def parsed(text: str, section: str) -> Attack:
    """Return the program of one part of a file."""
    head, _, body = text.partition("\n")
    match = re.fullmatch(r"#: ([A-Z]\d+) (.+) -> ([\w |]+)", head)
    if match is None:
        raise ValueError(f"{section}: not a head: {head!r}")
    row, title, words = match.groups()
    statuses = set(words.replace("failed", "wrong_answer | runtime_error").split(" | "))
    source, _, then = body.partition("#: then\n")
    options = dict[str, str]()
    for line in re.findall(r"^#: (.+)$", source + then, flags=re.MULTILINE):
        name, _, value = line.partition(" ")
        options[name] = value
    # Without its own description: a program that scans its memory would find that.
    source, then = (re.sub(r"^#: .+\n", "", part, flags=re.MULTILINE) for part in (source, then))
    if not statuses <= STATUS_WORDS:
        raise ValueError(f"{section}: {row}: no statuses: {statuses - STATUS_WORDS}")
    if "made" in options:
        namespace: dict[str, str] = {}
        exec(source, namespace)
        source = namespace["source"]
    return Attack(row, title, section, frozenset(statuses), source, then, options)


# Passes if nothing of the programs before it is left, as far as a sample can see.
WITNESS = """
import os, random, sys
here = os.getcwd()
assert os.environ["HOME"] == os.environ["TMPDIR"] == here, os.environ
assert os.listdir(here) == [], os.listdir(here)
assert not hasattr(random, "left_behind")
assert sys.getrecursionlimit() == 1000
"""
JAIL_WITNESS = """
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/dev/mqueue"):
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = [path for path in (os.path.join(folder, name) for name in names) if path != here]
    assert found == [], found[:9]
for kind in ("shm", "sem", "msg"):
    if os.path.exists("/proc/sysvipc"):  # gVisor has none
        assert len(open(f"/proc/sysvipc/{kind}").read().splitlines()) == 1, kind
for name in ("tcp", "tcp6", "udp", "udp6"):
    lines = open(f"/proc/net/{name}").read().splitlines()[1:]
    assert not any(line.split()[3] in ("0A", "01") for line in lines), lines[:3]
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        text = open(f"/proc/{pid}/status").read()
    except (FileNotFoundError, ProcessLookupError):
        continue
    user = int(text.partition("Uid:")[2].split()[0])
    # Ranges of users start at multiples of 2000, with the user of graders and examiners.
    assert int(pid) == os.getpid() or user < 1000 or user % 2000 == 0, text[:200]
"""
WRONG = Attack("-", "wrong", "", frozenset(), "def f(x): return x\n", "", {})
NEIGHBOUR = Program(
    "import time\ndef f(x):\n    time.sleep(0.15)\n    return x + 1\n",
    (WRONG.program("asserts").checks[0],),
    Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=256 * MIB, disk_bytes=8 * MIB),
)


@dataclass(frozen=True)
class Outcome:
    """What one attack did under one kind of check.

    Attributes:
        usage: What its verdict says that it used.
        forged: It passed though it may not, or its verdict does not say what it used.
        harmed: What it did to others: to programs after it or beside it, or to its jail.
        left: What the next program found of it.
        wrong: Its status is none of the allowed, or it took too long.
    """

    attack: Attack
    check: str
    status: str
    message: str
    seconds: float
    usage: Usage
    forged: bool
    harmed: str
    left: str
    wrong: str

    def __str__(self) -> str:
        broken = " ".join(filter(None, ("FORGED" if self.forged else "", self.wrong, self.harmed)))
        return (
            f"{self.attack.row} {self.attack.title} [{self.check}]: {self.status} after "
            f"{self.seconds:.1f} s ({self.message[:160]}) {broken} {self.left}"
        )

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return not (self.forged or self.harmed or self.left or self.wrong)


class Arena:
    """A jail for attacks, with a neighbour who works beside it all the time.

    Args:
        jail: An executor with one worker: what runs next runs in the same jail.
        neighbour: Another one.
        backend: Its name in the attacks' options.
    """

    def __init__(self, jail: Executor, neighbour: Executor, backend: str) -> None:
        self.jail, self.neighbour, self.backend = jail, neighbour, backend
        self._beside: Future[Verdict] = neighbour.submit(NEIGHBOUR)
        witness = WITNESS if jail.isolation == "none" else WITNESS + JAIL_WITNESS
        self._right = WRONG.program("asserts", witness + REFERENCE)
        self._right = Program(self._right.source, self._right.checks, NEIGHBOUR.limits)
        self._wrong = WRONG.program("calls")
        self._wrong = Program(self._wrong.source, self._wrong.checks, NEIGHBOUR.limits)

    def run(self, attack: Attack, check: str) -> Outcome:
        """Run an attack, and after it what is to notice any harm."""
        if "secret" in attack.options:
            self.jail.run(attack.program(check, "def f(x): return x\nprint('x')\n"))
        if "before" in attack.options:
            self.jail.run(attack.program(check, attack.options["before"]))
        started = time.monotonic()
        verdict = self.jail.run(attack.program(check))
        seconds = time.monotonic() - started
        allowed = attack.allowed(self.backend, check)
        wrong = "" if verdict.status in allowed else "not " + " | ".join(sorted(allowed))
        if "differs" in attack.options:
            again = self.jail.run(attack.program(check))
            same = set(again.stdout.split()) & set(verdict.stdout.split())
            wrong += f" printed the same: {same}" if same else ""
        most = attack.seconds + (GVISOR_SECONDS if "runsc" in self.backend else 0)
        if seconds > most:
            wrong += f" took longer than {most:g} s"
        forged = verdict.status is Status.PASSED and "passed" not in allowed
        if hidden := attack.hidden(verdict.usage):
            wrong, forged = f"{wrong} {hidden}".strip(), True
        harmed, left = self._harm(attack, check)
        if "LEAK" in verdict.stdout and verdict.isolation != "none":
            forged = True
        said = verdict.status, verdict.message, seconds, verdict.usage
        return Outcome(attack, check, *said, forged, harmed, left, wrong)

    def _harm(self, attack: Attack, check: str) -> tuple[str, str]:
        started = time.monotonic()
        harmed, left = "", ""
        if attack.then:
            found = self.jail.run(attack.program(check, attack.then))
            if found.status not in (Status.WRONG_ANSWER, Status.RUNTIME_ERROR):
                left = f"the next program: {found.status}: {found.message[:200]}"
        right, wrong = list(self.jail.run_many([self._right, self._wrong]))
        if right.status is Status.RUNTIME_ERROR and "AssertionError" in right.message:
            left += f" left: {right.message[:200]}"
        elif right.status is not Status.PASSED:
            harmed = f"the next right program: {right.status}: {right.message[:200]}"
        if wrong.status is not Status.WRONG_ANSWER:
            harmed += f"the next wrong program: {wrong.status}: {wrong.message[:200]}"
        seconds = time.monotonic() - started
        if seconds > NEXT_SECONDS:
            harmed += f"the next programs took {seconds:.1f} s"
        if self._beside.done():
            beside = self._beside.result()
            if beside.status is not Status.PASSED:
                harmed += f"the neighbour: {beside.status}: {beside.message[:200]}"
            self._beside = self.neighbour.submit(NEIGHBOUR)
        return harmed, left
