"""Programs in each language but Python: what they may do, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import Limits, Program, Stdio
from codeeval.sandbox.verdict import Status
from tests.sandbox.conftest import BUBBLEWRAP, DOCKER, GVISOR, UNSAFE
from tests.sandbox.languages import TESTED, sections, source_of
from tests.sandbox.programs import LIMITS

VARIANTS = ("go-test", "rust-test", "typescript-untyped")
OTHERS = [name for name, each in LANGUAGES.items() if each.tool and name not in VARIANTS]
EVERYWHERE = ("cpp", "go", "java", "javascript", "ruby")
"""Those whose tools are installed on the machine as well."""
CASES = (("3 4\n", "7\n"), ("1 1\r\n", "2\n"))
PATIENT = replace(LIMITS, cpu_seconds=5.0, wall_seconds=20.0)
STATUSES = {
    "": (Status.PASSED, ""),
    "wrong": (Status.WRONG_ANSWER, "printed '-1"),
    "fails": (Status.RUNTIME_ERROR, "exit status"),
    "forever": (Status.TIMEOUT, "CPU time limit of 1.5 s"),
    "leaves": (Status.WRONG_ANSWER, "''"),
    "much": (Status.OUTPUT_LIMIT, "printed 4400000"),
    "heir": (Status.PASSED, ""),
    "deep": (Status.PASSED, ""),
    "memory": (Status.MEMORY_LIMIT, ""),
    "threads": (Status.PASSED, ""),
}
TEXT = ("Grüße, 世界 🎉!\r\n", f"12\n{2**200}\n{0.1 + 0.2}\n1.50\n")


def test_each_language_is_tested():
    assert set(TESTED) == set(OTHERS)


def verdict_of(executor, source, language, limits: Limits = PATIENT, cases=CASES):
    verdict = executor.run(Program(source, (Stdio(cases),), limits, language))
    assert verdict.sealed
    return verdict


@pytest.fixture(params=[DOCKER])
def one(request, pools):
    """An executor of Docker."""
    return pools(request.param)


def parts_of(*wanted: str):
    """Return pairs of a language and one of some parts that its file has."""
    return [
        (language, part)
        for language in TESTED
        for part in wanted
        if (part or "add") in sections(language)
    ]


@pytest.mark.parametrize(("language", "part"), parts_of(*STATUSES))
def test_statuses(one, language, part):
    status, message = STATUSES[part]
    limits = replace(PATIENT, cpu_seconds=1.5) if part == "forever" else PATIENT
    verdict = verdict_of(one, source_of(language, part), language, limits)
    assert verdict.status is status, (verdict.message, verdict.stderr)
    assert message in verdict.message


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_not_in_the_language(one, language):
    compiled = LANGUAGES[language].compiler
    verdict = verdict_of(one, source_of(language, "broken"), language)
    assert verdict.status is (Status.COMPILE_ERROR if compiled else Status.SYNTAX_ERROR)
    assert verdict.stderr
    assert verdict.results[0].completed == 0


@pytest.mark.parametrize(("language", "part"), parts_of("text"))
def test_texts_and_numbers(one, language, part):
    """Characters beyond ASCII and beyond 16 bits, large integers, all digits of a float."""
    verdict = verdict_of(one, source_of(language, part), language, cases=(TEXT,))
    assert verdict.message == ""


@pytest.mark.parametrize("sandbox", [UNSAFE, BUBBLEWRAP, GVISOR])
@pytest.mark.parametrize("language", EVERYWHERE)
def test_in_each_sandbox(pools, sandbox, language):
    executor = pools(sandbox)
    for part in ("", "fails", "heir"):
        status, _ = STATUSES[part]
        verdict = verdict_of(executor, source_of(language, part), language)
        assert verdict.status is status, (part, verdict.message, verdict.stderr)
