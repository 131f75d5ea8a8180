"""Fresh questions about what programs do, from the references and inputs of any task.

From each trace questions of several kinds can be asked; they are drawn so that short and long
traces, loops, recursion and threads have their share. The same seed gives the same questions.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from codeeval.sandbox.errors import CodeEvalError, SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import Executor
from codeeval.tasks.fresh_traces import CALL_KINDS, LENGTHS, PROGRAM_KINDS
from codeeval.tasks.task import Task
from codeeval.tasks.traces import length_class
from codeeval.trace_questions import QUESTIONS
from codeeval.traced_calls import LONGEST_CODE, Call, bare, call_texts, examined, spoiled
from codeeval.traced_programs import programs_in, ran

__all__ = ["BuildError", "Built", "build", "build_from_programs"]

VERSION = "trace-v1"
LONGEST_CALL = 300


class BuildError(CodeEvalError, ValueError):
    """No questions can be made of this task."""


@dataclass
class Built:
    """Questions, and what became of the rest.

    Attributes:
        records: The questions, as a file holds them.
        left_out: How many calls were left out, by reason.
        calls: How many were traced.
    """

    records: list[dict[str, Any]]
    left_out: Counter[str] = field(default_factory=Counter)
    calls: int = 0


def build(
    task: Task,
    executor: Executor,
    *,
    kinds: Sequence[str] = CALL_KINDS,
    most: int = 200,
    inputs: int = 5,
    seed: int = 0,
) -> Built:
    """Make questions from a task's references and inputs.

    Args:
        task: A task whose programs call a function.
        executor: Where references are traced.
        kinds: Which questions to ask: of ``CALL_KINDS``.
        most: How many questions.
        inputs: How many inputs of each problem are traced at most.
        seed: Of the choice of inputs, of questions and of their order.

    Raises:
        BuildError: If there is no call that can be traced.
        SandboxUnavailable: If there is no sandbox.
    """
    built = Built([])
    calls = _calls_of(task, executor, kinds, inputs, f"{seed} {task.digest}", built)
    missing = f"{task.name}: no call of a function with arguments that can be written out"
    return _asked(built, calls, most, f"{seed} {task.digest}", seed, missing)


def build_from_programs(
    folder: Path,
    executor: Executor,
    *,
    kinds: Sequence[str] = PROGRAM_KINDS,
    most: int = 200,
    seed: int = 0,
) -> Built:
    """Make questions from programs in a folder, of which each is run.

    Args:
        folder: With files whose names end as `traced_programs.SUFFIXES` has it.
        executor: Where they are traced.
        kinds: Which questions to ask: of ``PROGRAM_KINDS``.
        most: How many questions.
        seed: Of the choice of questions and of their order.

    Raises:
        BuildError: If there is no program that can be traced.
        SandboxUnavailable: If there is no sandbox.
    """
    built = Built([])
    programs = programs_in(folder)
    digest = sha256(repr(programs).encode("utf-8", "surrogatepass")).hexdigest()
    calls = ((call, kinds) for call in ran(programs, executor, built.left_out))
    missing = f"{folder}: no program that can be traced"
    return _asked(built, calls, most, f"{seed} {digest}", seed, missing)


def _calls_of(
    task: Task,
    executor: Executor,
    kinds: Sequence[str],
    inputs: int,
    key: str,
    built: Built,
) -> Iterator[tuple[Call, Sequence[str]]]:
    """Yield calls with the questions to ask about each."""
    for problem in task.problems():
        code = bare(problem.reference)
        if code is None or len(code) > LONGEST_CODE:
            built.left_out["a program that is long, or has statements of several lines"] += 1
            continue
        try:
            calls = sorted(set(call_texts(task, problem, executor)))
        except SandboxUnavailable:
            raise
        except SandboxError:
            built.left_out["a generator that fails"] += 1
            continue
        short = [text for text in calls if len(text) <= LONGEST_CALL]
        built.left_out["a long call"] += len(calls) - len(short)
        chooser = random.Random(f"{key} {problem.id}")
        chosen = chooser.sample(short, min(inputs, len(short)))
        spoilt = [spoiled(text, chooser) for text in chosen] if "exception" in kinds else []
        more = [text for text in dict.fromkeys(spoilt) if text not in chosen]
        origin = f"{task.name}@{task.version} {problem.id}"
        for call in examined(origin, code, [*chosen, *more], executor, built.left_out):
            yield call, kinds if call.text in chosen else ("exception",)


def _asked(
    built: Built,
    calls: Iterator[tuple[Call, Sequence[str]]],
    most: int,
    key: str,
    seed: int,
    missing: str,
) -> Built:
    """Draw questions about calls; if there are none, say what is missing."""
    questions: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    for call, kinds in calls:
        built.calls += 1
        own = random.Random(f"{key} {call.origin.rpartition(' ')[2]} {call.text}")
        for kind in kinds:
            asked = list(QUESTIONS[kind](call))
            if kind == "coverage":  # of a program most lines are executed
                wanted = own.choice(("YES", "NO"))
                asked = [each for each in asked if each["answer"] == wanted]
            if asked:
                about = {**own.choice(asked), "kind": kind}
                questions.append(
                    (stratum(call, kind, str(about["answer"])), record_of(call, about, seed))
                )
    if not questions:
        reasons = "; ".join(f"{n} for {why}" for why, n in built.left_out.most_common() if n)
        raise BuildError(f"{missing}; left out: {reasons or 'nothing'}")
    random.Random(key).shuffle(questions)
    built.records = drawn(questions, most)
    for number, record in enumerate(built.records):
        record["task_id"] = f"Trace/{number}"
    return built


def stratum(call: Call, kind: str, answer: str) -> tuple[Any, ...]:
    """Return the kind of question and of trace, of which each is to have its share."""
    structure = call.recursion, call.loops, call.threads > 1, min(call.depth, 3)
    usual = answer in ("YES", "None")
    return kind, usual, length_class(len(call.steps), LENGTHS), *structure


def record_of(call: Call, about: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return a question as a file holds it."""
    identity = sha256(f"{call.code}\0{call.text}".encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "task_id": "",
        **about,
        "code": call.code,
        "call": call.text,
        "steps": len(call.steps),
        "depth": call.depth,
        "loops": call.loops,
        "recursion": call.recursion,
        "threads": call.threads,
        "source": call.origin,
        "sha256": identity,
        "tracer": VERSION,
        "language": call.language,
        "runtime": call.runtime,
        "seed": seed,
    }


def drawn(
    questions: Sequence[tuple[tuple[Any, ...], dict[str, Any]]], most: int
) -> list[dict[str, Any]]:
    """Draw from each stratum in turn, those with few questions first, until there are enough.

    Of one program there are no more than a twentieth, or five. Of kinds with an answer that is the
    usual one, no more than half of the questions have it; of coverage half have either answer.
    """
    largest = max(5, most // 20)
    of_program: Counter[str] = Counter()
    of_answer: Counter[tuple[Any, ...]] = Counter()
    strata: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for key, record in questions:
        strata.setdefault(key, []).append(record)
    order = sorted(strata, key=lambda key: (len(strata[key]), repr(key)))
    found: list[dict[str, Any]] = []
    while len(found) < most and any(strata.values()):
        for key in order:
            while strata[key] and len(found) < most:
                record = strata[key].pop()
                kind, usual = key[:2]
                held = usual or kind == "coverage"
                enough = held and of_answer[kind, usual] > of_answer[kind, not usual]
                if of_program[record["source"]] < largest and not enough:
                    of_program[record["source"]] += 1
                    of_answer[kind, usual] += 1
                    found.append(record)
                    break
    return found
