"""Sanitizing gives what EvalPlus and BigCodeBench give, only sooner."""

from __future__ import annotations

import ast
import gzip
import json
import random
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeeval.tasks.sanitize import (
    calibrate,
    longest_parsing_range,
    program_defining,
    sanitize,
    sanitize_bigcodebench,
)
from tests.data import data_path

CHATTY = """\
Here is some python code generated
import numpy as np
Sorry, I forgot to mention
from numpy import sin, cos, tan

def f(x):
    return tan(x)
As you can observe"""

LINES = [
    *(
        "",
        "   ",
        "# note",
        "    # deep",
        "x = 1",
        "import os",
        "def f(x):",
        "    return x",
        "    pass",
    ),
    *("if x:", "elif y:", "else:", "try:", "except E:", "finally:", "    try:", "    except E:"),
    *(
        "@dec",
        "class A:",
        "match x:",
        "    case 1:",
        "        return 2",
        "while 1: pass",
        "else: 1",
    ),
    *("It's prose", "Sure!", "Note: this", "(", "[1,", "2]", ")", '"""', "'''", "x = '''", "\\"),
    *("x = 1 \\", "    + 2", "\tx", "        x", "x = f'{y!r}'", "```", "Here is (a", "lambda: 0"),
    *("try: pass", "x; y", "if 1: x = 2", "case = 3", "match = 4", "print(1)", "\r", "a\rb = 1"),
    *(
        "\x0c",
        "\x00",
        "\ud800",
        "\ufeffx = 1",
        "async def g():",
        "    await x",
        "é = 'ü'",
        "1if x else 2",
    ),
    *("'\\d'", "0x1for x in y", "\x1c", "try:\r", "    x\r", "x = 1 \\\r", "2 \\", "  \\", "℘ = 1"),
]


def humaneval():
    with gzip.open(data_path("correctness", "humaneval", "HumanEval.jsonl.gz"), "rt") as file:
        return [json.loads(line) for line in file]


def is_module(text):
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def longest_of_all_pairs(text):
    """The definition: every pair of lines, in order."""
    lines = text.split("\n")
    best, longest = lines[:1], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for first in range(len(lines)):
            for last in range(first + 1, len(lines)):
                chosen = lines[first : last + 1]
                filled = sum(1 for line in chosen if line.strip())
                if filled > longest and is_module("\n".join(chosen)):
                    best, longest = chosen, filled
    return "\n".join(best)


@settings(max_examples=6000, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=9))
def test_range_is_that_of_all_pairs_for_random_lines(lines):
    text = "\n".join(lines)
    assert longest_parsing_range(text) == longest_of_all_pairs(text)


@settings(max_examples=6000, deadline=None)
@given(st.text(alphabet="ax1 \t\n\n\r\\:()['\"#{}f,=@;\x0c", max_size=40))
def test_range_is_that_of_all_pairs_for_random_characters(text):
    assert longest_parsing_range(text) == longest_of_all_pairs(text)


@pytest.mark.parametrize("seed", range(40))
def test_range_is_that_of_all_pairs_for_mangled_programs(seed):
    chance = random.Random(seed)
    record = chance.choice(humaneval())
    lines = f"{record['prompt']}{record['canonical_solution']}{record['test']}".split("\n")[:40]
    for _ in range(chance.randrange(8)):
        place = chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                del lines[place]
            case 1:
                lines[place] = lines[place][chance.randrange(5) :]
            case _:
                lines.insert(place, chance.choice(LINES))
    text = "\n".join(lines)
    assert longest_parsing_range(text) == longest_of_all_pairs(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("one line only", "one line only"),
        ("no code\nat all here", "no code"),
        ("a = 1\nb c\nd = 2\n", "d = 2\n"),  # a range has two lines; the blank one counts for that
        ("\n\na = 1\nb = 2\n\n", "\n\na = 1\nb = 2"),  # first found: blanks before, none after
        ("a = 1\nb = 2\nno code\nc = 3\nd = 4", "a = 1\nb = 2"),
        ("a = 1\x00\nb = 2\nc = 3", "b = 2\nc = 3"),
        ("x = " + "(" * 300 + "1" + ")" * 300 + "\nb = 2\nc = 3", "b = 2\nc = 3"),
    ],
)
def test_range_at_the_edges(text, expected):
    assert longest_parsing_range(text) == expected


def test_chatty_reply_keeps_imports_and_function():
    expected = "from numpy import sin, cos, tan\ndef f(x):\n    return tan(x)"
    assert sanitize(CHATTY) == sanitize(CHATTY, "f") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(x):\n    return 1\ndef f(x):\n    return 2", "def f(x):\n    return 1"),
        ("def f(x):\n    return g\ndef g():\n    print(1)", "def f(x):\n    return g"),
        ("import functools\n@functools.lru_cache\ndef f(n):\n    return n", "import functools"),
        ("a, b = 1, 2\ndef f(): return a", "def f(): return a"),
        ("x = 1\nx += 1\ndef f():\n    return x", "x = 1\ndef f():\n    return x"),
        ("x: int = 3\ndef f():\n    return x", "x: int = 3\ndef f():\n    return x"),
        ("def f():\n    print(1)\n", "def f():\n    print(1)"),
        ("def f(): return 1", "def f(): return 1"),
        ("async def f():\n    return 1\nf()", "async def f():\n    return 1"),
        ("import a; x = 1; f = x; print(f)\n\n", "import a\nx = 1\nf = x"),
        ("f = 1\nif f:\n    import b\nfrom c import d", "from c import d\nf = 1"),
        ("a.b = f\nf = 3", "a.b = f"),  # goes by the name of its value
        ("from __future__ import annotations\nf = 1", "f = 1"),
        ("\x1b[31mf = 1\x1b[0m\ng = 2", "f = 1"),
        ("class A: pass\ndef f():\n    return A.b(c=d)\nd = 1\nc = 2\nz = 3\n", None),
        ("def f():\n    return 1  # one\n    # two\n\n    # three\n# four\n", None),
    ],
)
def test_worked_cases_with_an_entry_point(text, expected):
    if expected is None:
        expected = text.partition("z = 3")[0].partition("# four")[0].rstrip()
        head, _, rest = expected.partition("def f")
        expected = f"{head}def f{rest}"
    assert sanitize(text, "f") == expected


def test_without_an_entry_point_all_names_stay_but_only_one_without_a_name():
    text = "a, b = 1, 2\nc, d = 3, 4\n(e) = 5\ndef g():\n    return 1\nprint(g())"
    assert sanitize(text) == "a, b = 1, 2\ndef g():\n    return 1"


def test_bigcodebench_wants_no_return_and_cuts_trailing_uses():
    text = "import a\ndef f():\n    print(a)\nx = f\ny = x"
    assert sanitize_bigcodebench(text, "f") == "import a\ndef f():\n    print(a)"
    assert sanitize_bigcodebench("def f():\n    return x\nx = f()\n", "f") == (
        "def f():\n    return x"
    )


def test_bigcodebench_loses_a_function_of_one_line():
    assert sanitize_bigcodebench("import a\ndef f(): return 1", "f") == "import a"


def test_calibration_gives_the_prompt_back():
    reply = "So:\n```python\n    return 1\n```"
    assert calibrate(reply, "def f():\n") == "So:\n```python\ndef f():\n    return 1\n```"


def test_program_defining_keeps_what_sanitizing_loses():
    program = (
        "from __future__ import annotations\ntry:\n    import gmpy\nexcept ImportError:\n"
        "    gmpy = None\nimport sys\nsys.setrecursionlimit(10**6)\na, b = 1, 2\nmemo = {}\n"
        "memo[0] = a\na += 1\n@cache\ndef f(n):\n    return gmpy, memo, b"
    )
    uses = "assert f(1)\nprint(f(2))\nfor n in f(3):\n    print(n)"
    text = f"Sure\nNote: this\n{program}\n{uses}\nIt's done"
    assert program_defining(text, "f") == program
    assert program_defining(text, "g") is None


@pytest.mark.parametrize("shape", ["prose", "program", "broken", "unclosed", "bad try"])
def test_three_hundred_lines_take_less_than_a_fifth_of_a_second(shape):
    program = "\n".join(r["prompt"] + r["canonical_solution"] for r in humaneval()[:12])
    lines = program.split("\n")
    if shape == "prose":
        lines = lines[:100] + ["This is a sentence (of a reply), isn't it?"] * 200
    elif shape == "broken":
        lines = ["def f():", *("    " + line for line in lines), "      oops", "f("]
    elif shape == "unclosed":
        lines = ["- see (this"] * 300
    elif shape == "bad try":
        lines = ["try:", *("    " + line for line in lines), "done"]
    text = "\n".join(["Of course! Here is it:", *lines[:300]])
    spent = []
    for _ in range(3):
        started = time.perf_counter()
        sanitize(text, "f")
        spent.append(time.perf_counter() - started)
    assert min(spent) < 0.2
