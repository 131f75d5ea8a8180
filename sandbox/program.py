"""What an executor needs to run one candidate: its code, how it is checked, its limits."""

from __future__ import annotations

import hashlib
import marshal
from dataclasses import dataclass, field, fields
from functools import cached_property

from codeeval.sandbox.languages import recipe_of

__all__ = [
    "Asserts",
    "END",
    "Blob",
    "Calls",
    "CLOCKS",
    "Check",
    "Costs",
    "Ending",
    "Level",
    "Limits",
    "Outputs",
    "Program",
    "Stdio",
    "Truth",
    "UnitTests",
]

GIB = 2**30


class _Part:
    """A part of a program that many programs share."""

    @cached_property
    def identity(self) -> str:
        """A text that is equal for equal parts; blobs stand in it by their digests."""
        values = []
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if isinstance(value, Blob):
                value = value.digest
            elif isinstance(value, Truth):
                value = value.expected.digest
            values.append(f"{item.name}={value!r}")
        return f"{type(self).__name__}({', '.join(values)})"


@dataclass(frozen=True)
class Limits(_Part):
    """What a program may take. Time limits hold for each of its checks.

    Attributes:
        cpu_seconds: CPU time of all of its processes.
        wall_seconds: Time on the clock, less the time that it waited for a core, so that a busy
            machine turns no pass into a failure.
        memory_bytes: Resident memory of all of its processes together.
        processes: Processes and threads at a time.
        output_bytes: How much of each output stream is kept; more is counted and left out.
        disk_bytes: What it may write.
        stack_bytes: The stack of each process's first thread; what others have is theirs to choose.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_bytes: int = 4 * GIB
    processes: int = 64
    output_bytes: int = 64 * 1024
    disk_bytes: int = 64 * 2**20
    stack_bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not value > 0 or value == float("inf"):
                raise ValueError(f"{item.name} must be a number above 0, not {value!r}")


@dataclass(frozen=True)
class Blob:
    """Bytes that many programs share, named by their content; sent to a worker once."""

    data: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Asserts(_Part):
    """Test code. Sealed, it runs in another process, which calls the candidate by value.

    Unsealed it runs in the candidate's own namespace after it, in one process.

    Attributes:
        tests: Python source; it raises nothing if and only if the candidate is right.
        setup: Trusted source that an unsealed check runs between candidate and tests: helper
            functions of a prompt, which the candidate may not redefine.
        reference: Trusted source that a sealed check runs before the tests, for its imports,
            helpers and constants; empty if the tests cannot be sealed.
        entry_points: The functions that a sealed check calls in the candidate's process.
        sealed: Whether to seal; None until somebody found out whether the tests allow it, which
            is so if the reference passes them sealed (``codeeval.truth`` does).
    """

    tests: str = field(repr=False)
    setup: str = field(repr=False, default="")
    reference: str = field(repr=False, default="")
    entry_points: tuple[str, ...] = ()
    sealed: bool | None = None
    name: str = "tests"

    @property
    def can_be_sealed(self) -> bool:
        """Whether there is all that a sealed check needs."""
        return bool(self.reference and self.entry_points)

    @cached_property
    def blob(self) -> Blob:
        """What an examiner needs, and nobody else may see."""
        parts = (self.reference, self.tests, list(self.entry_points))
        return Blob(marshal.dumps(parts, 2))


@dataclass(frozen=True)
class UnitTests(_Part):
    """Classes of ``unittest``: tests that have to share an interpreter with the candidate.

    Each test runs in a process of its own. It counts as passed if that process sends a secret
    after the test has succeeded, and nothing that judges tests has been changed until then. That
    makes cheating hard, not impossible: the verdict is unsealed.

    Attributes:
        tests: Python source with the classes; it runs in the candidate's module, after it.
        names: The tests, as ``Class.method``. All of them must pass; what else there is does not
            count, so nothing can be left out by the candidate.
        all_failures: Whether to run the tests after the first that fails, too.
    """

    tests: str = field(repr=False)
    names: tuple[str, ...]
    all_failures: bool = False
    name: str = "tests"

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError("there must be at least one test")


@dataclass(frozen=True)
class Truth:
    """What a reference did with the inputs of a :class:`Calls` or a :class:`Costs` check.

    Attributes:
        expected: Its outputs, encoded by ``codec.pack``.
        cpu_seconds: CPU time of each of its calls; for costs the seconds of their clock.
        around_seconds: For costs: what a process does for a first answer beside a usual call.
        copies: For costs: how often each call is made in one process.
        native_seconds: Where instructions are counted: the CPU time of each call, and of what a
            process does beside it; and, by the clock, what it does beside a second call.
    """

    expected: Blob
    cpu_seconds: tuple[float, ...]
    around_seconds: tuple[float, ...] = ()
    copies: tuple[int, ...] = ()
    native_seconds: tuple[tuple[float, float, float], ...] = ()

    @cached_property
    def blob(self) -> Blob:
        """Both in the one form that graders read."""
        outputs, seconds = marshal.loads(self.expected.data), list(self.cpu_seconds)
        return Blob(marshal.dumps((outputs, seconds), 2))


@dataclass(frozen=True)
class Calls(_Part):
    """One call of the entry point for each input; the outputs are compared in another process.

    Sealed: the candidate sees arguments only.

    Attributes:
        entry_point: The name of the function.
        inputs: The argument tuples, encoded by ``codec.pack``.
        reference: Trusted source whose function of the same name gives the expected outputs.
        truth: What the reference did; None until somebody ran it (``codeeval.truth`` does).
        oracle: How outputs are compared: a name in ``grader.ORACLES``.
        atol: Absolute tolerance for floats; 0 compares exactly (see the oracle).
        minimum_seconds: Floor of the CPU time limit of one call.
        time_factor: A call may take this many times the reference's CPU time.
        all_failures: Go on after a failure and report every one.
    """

    entry_point: str
    inputs: Blob
    reference: str = field(repr=False, default="")
    truth: Truth | None = field(repr=False, default=None)
    oracle: str = "equal"
    atol: float = 0.0
    minimum_seconds: float = 4.0
    time_factor: float = 4.0
    all_failures: bool = False
    name: str = "tests"


CLOCKS = ("cpu", "wall", "instructions-sim", "instructions-hw")
"""What a cost can be: CPU time of the candidate's process, time that passes, or instructions that a
simulated processor or the machine's own executes, of which a billion are called a second."""
SCORES = ("fraction", "speed", "ratio")
"""What has to be known well enough: see ``costs.Scale``."""


@dataclass(frozen=True)
class Level:
    """Inputs of one size.

    Attributes:
        cases: How many there are.
        weight: How much its cost counts; at 0 its calls are checked and not timed.
        size: The size, for plots.
    """

    cases: int
    weight: float
    size: float = 0.0


@dataclass(frozen=True)
class Costs(_Part):
    """What calls of the entry point cost beside those of a reference, and whether they are right.

    Sealed, and the clock is out of reach as well. A level costs what its slowest case does. Timed
    calls are made in processes of their own on one core, by reference and candidate in turn, until
    the score of ``costs.score`` is known well enough.

    A level that takes longer than its limit (``costs.Scale``), and than the floor, is censored: it
    is not finished, nor are those after it. That is no failure; in a level that is not timed it is.

    Whole programs are timed in the same way: a case is a text on the standard input, and the answer
    what is printed. Each run is a process, and all that it takes counts, its start included.

    Attributes:
        entry_point: The name of the function; empty for whole programs.
        levels: The levels in turn, from the smallest.
        inputs: The argument tuples of all cases, encoded by ``codec.pack``; None until somebody ran
            the generator.
        generator: Trusted source with a function ``generate(level, case)`` that returns a tuple of
            arguments.
        reference: Trusted source whose function of the same name gives expected outputs and costs.
        expected: What is right for each case, encoded by ``codec.pack``; if None, what the
            reference returns. If it is given, there has to be a checker, and those of the reference
            and its rivals that are not right are left out: the first that is right is the
            reference.
        truth: What is right and what each call of the reference costs; None until somebody ran it.
        rivals: Trusted sources of further solutions, which are timed once as the reference is.
        rival_seconds: What each of them costs in each timed level, None if it fails; there with
            the truth.
        checker: Trusted source with a function ``__check(arguments, expected, returned)``; if
            empty, outputs must be equal, and of the same types.
        censoring: Names of exceptions that count as not finished, as a lack of memory does.
        clock: One of `CLOCKS`.
        score: One of `SCORES`.
        limit_factor: The limit in times of what the reference takes.
        limit_floor: What a level may take at least before it is censored, in seconds.
        precision: How wide the 95 % interval of the score may be.
        repeats: The least and the most repeats of a timed call.
        span_seconds: A timed call that is shorter is made several times in a process.
        footprint: Whether to find out how much memory there is over the time of a call.
    """

    entry_point: str
    levels: tuple[Level, ...]
    inputs: Blob | None = field(repr=False, default=None)
    generator: str = field(repr=False, default="")
    reference: str = field(repr=False, default="")
    expected: Blob | None = field(repr=False, default=None)
    truth: Truth | None = field(repr=False, default=None)
    rivals: tuple[str, ...] = field(repr=False, default=())
    rival_seconds: tuple[tuple[float | None, ...], ...] = field(repr=False, default=())
    checker: str = field(repr=False, default="")
    censoring: tuple[str, ...] = ()
    clock: str = "cpu"
    score: str = "fraction"
    limit_factor: float = 2.0
    limit_floor: float = 0.02
    precision: float = 0.02
    repeats: tuple[int, int] = (2, 30)
    span_seconds: float = 0.02
    footprint: bool = False
    name: str = "tests"

    def __post_init__(self) -> None:
        if self.expected is not None and not self.checker:
            raise ValueError("answers that are given need a checker")
        if self.clock not in CLOCKS:
            raise ValueError(f"no clock {self.clock!r}; known: {', '.join(CLOCKS)}")
        if not self.entry_point and self.clock == "instructions-sim":
            raise ValueError("the instructions of whole programs cannot be counted")
        if self.score not in SCORES:
            raise ValueError(f"no score {self.score!r}; known: {', '.join(SCORES)}")
        if not any(level.weight > 0 for level in self.levels):
            raise ValueError("at least one level must be timed")

    @property
    def cases(self) -> tuple[tuple[int, int], ...]:
        """Level and number of each case, in order."""
        return tuple(
            (level, case) for level, each in enumerate(self.levels) for case in range(each.cases)
        )

    @cached_property
    def blob(self) -> Blob:
        """What its judge needs, and no candidate may see."""
        if self.inputs is None or self.truth is None:
            raise ValueError(f"the check {self.name!r} has no inputs or no truth (codeeval.truth)")
        expected = marshal.loads(self.truth.expected.data)
        truth = self.truth
        times = map(
            list, (truth.cpu_seconds, truth.around_seconds, truth.copies, truth.native_seconds)
        )
        return Blob(marshal.dumps((self.reference, self.checker, expected, *times), 2))


@dataclass(frozen=True)
class Outputs(_Part):
    """Call the entry point for each input and hand back what it returned: how truths are made.

    Attributes:
        entry_point: The name of the function; empty for whole programs, whose inputs are texts on
            the standard input and whose outputs are what they print.
        inputs: The argument tuples, encoded by ``codec.pack``.
        clock: If given, one of `CLOCKS`: each call is timed as a `Costs` check times it, in
            processes of its own.
        levels: If calls are timed, which of them belong together, and which are timed.
        whole: Whether large outputs are to be handed back whole, not as digests.
    """

    entry_point: str
    inputs: Blob
    clock: str = ""
    span_seconds: float = 0.02
    levels: tuple[Level, ...] = ()
    whole: bool = False
    name: str = "outputs"

    def __post_init__(self) -> None:
        if self.clock and not self.levels:
            raise ValueError("calls that are timed belong to levels")


@dataclass(frozen=True)
class Stdio(_Part):
    """Run the candidate as a script, once for each case; compare what it prints.

    Sealed: the expected output stays outside. Compared line by line after stripping; lines that
    differ match if both are the same decimal numbers.

    Attributes:
        cases: Pairs of input text and expected output.
        all_failures: Go on after a failure and report every one.
    """

    cases: tuple[tuple[str, str], ...] = field(repr=False)
    all_failures: bool = False
    name: str = "tests"


END = "codeeval-end-of-tests"
"""What a program with its own tests prints after the last of them; a secret takes its place."""


@dataclass(frozen=True)
class Ending(_Part):
    """A program that has its tests in itself.

    It counts as passed if it ends well and the last that it prints is a secret, in place of which
    `END` stands in its source. It is in the program's reach: the verdict is unsealed.

    Attributes:
        wrong: A regular expression of what is said where a test fails: if the program did not end
            well and it is found, the answer was wrong, and it is no other error.
        fails: Another one of what is on standard error if a test fails and the program ends well
            all the same.
        after: A third of what may stand behind the secret: what its runtime says at the end.
    """

    wrong: str = ""
    fails: str = ""
    after: str = ""
    name: str = "tests"


Check = Asserts | Calls | Costs | Ending | Outputs | Stdio | UnitTests


@dataclass(frozen=True)
class Program:
    """Everything an executor needs to judge one candidate.

    Attributes:
        source: The candidate's code.
        checks: How it is checked, each in a process of its own.
        limits: What each check may take.
        language: The language of ``source``: a key of ``languages.LANGUAGES``.
        flags: What its compiler is told beside the usual.
    """

    source: str
    checks: tuple[Check, ...]
    limits: Limits = Limits()
    language: str = "python"
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if recipe_of(self.language, self.flags) is None:
            return
        for check in self.checks:
            if not isinstance(check, Ending | Stdio) and getattr(check, "entry_point", True):
                kind = type(check).__name__
                raise ValueError(f"{kind} cannot check a program in {self.language}")

    @cached_property
    def digest(self) -> str:
        """A sha256 over everything that can change the verdict: equal programs run once."""
        digest = hashlib.sha256()
        parts = [self.language, *self.flags, self.source, self.limits.identity]
        for part in (*parts, *[check.identity for check in self.checks]):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
        return digest.hexdigest()
