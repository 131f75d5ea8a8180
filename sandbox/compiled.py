"""What runs in the process of a language other than Python: compilers, and what they have made."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from codeeval.sandbox.candidate import CHANNEL, GIVEN, SOURCE, pause, received, send_failure
from codeeval.sandbox.confine import refuse_processes
from codeeval.sandbox.records import ENDED, write_record

__all__ = ["archive_of", "needed", "run_build", "run_program"]

UNUSUAL = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores, and programs do not expect to be ignored."""
PIECE = 1 << 24
ASIDE = re.compile(
    r"//[^\n]*|/\*[\s\S]*?\*/|\"\"\"[\s\S]*?\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
)
"""Comments and texts."""
PROGRAM = "program"
MANIFEST = "META-INF/MANIFEST.MF"
MAIN = (b"\x01\x00\x04main", b"([Ljava/lang/String;)V")
"""What is among the constants of a class of Java that has a main method."""


def run_build(how: Mapping[str, Any]) -> None:
    """Have a compiler make a program; it goes into the file that was given.

    Args:
        how: A recipe; see `codeeval.sandbox.languages.recipe_of`. Without a product nothing is
            handed on.
    """
    source, product = received(SOURCE), how["product"]
    name = how["source"]
    if how["named"]:
        heads = heads_of(source.decode("utf-8", "replace"))
        found = next(filter(None, (re.search(how["named"], head) for head in heads)), None)
        if found:
            name = found[1] + os.path.splitext(name)[1]
    with open(name, "wb") as file:
        file.write(source)
    command = [word.replace("{source}", name) for word in how["compiler"]]
    header, includes = how["prelude"]
    if header and re.search(includes.encode(), source) and os.path.exists(f"{header}.gch"):
        command += ["-include", header]
    environment = {**os.environ, **how["environment"]}
    pid = os.posix_spawnp(command[0], command, environment, setsigdef=UNUSUAL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        ending = f"exit status {code}" if code > 0 else f"signal {-code}"
        send_failure("compile_error", f"{command[0]} ended with {ending}")
        return
    if product.endswith(".jar"):
        classes = taken_classes()
        if classes:
            with open(product, "wb") as file:
                file.write(archive_of(classes, os.path.splitext(name)[0], needed(how["libraries"])))
    if product and not os.path.exists(product):
        send_failure("compile_error", f"{command[0]} left no {product}")
        return
    if product:
        with open(product, "rb") as file:
            while os.sendfile(GIVEN, file.fileno(), None, PIECE):
                continue
    for made in (name, product):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made)
    write_record(CHANNEL, ENDED)


def heads_of(text: str) -> list[str]:
    """Return what stands before the braces of the outermost declarations of a source."""
    heads, depth, start = [], 0, 0
    text = ASIDE.sub(lambda found: " " if found[0][0] == "/" else '""', text)
    for found in re.finditer(r"[{};]", text):
        if depth == 0:
            heads.append(text[start : found.start()])
            start = found.end()
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth <= 0:
            depth, start = 0, found.end()
    return heads


def needed(libraries: Mapping[str, str]) -> list[str]:
    """Return the archives among the libraries of a recipe."""
    return [each for each in libraries.values() if each.endswith(".jar")]


def taken_classes() -> dict[str, bytes]:
    """Return the classes in this directory, by the names of their files, which go."""
    classes = {}
    for folder, _, names in os.walk("."):
        for name in names:
            if name.endswith(".class"):
                file_name = os.path.relpath(os.path.join(folder, name))
                with open(file_name, "rb") as file:
                    classes[file_name] = file.read()
                os.unlink(file_name)
    return classes


def archive_of(classes: Mapping[str, bytes], likely: str, libraries: Sequence[str]) -> bytes:
    """Return an archive of classes; the one that has a main method is run.

    Args:
        classes: Their contents, by the names of their files.
        likely: The class that is preferred if several have one.
        libraries: Further archives that it needs.
    """
    from zipfile import ZipFile

    mains = [
        name.removesuffix(".class").replace("/", ".")
        for name, content in sorted(classes.items())
        if all(part in content for part in MAIN) and "$" not in name
    ]
    liked = (name for name in mains if name.rpartition(".")[2] == likely)
    main = next(liked, mains[0] if mains else likely)
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        lines = ["Manifest-Version: 1.0", f"Main-Class: {main}"]
        lines += [f"Class-Path: {' '.join(f'file://{each}' for each in libraries)}"]
        archive.writestr(MANIFEST, "\r\n".join([*lines, "", ""]))
        for name, data in classes.items():
            archive.writestr(name, data)
    return content.getvalue()


def run_program(
    paced: bool, alone: bool, name: str, command: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Become a program; never returns.

    Args:
        paced: Whether to pause before.
        alone: Whether it may start no processes beside its own, though threads.
        name: The name of its file, if a command runs it; ``program`` is executed itself.
        command: The command; for a program, what it is called and told.
        environment: Further variables.
    """
    os.environ.update(environment)
    is_script = name != PROGRAM
    if is_script:
        with open(name, "wb") as file:
            done = 0
            while part := os.sendfile(file.fileno(), SOURCE, done, PIECE):
                done += part
        os.close(SOURCE)
    os.close(GIVEN)
    if paced:
        pause()
    for number in UNUSUAL:
        signal.signal(number, signal.SIG_DFL)
    if alone:
        refuse_processes()
    if is_script:
        os.execvpe(command[0], list(command), os.environ)
    os.execve(SOURCE, list(command) or [PROGRAM], os.environ)
