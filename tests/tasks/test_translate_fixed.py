"""The fixed dialect: rows without what is wrong with the published ones."""

from __future__ import annotations

import ast
import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.tasks.endings import finished
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample
from codeeval.tasks.translate.directed import fractional, natural, without_none
from codeeval.tasks.translate.fixed import DIALECTS, FIXED
from codeeval.tasks.translate.fixed.corrected import worded
from codeeval.tasks.translate.languages import TRANSLATORS
from codeeval.tasks.translate.source import Type, Untranslatable, read_signature
from codeeval.tasks.translate.translator import translate
from codeeval.translating import Source, compiled
from tests.codeeval.command import run
from tests.data import data_path

TRICKY = 'a"b\\c\n$x @y #{z} é\x01'
PROMPT = '''def f(text: str, at: float, rows: Dict[str, List[int]]) -> Tuple[int, float]:
    """ Write a python function: an array or a list of lists; dictionaries, listen.
    >>> f("a", 1, {})
    (1, 2)
    >>> f(x for x in y)
    3
    """
'''


def data(name: str) -> str:
    return (Path(__file__).parent / name).read_text("utf-8")


def source(asserts: str, prompt: str = PROMPT) -> Source:
    lines = "".join(f"    assert {each}\n" for each in asserts.splitlines())
    return Source("Toy_1_f", prompt, f"def check(candidate):\n{lines}")


def row_of(language: str, asserts: str, prompt: str = PROMPT) -> dict[str, str]:
    (row,) = compiled(
        [source(asserts, prompt)], language, doctests="transform", dialect="fixed"
    ).rows
    return row


def test_every_published_language_has_a_fixed_class():
    assert len(FIXED) == 19
    for language, made in FIXED.items():
        assert made.name == TRANSLATORS[language].name
        assert made.words == TRANSLATORS[language].words
        assert made.stop_tokens == TRANSLATORS[language].stop_tokens
        assert made.dialect == "fixed"
        assert made.wrong


CALLS = dict(re.findall(r"#### (\w+)\n(.*)\n", data("fixed_rows.txt")))
"""What stands in the tests of each language for a call with strange strings, and an empty list."""


@pytest.mark.parametrize("language", FIXED)
def test_tricky_values_are_written_as_the_language_wants_them(language):
    rows = "{}" if language == "bash" else "{'k': [], 'l': [1]}"
    row = row_of(language, f"candidate({TRICKY!r}, 1, {rows}) == (1, 2)")
    assert CALLS[language] in row["tests"]
    assert row["dialect"] == "fixed"
    assert "f(x for x in y)" in row["prompt"], "an example that is none stays as it is"
    assert "listen" in row["prompt"]
    title = FIXED[language].title
    assert f"a {title} function" in row["prompt"] or f"an {title} function" in row["prompt"]


@pytest.mark.parametrize("language", FIXED)
def test_numbers_that_cannot_be_written_are_left_out_with_the_reason(language):
    huge = str(3**80)  # no double is equal to it
    prompt = 'def f(n: int, at: float) -> int:\n    """ One """\n'
    asserts = f"candidate(1, 2.5) == 3\ncandidate({huge}, 0.5) == 1\ncandidate(1, inf) == 1"
    found = compiled([source(asserts, prompt)], language, dialect="fixed")
    assert len(found.rows) == 1
    reasons = "; ".join(found.left_out)
    assert "inf" in reasons
    unlimited = language in ("bash", "python", "racket", "ruby")
    assert ("an integer" in reasons) is not unlimited


def test_a_problem_without_an_assertion_is_refused():
    found = compiled([source("candidate(x, 1, {}) == (1, 2)")], "java", dialect="fixed")
    assert "no assertion is left" in found.refused["Toy_1_f"]
    big = ", ".join("int" for _ in range(11))
    prompt = f'def f(n: int) -> Tuple[{big}]:\n    """ One """\n'
    asserts = f"candidate(1) == ({', '.join('1' for _ in range(11))})"
    found = compiled([source(asserts, prompt)], "java", dialect="fixed")
    assert found.refused == {"Toy_1_f": "a tuple of more than 10 items"}


def test_published_rows_do_not_name_a_dialect():
    (row,) = compiled([source("candidate('a', 1, {}) == (1, 2)")], "python").rows
    assert "dialect" not in row
    assert set(DIALECTS) == {"published", "fixed"}


@pytest.mark.parametrize("language", FIXED)
def test_no_more_of_humaneval_is_refused_than_in_the_published_dialect(language):
    path = data_path("multilingual/multipl-e/humaneval/humaneval-py.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    sources = [Source(row["name"], row["prompt"], row["tests"]) for row in rows]
    published = compiled(sources, language, doctests="transform")
    fixed = compiled(sources, language, doctests="transform", dialect="fixed")
    assert set(fixed.refused) <= set(published.refused)
    assert sum(fixed.left_out.values()) <= sum(published.left_out.values()) + 1


@pytest.mark.parametrize(
    ("language", "types", "expected"),
    [
        ("cpp", "Union[int, str]", "std::variant<long, std::string>"),
        ("cpp", "Union[int, str, None]", "std::optional<std::variant<long, std::string>>"),
        ("java", "Tuple[int, str, bool]", "Triplet<Long, String, Boolean>"),
        ("java", "Tuple[float]", "Unit<Double>"),
        ("julia", "Dict[str, int]", "Dict{String, Int64}"),
        ("rust", "Tuple[int]", "(isize,)"),
        ("typescript", "List[Optional[int]]", "(number | undefined)[]"),
        ("go", "Dict[str, List[int]]", "map[string][]int"),
        ("d", "Dict[str, List[float]]", "double[][string]"),
        ("scala", "Union[int, str]", "Either[Long, String]"),
        ("csharp", "Optional[float]", "Nullable<double>"),
    ],
)
def test_types_in_the_head(language, types, expected):
    prompt = f'def f(x: {types}) -> int:\n    """ One """\n'
    assert expected in FIXED[language](read_signature(prompt)).prompt("One")


def test_values_that_may_be_of_several_types():
    prompt = 'def f(x: Union[float, int, str]) -> Optional[int]:\n    """ One """\n'
    asserts = "candidate(3) == None\ncandidate(2.5) == 1\ncandidate('a') == 1"
    tests = row_of("cpp", asserts, prompt)["tests"]
    kind = "std::variant<double, long, std::string>"
    for value in ("long(3)", "double(2.5)", 'std::string("a")'):
        assert f"candidate({kind}({value}))" in tests
    assert "== (std::optional<long>()));" in tests
    with pytest.raises(Untranslatable):
        natural(ast.parse("x + 1", mode="eval").body)
    assert without_none(Type("Union", (Type("int"), Type("None")))) == Type(
        "Optional", (Type("int"),)
    )
    assert fractional(Type("Dict", (Type("str"), Type("float"))))


def test_more_pairs_than_java_has_a_method_for():
    prompt = 'def f(x: Dict[int, int]) -> int:\n    """ One """\n'
    tests = row_of("java", f"candidate({dict.fromkeys(range(11), 0)}) == 1", prompt)["tests"]
    assert "new HashMap<Long,Long>(Map.ofEntries(Map.entry(0l, 0l), " in tests


def test_names_that_a_language_has_for_itself():
    prompt = 'def f(new: int, range: int) -> int:\n    """ One """\n'
    assert "long new_, long range" in row_of("java", "candidate(1, 2) == 3", prompt)["prompt"]
    assert "new int, range_ int" in row_of("go", "candidate(1, 2) == 3", prompt)["prompt"]
    prompt = prompt.replace("f(", "strlen(")
    assert "function strlen_($new" in row_of("php", "candidate(1, 2) == 3", prompt)["prompt"]
    row = row_of("scala", "candidate(1, 2) == 3", prompt.replace("strlen(", "match("))
    assert "def match_(new_ : Long" in row["prompt"]
    assert "match_(1L, 2L)" in row["tests"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a list, an array, a tuple", "a vector, a vector, an array"),
        ("lists of dictionaries", "vectors of hashes"),
        ("listen, Nonetheless, python_list", "listen, Nonetheless, python_list"),
        ("a python function; Python", "an R function; R"),
        ("True, False or None.", "TRUE, FALSE or NULL."),
        ("A list", "A vector"),
    ],
)
def test_only_whole_words_are_said_otherwise(text, expected):
    words = ("R", "r", "vector", "vector", "array", "hash", "NULL", "TRUE", "FALSE")
    assert worded(text, words, "R") == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("java", "  if (x) { y(); }\n  z();\n}\n\nvoid g() {}", "  if (x) { y(); }\n  z();\n}\n"),
        ("d", "{\n\n  return '}';\n}\n\nvoid g() {}", "{\n\n  return '}';\n}\n"),
        ("lua", "  local x\n\n  return x\nend\n\nf()", "  local x\n\n  return x\nend\n"),
        ("racket", "  (+ 1 2) ; )\n)\n(f)", "  (+ 1 2) ; )\n)\n"),
        ("python", "    x = 1\n\n    return x\nprint(1)", "    x = 1\n\n    return x"),
        ("perl", "    return {};\n}\nsub g {}", "    return {};\n}\n"),
        ("ruby", "  1 end", None),
    ],
)  # fmt: skip
def test_a_completion_ends_with_its_function(language, text, expected):
    assert finished(text, language) == expected


def test_rows_of_the_dialect_make_programs(tmp_path):
    path = tmp_path / "rows.jsonl"
    row = row_of("java", "candidate('a', 1, {}) == (1, 2)")
    path.write_text(json.dumps(row))
    task = load_task("multipl-e", data_file=path)
    (problem,) = task.problems()
    body = '  String a = "}";\n\n  if (at > 1) { return null; }\n  return null;\n}\n'
    text = task.source(problem, Sample(problem.id, 0, completion=f"{body}\n}}\n\nclass X {{ }}\n"))
    assert "class X" not in text
    assert text.count("{") == text.count("}") - 1, "one of them is in a text"
    path.write_text(json.dumps({**row, "dialect": "x"}))
    with pytest.raises(DataError, match="field 'dialect' must be one of published, fixed, not 'x'"):
        list(load_task("multipl-e", data_file=path).problems())


def test_the_command_line_has_the_dialect(tmp_path):
    done = run("translate", "starter", "--to", "lua", "--dialect", "x", cwd=tmp_path)
    assert (done.code, "--dialect must be one of published, fixed" in done.err) == (2, True)


@given(st.text())
def test_strings_survive_python(value):
    try:
        found = FIXED["python"](read_signature(PROMPT)).text(value)
    except Untranslatable:
        return
    assert ast.literal_eval(found) == value


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_strings_survive_javascript():
    every = [chr(n) for n in (*range(0x250), 0x2028, 0x200B, 0xFEFF, 0x1F600, 0xE0001)]
    values = ["".join(every), *(f"{each}1f" for each in every), TRICKY]
    made = FIXED["javascript"](read_signature(PROMPT))
    script = f"process.stdout.write(JSON.stringify([{','.join(map(made.text, values))}]))"
    done = subprocess.run(["node", "-e", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == values
    with pytest.raises(Untranslatable, match="half a character"):
        made.text("\ud800")


def test_an_example_of_the_published_dialect_still_refuses_the_problem():
    with pytest.raises(Untranslatable, match="the expression"):
        translate(
            TRANSLATORS["lua"], PROMPT, "def check(candidate):\n    assert candidate() == 1\n"
        )
