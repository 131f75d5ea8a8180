"""The compiler of problems to other languages gives the rows that MultiPL-E has published."""

from __future__ import annotations

import gzip
import json

import pytest

from codeeval.tasks.translate.languages import TRANSLATORS
from codeeval.tasks.translate.source import Untranslatable, read_assertions, read_signature
from codeeval.tasks.translate.translator import commented, flushed, said_in, translate
from tests.data import data_path

ROWS = {"bash": 158, "csharp": 158, "d": 156, "go": 154, "java": 158, "julia": 159, "rust": 156}
ROWS |= {"scala": 160, "swift": 158, "typescript": 159}
UNPUBLISHED = {"bash": {"7", "29"}}
"""Problems that the rules can translate, and that are not among the published rows all the same."""
OWN = ("ada", "c", "haskell", "ocaml", "octave")
"""Languages of which no rows are published here; see test_translate_more.py."""
PUBLISHED = [language for language in TRANSLATORS if language not in OWN]
PROMPT = '''from typing import List, Dict, Optional

def pair_sum(xs: List[int], target: int) -> bool:
    """ Return True if two different positions of the list add up to target.
    >>> pair_sum([1, 2, 4], 6)
    True
    """
'''
TESTS = """def check(candidate):
    assert candidate([1, 2, 4], 6) == True
    assert candidate([], 0) == False
"""


def rows(short: str) -> dict[str, dict[str, str]]:
    name = "go" if short == "go_test.go" else short
    path = data_path(f"multilingual/multipl-e/humaneval/humaneval-{name}.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {row["name"]: row for row in map(json.loads, file)}


@pytest.mark.parametrize("language", PUBLISHED)
def test_the_published_rows_come_out_byte_for_byte(language):
    made = TRANSLATORS[language]
    published = rows(made.name)
    assert len(published) == ROWS.get(language, 161)
    alike, dropped = 0, set()
    for name, row in rows("py").items():
        number = name.split("_")[1]
        try:
            found = translate(made, row["prompt"], row["tests"])
        except Untranslatable:
            dropped.add(name)
            continue
        if number in UNPUBLISHED.get(language, ()):
            continue
        expected = published[name]
        prompt = expected["prompt"]
        if language == "d" and "import std.typecons;" not in prompt:  # by an accident of state
            prompt = prompt.replace(
                "import std.math;\n", "import std.math;\nimport std.typecons;\n"
            )
        assert found.prompt == prompt, name
        assert found.tests == expected["tests"], name
        assert list(found.stop_tokens) == expected["stop_tokens"]
        alike += 1
    assert alike == len(published)
    assert not dropped & set(published)


def test_all_languages_have_names_and_words():
    assert len({made.name for made in TRANSLATORS.values()}) == len(TRANSLATORS) == 24
    assert all(len(made.words) == 9 for made in TRANSLATORS.values())


def test_the_words_are_those_of_the_benchmark():
    """All but one: in Bash's published rows arrays are not called lists."""
    path = data_path("multilingual/multipl-e/terms.csv")
    lines = path.read_text("utf-8").splitlines()
    known = {fields[1]: tuple(fields) for fields in (line.split(",") for line in lines[1:])}
    for language in (*PUBLISHED, "haskell", "ocaml"):
        made = TRANSLATORS[language]
        words = known["go" if made.name == "go_test.go" else made.name]
        if language == "bash":
            words = (*words[:2], "array", *words[3:])
        assert made.words == words, language


@pytest.mark.parametrize("language", TRANSLATORS)
def test_examples_may_be_kept_or_removed(language):
    made = TRANSLATORS[language]
    kept = translate(made, PROMPT, TESTS, doctests="keep", reworded=False)
    assert "pair_sum([1, 2, 4], 6)" in kept.prompt
    assert "Return True if two different positions of the list" in kept.prompt
    removed = translate(made, PROMPT, TESTS, doctests="remove")
    assert ">>>" not in removed.prompt
    bare = PROMPT.replace("    >>> pair_sum([1, 2, 4], 6)\n    True\n", "")
    with pytest.raises(Untranslatable, match="no examples"):
        translate(made, bare, TESTS, doctests="remove")


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("def f(", "no Python"),
        ('def f(x: int) -> int:\n    """ One """\ndef g():\n', "more than one function"),
        ("def f(x: int) -> int:\n", "no docstring"),
        ('def f(x: int = 3) -> int:\n    """ One """\n', "not all plain"),
        ('def f(*x: int) -> int:\n    """ One """\n', "not all plain"),
        ('def f(x: a.b) -> int:\n    """ One """\n', "the type a.b"),
        ('def f(x: Set[int]) -> int:\n    """ One """\n', r"the type Set\[int\]"),
        ('def f(x) -> int:\n    """ One """\n', "a type is missing"),
        (
            'def f(x: int) -> int:\n    """ One\n    >>> f(1) + 1\n    2\n    """\n',
            r"the expression f\(1\) \+ 1",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(prompt, reason):
    with pytest.raises(Untranslatable, match=reason):
        translate(TRANSLATORS["rust"], prompt, TESTS)


def test_an_assertion_that_cannot_be_said_is_left_out_with_the_reason():
    tests = f"METADATA = {{}}\n\n{TESTS}    assert candidate([x for x in y], 0) == True\n"
    found = translate(TRANSLATORS["lua"], PROMPT, tests)
    assert found.left_out == ("the expression [x for x in y]",)
    assert found.tests.count("lu.assertEquals") == 2
    with pytest.raises(Untranslatable, match="a test that is no assertion: x = 1"):
        translate(TRANSLATORS["lua"], PROMPT, f"{TESTS}    x = 1\n")
    with pytest.raises(Untranslatable, match="no function"):
        read_assertions("assert f(1) == 2")


def test_words_and_comments():
    words = ("R", "r", "array list", "list", "list", "named list", "NULL", "TRUE", "FALSE")
    assert said_in("an array, a dictionary, a list", words) == "an array list, a named list, a list"
    assert said_in("a tuple", (*words[:4], "array", *words[5:])) == "an array"
    assert commented(" one\n\n    two\n", "// ") == "// one\n// two\n"
    assert flushed(" one\n\n    two\n      three\n") == " one\ntwo\n  three"
    signature = read_signature(PROMPT)
    assert [(name, str(kind)) for name, kind in signature.parameters] == [
        ("xs", "List[int]"),
        ("target", "int"),
    ]
