"""LiveCodeBench: what does a call return, and what should it return? (Jain et al. 2024).

Both ask for the right side of an assertion: one with the code at hand, the other with the problem
that the code is to solve. Answers are evaluated in a candidate's process and compared in another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from codeeval.sandbox.program import Asserts, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.answers import ANSWER, after_answer_tag, returning, right_side
from codeeval.tasks.extract import fence_first
from codeeval.tasks.file_task import FileTask
from codeeval.tasks.source import Hub, field
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["LiveCodeBenchExecution", "LiveCodeBenchTestOutput"]

LIMITS = Limits(cpu_seconds=3.0, wall_seconds=10.0)
"""The benchmark gives three seconds on the clock."""
UNKNOWN = "??"
EXECUTION_TASK = """You are given a Python function and an assertion about what it returns. Put the
literal that it returns in place of the question marks, without any further calls. Write nothing but
the whole assertion, between [ANSWER] and [/ANSWER].
"""
STEPS = """First work through the function step by step, between [THOUGHT] and [/THOUGHT].
"""
EXAMPLES = (
    (
        "def countLong(words, least):\n    return sum(len(word) >= least for word in words)",
        "countLong(words = ['one', 'three', 'four'], least = 4)",
        "2",
        "Of the words 'three' has 5 letters and 'four' has 4, which is at least 4; 'one' has 3.",
    ),
    (
        "def spread(nums):\n    nums.sort()\n    return [b - a for a, b in zip(nums, nums[1:])]",
        "spread(nums = [9, 2, 4])",
        "[2, 5]",
        "Sorted they are 2, 4, 9. The differences are 4 - 2 = 2 and 9 - 4 = 5.",
    ),
)
TEST_TASK = """You are given a programming problem, the head of a solution, and a test that is not
complete. Put what a right solution returns in place of the question marks. Write the whole
assertion, on a line of its own.

### Problem
{problem}

### Head
{head}

### Test
{test}
"""


@dataclass(frozen=True)
class _LiveCodeBench(FileTask):
    """Problems of contests, with the day of the contest.

    Attributes:
        data_file: The benchmark's file.
        limits: What a program may take.
    """

    limits: Limits = LIMITS
    version: ClassVar[str] = "1"
    cluster: ClassVar[str] = "question"
    columns: ClassVar[tuple[str, ...]] = ("pass",)

    def _about(self, record: dict[str, Any], place: str) -> dict[str, str]:
        """Return the metadata of a problem."""
        day = str(record.get("contest_date") or "")[:10]
        question = field(record, "question_id", (str, int), place=place, form="a number or a text")
        about = {"question": str(question), "difficulty": record.get("difficulty"), "released": day}
        return {name: str(value) for name, value in about.items() if value}

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Have the answer evaluated, and compared with what is right."""
        tests = self._tests(problem)
        check = Asserts(tests, reference="import json\n", entry_points=(ANSWER,), sealed=True)
        return Program(self.source(problem, sample), (check,), self.limits)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that returns what a reply says."""
        raise NotImplementedError

    def _tests(self, problem: Problem) -> str:
        raise NotImplementedError

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a right answer."""
        return {"pass": float(verdict.status is Status.PASSED)}


@dataclass(frozen=True)
class LiveCodeBenchExecution(_LiveCodeBench):
    """What does a call return?

    Attributes:
        data_file: JSON or JSONL with ``id``, ``question_id``, ``contest_date``, ``difficulty``,
            ``code``, ``input`` (the whole call) and ``output``.
        cot: Whether the prompt asks for thoughts before the answer.
        limits: What a program may take.
    """

    cot: bool = False
    name: ClassVar[str] = "livecodebench-execution"
    rules: ClassVar[str] = "livecodebench-execution-1"
    file_names: ClassVar[tuple[str, ...]] = (
        *("livecodebench-execution.jsonl", "livecodebench-execution.json"),
    )
    hub: ClassVar[Hub | None] = Hub("livecodebench/execution-v2")

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        names = ("id", "code", "input", "output")
        task_id, code, call, output = (
            field(record, name, str, place=place, form="a text") for name in names
        )
        return Problem(
            id=task_id,
            prompt=self._prompt(code, call),
            reference=f"assert {call} == {output}",
            entry_point="",
            metadata=self._about(record, place),
            record={"output": output},
        )

    def _prompt(self, code: str, call: str) -> str:
        parts = [EXECUTION_TASK + STEPS * self.cot]
        for example, its_call, its_output, thought in EXAMPLES:
            parts.append(question(example, its_call))
            parts[-1] += f"[THOUGHT]\n{thought}\n[/THOUGHT]\n" if self.cot else ""
            parts[-1] += f"[ANSWER]\nassert {its_call} == {its_output}\n[/ANSWER]\n"
        parts.append(question(code, call))
        parts[-1] += "[THOUGHT]\n" if self.cot else "[ANSWER]\n"
        return "\n".join(parts)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that returns the value which a reply gives."""
        text = after_answer_tag(sample.text)
        if "[/ANSWER]" not in sample.text:  # the benchmark reads no further, either
            text = text.strip().partition("\n")[0]
        return returning(right_side(text))

    def _tests(self, problem: Problem) -> str:
        return f"assert {problem.record['output']} == {ANSWER}()\n"


@dataclass(frozen=True)
class LiveCodeBenchTestOutput(_LiveCodeBench):
    """What should a solution return?

    Attributes:
        data_file: JSON or JSONL with ``question_id``, ``test_id``, ``contest_date``,
            ``difficulty``, ``question_content``, ``starter_code``, ``function_name`` and ``test``.
        limits: What a program may take.
    """

    name: ClassVar[str] = "livecodebench-test-output"
    rules: ClassVar[str] = "livecodebench-test-output-1"
    file_names: ClassVar[tuple[str, ...]] = (
        *("livecodebench-test-output.jsonl", "livecodebench-test-output.json"),
    )
    hub: ClassVar[Hub | None] = Hub("livecodebench/test_generation")

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        statement, head, function = (
            field(record, name, str, place=place, form="a text")
            for name in ("question_content", "starter_code", "function_name")
        )
        number = field(record, "test_id", (int, str), place=place, form="a number")
        text = field(record, "test", (str, list), place=place, form="a list, or its JSON text")
        try:
            (test,) = json.loads(text) if isinstance(text, str) else text
            given, output = str(test["input"]), str(test["output"])
            expected = json.loads(output)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{place}: field 'test' must be a list of one object with 'input' and 'output', "
                f"which is JSON, or the JSON text of such a list; {type(error).__name__}: {error}"
            ) from error
        about = self._about(record, place)
        call = f"{function}({', '.join(given.splitlines())})"
        asked = f"assert {call} == {UNKNOWN}"
        return Problem(
            id=f"{about['question']}_{number}",
            prompt=TEST_TASK.format(problem=statement, head=head, test=asked),
            reference=f"assert {call} == {expected!r}",
            entry_point="",
            metadata=about,
            record={"output": output},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that returns the value which a reply gives.

        It is that of the reply's last line that is an assertion; without any, of its first block.
        """
        lines = [line.strip() for line in sample.text.splitlines()]
        asserted = [line for line in lines if line.startswith("assert")]
        text = asserted[-1] if asserted else fence_first(sample.text) or sample.text
        return f"true, false, null = True, False, None\n{returning(right_side(text.strip()))}"

    def _tests(self, problem: Problem) -> str:
        return f"assert json.loads({problem.record['output']!r}) == {ANSWER}()\n"


def question(code: str, call: str) -> str:
    """Return a function and an assertion that is not complete."""
    return f"[PYTHON]\n{code}\nassert {call} == {UNKNOWN}\n[/PYTHON]\n"
