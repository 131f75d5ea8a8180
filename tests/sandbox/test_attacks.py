"""The attack catalogue: no hostile program forges a verdict, harms another or leaves anything.

Each program of ``attacks/*.txt`` runs in a warm jail, and after it a right and a wrong program,
which look for what it has left; beside it a neighbour works in another jail. The rows A1 to L11 are
those of the catalogue of attacks on harnesses that docs/security.md describes; O rows are our own.
``CODEEVAL_ATTACKS=file`` appends what came of each program to a file, one JSON object a line.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from codeeval.sandbox.executor import Executor
from tests.sandbox.catalogue import SECTIONS, Arena, Attack, Outcome, attacks
from tests.sandbox.conftest import DOCKER, GVISOR, open_or_skip

COUNTS = {"A": 14, "B": 16, "C": 16, "D": 12, "E": 42, "F": 14, "G": 12, "H": 22, "I": 15}
COUNTS |= {"J": 13, "K": 13, "L": 11}
ROWS = {f"{section}{number + 1}" for section, count in COUNTS.items() for number in range(count)}
NOT_APPLICABLE = {
    "F8": "a baseline that is slowed: among the programs of test_costs.py, which measures",
    "F13": "a child that dodges what is counted: among the programs of test_costs.py",
    "B12": "file names in requests: programs have one file, without a name",
    "B13": "an interpreter chosen by the request: languages are a closed set",
    "C10": "repositories cleaned by git: no file outlives a sample",
    "C11": "images made from used containers: nothing commits one",
    "D12": "caches trashed to bias a neighbour: where cost is measured, one runs at a time",
    "E27": "pytest's reports patched: no pytest runs beside a candidate",
    "E35": "the exception that a test expects, for another reason: the benchmark's own rule",
    "E38": "a lenient oracle: the benchmark's own rule, kept for the sake of equal scores",
    "E40": "an empty or broken test file: tests are trusted, and the reference must pass them",
    "G9": "hidden tests learnt from a board's messages: a matter of the leaderboard",
    "H20": "results fetched as files: none is",
}
BACKENDS = [DOCKER, GVISOR, "bubblewrap", "unsafe-local"]


def test_every_row_of_the_catalogue_has_a_program_or_a_reason():
    covered = {attack.row for section in SECTIONS for attack in attacks(section)}
    catalogued = {row for row in covered if not row.startswith("O")}
    assert len(ROWS) == 200
    assert catalogued | set(NOT_APPLICABLE) == ROWS
    assert catalogued & set(NOT_APPLICABLE) == set()


def test_there_are_attacks_that_the_catalogue_lacks():
    own = [attack for attack in attacks("own") if attack.row.startswith("O")]
    assert len({attack.row for attack in own}) == len(own) >= 30


def test_a_pass_is_a_forgery_unless_the_program_is_right():
    """Programs that may pass under a sealed check return x + 1 and do nothing that is forbidden."""
    odd = {
        attack.row
        for section in SECTIONS
        for attack in attacks(section)
        if "passed" in attack.statuses and not attack.uses  # those are after what it reports
    }
    assert odd <= {
        *("A7", "A11", "H1", "H2", "H3", "H4", "H5", "H7", "H17", "H18", "H19", "H21", "H22"),
        *("I10", "I14", "J13", "K12", "L6", "O58"),
    }


@pytest.fixture(scope="module")
def arenas() -> Iterator[Callable[[str], Arena]]:
    """An arena for each backend: two executors with one worker each."""
    opened: dict[str, Arena] = {}
    executors: list[Executor] = []

    def get(backend: str) -> Arena:
        if backend not in opened:
            executors.extend(open_or_skip(backend) for _ in range(2))
            opened[backend] = Arena(*executors[-2:], backend)
        return opened[backend]

    yield get
    for executor in executors:
        executor.close()


def run_all(arena: Arena, section: str) -> Iterator[Outcome]:
    """Run what this backend is to run of one file."""
    for attack in attacks(section):
        if arena.jail.isolation == "none" and not attack.local:
            continue
        for check in attack.checks:
            yield arena.run(attack, check)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_attack_of_this_kind_succeeds(arenas, backend, section, record_property):
    arena = arenas(backend)
    outcomes = list(run_all(arena, section))
    record(outcomes, backend, record_property)
    broken = [outcome for outcome in outcomes if not outcome.ok and not is_known(outcome, backend)]
    counts = {
        "forged": sum(outcome.forged for outcome in broken),
        "harmed": sum(bool(outcome.harmed) for outcome in broken),
        "left": sum(bool(outcome.left) for outcome in broken),
        "other": sum(bool(outcome.wrong) and not outcome.forged for outcome in broken),
    }
    table = "\n".join(map(str, broken))
    assert counts == {"forged": 0, "harmed": 0, "left": 0, "other": 0}, f"\n{table}"


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_an_attack_must_be_seen_to_use_an_honest_program_does_not(arenas, backend):
    """So that a verdict which sees nothing of the attack cannot be as promised."""
    jail = arenas(backend).jail
    for attack in (attack for section in SECTIONS for attack in attacks(section) if attack.uses):
        for check in attack.checks:
            verdict = jail.run(attack.honest(check))
            said = vars(verdict.usage)
            enough = [u for u in attack.uses if u[1] == ">=" and said[u[0]] >= u[2]]
            assert (verdict.status, enough) == ("passed", []), (attack, check, verdict)


def is_known(outcome: Outcome, backend: str) -> bool:
    """Whether it is a weakness that docs/security.md lists, and did no harm to others."""
    return bool(outcome.attack.weakness(backend)) and not (outcome.harmed or outcome.left)


def record(
    outcomes: list[Outcome], backend: str, record_property: Callable[[str, object], None]
) -> None:
    """Hand on the table of rows and statuses, to the test report and to a file."""
    for status, count in sorted(Counter(outcome.status for outcome in outcomes).items()):
        record_property(status, count)
    lines = [described(outcome, backend) for outcome in outcomes]
    for line in lines:
        record_property("attack", json.dumps(line))
    if path := os.environ.get("CODEEVAL_ATTACKS"):
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)


def described(outcome: Outcome, backend: str) -> dict[str, object]:
    """Return an outcome as JSON types."""
    attack: Attack = outcome.attack
    return {
        "row": attack.row,
        "title": attack.title,
        "backend": backend,
        "check": outcome.check,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 2),
        "usage": vars(outcome.usage),
        "forged": outcome.forged,
        "harmed": outcome.harmed,
        "left": outcome.left,
        "wrong": outcome.wrong,
        "weakness": attack.weakness(backend),
    }
