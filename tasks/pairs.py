"""Solutions in one language that are to be translated to another: where they are, how one asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codeeval.sandbox.languages import LANGUAGES
from codeeval.tasks.task import DataError

__all__ = ["asked", "number_of", "source_path"]


def source_path(
    task: str, language: str, path: Path, names: Sequence[str], named: Path | str | None
) -> Path:
    """Return the file with the solutions that are to be translated.

    Args:
        task: The task, for errors.
        language: Their language.
        path: The file with the problems: they are beside it, if no other file is named.
        names: What their file may be called.
        named: The file that was named, if any was.

    Raises:
        DataError: If there is none.
    """
    if named is not None:
        return Path(named).expanduser()
    found = [each for each in (path.parent / name for name in names) if each.is_file()]
    if not found:
        raise DataError(
            f"{task}: no solutions in {language} beside {path}; name their file with "
            "--task-option source_file=FILE"
        )
    return found[0]


def number_of(name: str) -> str:
    """Return the number of a problem, by which those of several languages belong together."""
    return name.rpartition("/")[2]


def asked(source_language: str, source: str, language: str, begun: str) -> str:
    """Return the prompt for a translation, in the form that HumanEval-X gives it.

    Args:
        source_language: The language of the solution.
        source: The solution.
        language: The language that it is to be translated to.
        begun: The beginning of the answer.
    """
    title, other = LANGUAGES[source_language].title, LANGUAGES[language].title
    return f"code translation\n{title}:\n{source.rstrip()}\n{other}:\n{begun}"
