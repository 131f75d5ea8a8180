"""The house rules that a reader cannot check by eye; see the module docstrings for the rooms."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import codeeval
from codeeval.sandbox.bundle import RUNNER_MODULES

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("leaderboard", "sandbox", "tasks")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
HEAVY = {"datasets", "docker", "numpy", "openai", "pydantic", "scipy", "typer"}

# What each room may import of the others; a prefix stands for all below it.
ALLOWED = {
    "sandbox": ("codeeval.sandbox",),
    "tasks": (
        "codeeval.tasks",
        "codeeval.sandbox.program",
        "codeeval.sandbox.verdict",
        "codeeval.sandbox.errors",
        "codeeval.sandbox.codec",
        "codeeval.sandbox.languages",
        "codeeval.sandbox.costs",
    ),
    "codeeval/scoring": ("codeeval.scoring",),
    "codeeval": ("codeeval.",),
    "leaderboard": ("codeeval.",),
}
FORBIDDEN = {
    "codeeval": ("codeeval.leaderboard",),
    "leaderboard": ("codeeval.tasks", "codeeval.sandbox"),
}
ONLY = {
    "docker": {"sandbox"},
    "datasets": {"tasks"},
    "openai": {"codeeval"},
}


def modules(room: str) -> list[Path]:
    """Return the Python files of a room, without those that a link leads to."""
    folder = ROOT / room
    return sorted(
        path
        for path in folder.rglob("*.py")
        if path.resolve().is_relative_to(folder) and path.resolve() == path
    )


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of the modules, and of what is taken from them, that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module
            yield node.module


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix.rstrip(".") + ".")


@pytest.mark.parametrize("room", ALLOWED)
def test_rooms_import_only_what_they_may(room):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(room)
        for name in imports(path)
        if within(name, "codeeval")
        and (
            name == "codeeval"
            or not any(within(name, prefix) for prefix in ALLOWED[room])
            or any(within(name, prefix) for prefix in FORBIDDEN.get(room, ()))
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ONLY)
def test_a_heavy_library_is_one_rooms_business(library):
    rooms = {
        room
        for room in ("codeeval", *ROOMS)
        for path in modules(room)
        if any(within(name, library) for name in imports(path))
    }
    assert rooms <= ONLY[library]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_in_the_package_is_the_folder_at_the_top(room):
    assert (ROOT / "codeeval" / room).resolve() == ROOT / room
    assert PROJECT["tool"]["setuptools"]["package-dir"][f"codeeval.{room}"] == room


def test_every_package_is_packed():
    folders = [path.parent for path in (ROOT / "codeeval").rglob("__init__.py")]
    folders += [path.parent for room in ROOMS for path in (ROOT / room).rglob("__init__.py")]
    names = {
        ".".join(
            (("codeeval",) if each.relative_to(ROOT).parts[0] in ROOMS else ())
            + each.relative_to(ROOT).parts
        )
        for each in folders
    }
    assert PROJECT["tool"]["setuptools"]["packages"] == sorted(names)


def test_files_that_are_not_python_are_packed():
    """Each of them matches a pattern of the package data."""
    packed = set()
    for package, patterns in PROJECT["tool"]["setuptools"]["package-data"].items():
        folder = (ROOT / package.replace(".", "/")).resolve()
        packed |= {path for pattern in patterns for path in folder.glob(pattern)}
    found = {
        path
        for room in ("codeeval", *ROOMS)
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.resolve() == path and path.suffix not in (".py", ".pyc")
    }
    assert found <= packed
    assert ROOT / "codeeval" / "py.typed" in packed


def test_the_package_is_light():
    code = f"import sys, codeeval; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_runner_needs_nothing_but_the_standard_library():
    known: set[str] = set()
    for name in RUNNER_MODULES:
        for found in imports(ROOT / "sandbox" / f"{name}.py"):
            top = found.partition(".")[0]
            if (name, top) == ("trees", "numpy"):  # for tests that use it, while they run
                continue
            assert top in sys.stdlib_module_names or found in known, f"{name} imports {found}"
        known.add(f"codeeval.sandbox.{name}")


def test_the_public_names_are_all_there_and_sorted():
    assert codeeval.__all__ == sorted(codeeval.__all__)
    assert dir(codeeval) == codeeval.__all__
    assert set(codeeval._HOMES) == set(codeeval.__all__) - {"__version__"}
    for name in codeeval.__all__:
        value = getattr(codeeval, name)
        assert name == "__version__" or value.__module__ == codeeval._HOMES[name], name
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        _ = codeeval.evalute


def test_type_checkers_see_the_same_public_names():
    tree = ast.parse((ROOT / "codeeval" / "__init__.py").read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {name: seen[name] for name in codeeval._HOMES}
    assert set(seen) == set(codeeval.__all__)
    for name, module in homes.items():
        assert getattr(importlib.import_module(module), name) is getattr(codeeval, name)


@pytest.mark.parametrize("room", ["codeeval", *ROOMS])
def test_what_a_module_hands_on_is_in_it(room):
    for path in modules(room):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] in ("__init__", "__main__"):
            continue
        names = (() if parts[0] == "codeeval" else ("codeeval",)) + parts
        module = importlib.import_module(".".join(names))
        missing = [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)]
        assert missing == [], path


def test_the_version_is_stated_once_and_the_same():
    assert codeeval.__version__ == PROJECT["project"]["version"]


def test_no_module_is_too_long():
    tests = [path for path in (ROOT / "tests").rglob("*.py") if "attacks" not in path.parts]
    every = [*tests, *(path for room in ("codeeval", *ROOMS) for path in modules(room))]
    long = {path: len(path.read_text("utf-8").splitlines()) for path in every}
    assert {str(path): lines for path, lines in long.items() if lines > 500} == {}


def test_no_file_names_this_machine_or_a_mirror():
    """What was written on one machine must work on others."""
    hosts = r"(?:[\w-]+\.)*(?:pypi|pythonhosted|artifactory|nexus)[\w.-]*\.[a-z]+|index-url"
    paths = re.escape(str(ROOT)) + r"|/home/\w+/|/Users/\w+/|/root/\w"
    pattern = re.compile(f"{hosts}|{paths}|(?<![\\w.])/work/(?:main|shared)")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file() or path.is_symlink():
            continue
        for line in path.read_bytes().decode("utf-8", "ignore").splitlines():
            if hit := pattern.search(line):
                found.append(f"{name}: {hit[0]}")
    assert found == []
