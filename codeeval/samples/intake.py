"""What the readers of all formats share: ids resolved, samples numbered, notices given once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codeeval.samples.errors import SampleError, listed, sample_error, shown
from codeeval.samples.ids import SampleIds
from codeeval.samples.numbering import MAX_INDEX, Numbering
from codeeval.tasks.task import Sample

__all__ = ["Intake"]


class Intake:
    """Turns what a reader found into Samples, for one reading of one file or directory."""

    def __init__(
        self,
        name: object,
        ids: SampleIds,
        *,
        allow_unknown: bool,
        report: Callable[[str], None],
    ) -> None:
        self.name = name
        self.ids = ids
        self.count = 0
        self._allow_unknown = allow_unknown
        self._report = report
        self._noticed: set[str] = set()
        self._numbering = Numbering()
        self._unknown = 0
        self._first_unknown: list[str] = []
        self._left_out = 0
        self._first_left_out = ""
        prompts = {task_id: prompt.strip() for task_id, prompt in ids.prompts.items()}
        self._prompts = {task_id: prompt for task_id, prompt in prompts.items() if prompt}

    def notice(self, kind: str, text: str) -> None:
        """Report ``NAME: TEXT``, the first time for each ``kind``."""
        if kind not in self._noticed:
            self._noticed.add(kind)
            self._report(f"{self.name}: {text}")

    def error(self, problem: str, *, line: int = 0, field: str = "") -> SampleError:
        """Return an error that names the file."""
        return sample_error(self.name, problem, line=line, field=field)

    def task_id(self, raw: object, *, line: int = 0, field: str) -> str | None:
        """Return the id that ``raw`` spells; None if it is unknown and unknown ones are skipped.

        Raises:
            SampleError: If it is no id at all, or unknown and not to be skipped.
        """
        if isinstance(raw, bool) or not isinstance(raw, (str, int)):
            raise self.error(
                f"expected a text or an integer, found {shown(raw)}", line=line, field=field
            )
        try:
            known = self.ids.resolve(raw)
        except ValueError:  # an integer too long to be written
            known, raw = None, "a number of more than 4000 digits"
        if known is not None and self.ids.is_left_out(known):
            self.left_out(known)
            return None
        if known is not None:
            return known
        if not self._allow_unknown:
            nearest = listed([repr(each) for each in self.ids.nearest(raw)])
            problem = (
                f"unknown id {shown(str(raw))} of {len(self.ids.ids)} problems; nearest: {nearest}"
            )
            raise self.error(problem, line=line, field=field)
        self._unknown += 1
        if len(self._first_unknown) < 5 and (text := shown(str(raw))) not in self._first_unknown:
            self._first_unknown.append(text)
        return None

    def left_out(self, task_id: str) -> None:
        """Take note of a sample of a problem that the task leaves out."""
        self._left_out += 1
        self._first_left_out = self._first_left_out or task_id

    def completion(
        self,
        task_id: str,
        text: str | None,
        index: int | None = None,
        *,
        line: int = 0,
        model: str = "",
        extra: Mapping[str, Any],
    ) -> Sample:
        """Return the sample that continues the prompt with ``text``; None is no code at all."""
        if text is None:
            return self.solution(task_id, None, index, line=line, model=model, extra=extra)
        prompt = self._prompts.get(task_id)
        if prompt is not None and text.lstrip().startswith(prompt):
            where = f"line {line}, {task_id}" if line else task_id
            self.notice(
                "prompt",
                f"completion starts with the prompt ({where}); kept as it is, "
                "further ones are not reported",
            )
            self._prompts = {}
        number = self._number(task_id, index, line)
        return Sample(task_id, number, text, None, model, extra, line)

    def solution(
        self,
        task_id: str,
        text: str | None,
        index: int | None = None,
        *,
        line: int = 0,
        model: str = "",
        extra: Mapping[str, Any],
    ) -> Sample:
        """Return the sample whose whole program is ``text``; None is no code at all."""
        if text is None:
            text, extra = "", {**extra, "no_code": True}
        number = self._number(task_id, index, line)
        return Sample(task_id, number, None, text, model, extra, line)

    def stated_index(self, value: object, *, line: int, field: str) -> int | None:
        """Return an index that a file states, or None if it states none.

        Raises:
            SampleError: If it is an integer out of range.
        """
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        if not 0 <= value <= MAX_INDEX:
            problem = f"expected 0 to {MAX_INDEX}, found {shown(value)}"
            raise self.error(problem, line=line, field=field)
        return value

    def finish(self) -> None:
        """Report what was skipped.

        Raises:
            SampleError: If there was nothing at all.
        """
        if self._left_out:
            self.notice(
                "left out",
                f"{self._left_out} samples of problems that the task leaves out skipped "
                f"(first: {self._first_left_out})",
            )
        if self._unknown:
            first = ", ".join(self._first_unknown)
            self.notice(
                "unknown", f"{self._unknown} samples of unknown ids skipped (first: {first})"
            )
        elif not self.count:
            raise self.error("holds no samples")

    def _number(self, task_id: str, index: int | None, line: int) -> int:
        self.count += 1
        if index is None:
            number = self._numbering.next(task_id)
            if number is not None:
                return number
            problem = f"a sample of {task_id!r} without an index, after ones that state theirs"
            raise self.error(f"{problem}; state all of them or none", line=line)
        if not self._numbering.take(task_id, index):
            problem = f"sample {index} of {task_id!r} is there twice"
            raise self.error(f"{problem}; number them apart, or not at all", line=line)
        return index
