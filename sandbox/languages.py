"""The languages of programs, and how a program is made of source in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LANGUAGES", "Language", "recipe_of"]


@dataclass(frozen=True)
class Language:
    """A language.

    Attributes:
        title: What people call it.
        image: The image that has what it needs; a key of ``image.IMAGES``.
        source: The name of the file with the source.
        named: A regular expression whose group stands in that name for what is before the dot, if
            it matches the source.
        compiler: The command that makes ``product`` of it; empty where the source is run as it is.
            ``{source}`` stands for the file's name.
        product: The file that is run: ``program`` is run itself, a ``.jar`` is made of the classes
            that the compiler leaves.
        command: What runs the product, or the source. In its words ``{memory_mib}`` stands for the
            memory limit less what a runtime needs for itself, ``{stack_kib}`` for the stack limit.
        checker: The command that tells whether a source that failed is in the language at all.
        environment: Further variables, of all of these commands.
        exhausted: What the runtime says on standard error when it has no memory left.
        version: The command that tells the version; if empty, the tool with ``--version``.
        folders: Patterns of what its commands need beside ``/usr``.
        package: What is to be installed on Debian for the commands to be there.
    """

    title: str
    image: str = "python"
    source: str = ""
    named: str = ""
    compiler: tuple[str, ...] = ()
    product: str = "program"
    command: tuple[str, ...] = ()
    checker: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    exhausted: str = ""
    version: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    package: str = ""

    @property
    def tool(self) -> str:
        """The command that is needed first; empty for what runs in the runner's Python."""
        return (*self.compiler, *self.command, "")[0]


LANGUAGES: Mapping[str, Language] = {
    "python": Language("Python"),
    "cpp": Language(
        title="C++",
        image="cpp",
        source="program.cpp",
        compiler=("g++", "-std=c++17", "{source}", "-o", "program"),
        package="g++",
    ),
    "go": Language(
        title="Go",
        image="go",
        source="program.go",
        compiler=("go", "build", "-o", "program", "{source}"),
        environment={"GO111MODULE": "off"},
        version=("go", "version"),
        package="golang-go",
    ),
    "java": Language(
        title="Java",
        image="java",
        source="Main.java",
        named=r"(?m)^[ \t]*public\s+(?:(?:abstract|final|sealed|strictfp)\s+)*"
        r"(?:class|enum|interface|record)\s+(\w+)",
        compiler=(
            *("javac", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-XX:-UsePerfData"),
            *("-proc:none", "-encoding", "UTF-8", "-d", ".", "{source}"),
        ),
        product="program.jar",
        command=(
            *("java", "-Xmx{memory_mib}m", "-Xss{stack_kib}k", "-XX:+UseSerialGC"),
            *("-XX:-UsePerfData", "-Dfile.encoding=UTF-8", "-ea", "-jar", "program.jar"),
        ),
        exhausted="java.lang.OutOfMemoryError",
        folders=("/etc/java-*",),
        package="default-jdk-headless",
    ),
    "javascript": Language(
        title="JavaScript",
        image="javascript",
        source="program.js",
        command=(
            *("node", "--max-old-space-size={memory_mib}", "--stack-size={stack_kib}"),
            "program.js",
        ),
        checker=("node", "--check", "{source}"),
        exhausted="JavaScript heap out of memory",
        package="nodejs",
    ),
    "ruby": Language(
        title="Ruby",
        image="ruby",
        source="program.rb",
        command=("ruby", "program.rb"),
        checker=("ruby", "-c", "{source}"),
        environment={"RUBY_THREAD_VM_STACK_SIZE": str(32 * 2**20)},
        exhausted="failed to allocate memory (NoMemoryError)",
        package="ruby",
    ),
}
"""By the names that programs and problems have for them."""


def recipe_of(language: str, flags: tuple[str, ...]) -> dict[str, Any] | None:
    """Return what the runner has to know to run a program; None if it is Python.

    Raises:
        ValueError: If there is no such language, or one without a compiler is given flags.
    """
    known = LANGUAGES.get(language)
    if known is None:
        raise ValueError(f"no language {language!r}; known: {', '.join(LANGUAGES)}")
    if flags and not known.compiler:
        raise ValueError(f"{known.title} is not compiled and takes no flags: {' '.join(flags)}")
    if not known.tool:
        return None
    return {
        "source": known.source,
        "named": known.named,
        "compiler": [*known.compiler, *flags] if known.compiler else [],
        "product": known.product if known.compiler else known.source,
        "command": list(known.command),
        "checker": list(known.checker),
        "environment": dict(known.environment),
        "exhausted": known.exhausted,
        "package": known.package,
    }
