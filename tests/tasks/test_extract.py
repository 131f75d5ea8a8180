"""From a model's reply to the code in it."""

from __future__ import annotations

import ast
import gzip
import json

import pytest

from codeeval.tasks.extract import (
    EXTRACTIONS,
    Extracted,
    UnknownExtraction,
    block_with,
    cut_at_stop,
    cut_tests,
    extract,
    fence_auto,
    fence_first,
    fence_last,
    stop_sequences,
    strip_thinking,
)
from tests.data import data_path

F = "def f(x):\n    return x"
PROMPT = 'import math\n\n\ndef f(x):\n    """Say x."""\n'
BODY = "    return x\n"


def humaneval():
    with gzip.open(data_path("correctness", "humaneval", "HumanEval.jsonl.gz"), "rt") as file:
        return [json.loads(line) for line in file]


CHAT = "Sure! Here's the function (as you asked):\n\n{}\n\nIt's linear in `n`; see f(1) == 1."
SHAPES = {
    "fenced": lambda p, b: CHAT.format(f"```\n{p}{b}\n```"),
    "fenced with info string": lambda p, b: CHAT.format(f"```python title=x\n{p}{b}\n```"),
    "fenced by tildes": lambda p, b: CHAT.format(f"~~~python\n{p}{b}\n~~~"),
    "fenced body": lambda p, b: CHAT.format(f"```python\n{b}\n```"),
    "fenced before a use": lambda p, b: CHAT.format(
        f"```python\n{p}{b}\n```\nUse:\n```python\nprint(1)\n```"
    ),
    "fenced in a list": lambda p, b: CHAT.format(
        "1. So:\n" + "\n".join("   " + line for line in f"```python\n{p}{b}\n```".split("\n"))
    ),
    "opened by the chat template": lambda p, b: f"{p}{b}\n```\nThat's it.",
    "body": lambda p, b: b,
    "body, then prose": lambda p, b: f"{b}\n\nThat's it.",
    "program": lambda p, b: p + b,
    "program in prose": lambda p, b: CHAT.format(p + b),
    "unclosed": lambda p, b: f"Here it's:\n\n```python\n{p}{b}",
    "thought": lambda p, b: (
        f"<think>\nI'd write\n```python\nx(\n```\n</think>\n```python\n{p}{b}```"
    ),
    "thought of the template": lambda p, b: f"It's\n```\nx\n```\n</think>\n\n```\n{p}{b}\n```",
    "thought before a body": lambda p, b: f"<think>It's\n</think>{b}",
}


@pytest.mark.parametrize("kind", ["completion", "solution"])
@pytest.mark.parametrize("shape", SHAPES)
def test_fence_auto_finds_every_humaneval_reference(shape, kind):
    """The program found is the reference: its last definition does what the reference's does."""
    records = humaneval()
    assert len(records) == 164
    for record in records:
        prompt, body, name = record["prompt"], record["canonical_solution"], record["entry_point"]
        reply = SHAPES[shape](prompt, body)
        found = extract("fence-auto", reply, prompt=prompt, entry_point=name, kind=kind, stops=())
        assert found.text is not None
        program = prompt + found.text if found.kind == "completion" else found.text
        assert last_definition(program, name) == last_definition(prompt + body, name), reply


def last_definition(program, name):
    """Return the function as a tree, with the helpers that HumanEval's prompts put before it."""
    functions = [n for n in ast.parse(program).body if isinstance(n, ast.FunctionDef)]
    return ast.dump({function.name: function for function in functions}[name])


def test_stop_sequences_are_those_of_the_harnesses():
    assert stop_sequences("humaneval", "lm-eval") == ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
    assert stop_sequences("mbpp", "lm-eval") == ("[DONE]",)
    assert "\n<|/" in stop_sequences("mbpp", "bigcode")
    assert set(stop_sequences("mbpp", "evalplus")) < set(stop_sequences("mbpp", "evalplus-direct"))
    assert stop_sequences("mbpp", "evalplus") == stop_sequences("humaneval", "evalplus")


@pytest.mark.parametrize("key", [("humaneval", "nobody"), ("apps", "bigcode")])
def test_unknown_stop_sequences_name_the_known(key):
    with pytest.raises(UnknownExtraction, match="humaneval lm-eval"):
        stop_sequences(*key)


def test_text_is_cut_at_the_earliest_stop():
    assert cut_at_stop("a\nprint\ndef", ["\ndef", "\nprint", ""]) == "a"
    assert cut_at_stop("a", ["\ndef"]) == cut_at_stop("a", []) == "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<think>b</think>c<think>d</think>e", "ace"),
        ("<thinking>b</thinking>c", "c"),
        ("b\n</think>\nc", "\nc"),
        ("\n<think>b", ""),
        ("say `<think>` once", "say `<think>` once"),
        ("s.split('</think>')", "s.split('</think>')"),
    ],
)
def test_thinking_is_removed(text, expected):
    assert strip_thinking(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n```python\nb\nc\n```\n```\nd\n```", "b\nc"),
        ("```\nb\n```", "b"),
        ("```c++\nb\n```\nd\n```", "d"),  # an info string must be a word; the end then opens
        ("```\nb", None),
        ("b", None),
    ],
)
def test_fence_first(text, expected):
    assert fence_first(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```\na\n```\nb\n```python\nc\n```", "c"),
        ("```\na\n```\nb\n```python\nc", "b"),  # cut off: what stood between the pair before
        ("say ```x``` and\nb\n```", "b"),
        ("```\na", ""),
        ("a", ""),
    ],
)
def test_fence_last(text, expected):
    assert fence_last(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"```\n{F}\n```\n```\nprint(f(1))\n```", F),
        (f"```\n{F}1\n```\n```\n{F}2\n```", f"{F}2"),
        (f"```\n{F}1\n```\n```\n{F} (\n```", f"{F}1"),
        (f"```\n{F}1\n\n```python\n{F}2\n```", f"{F}2"),
        ("```\nclass Solution:\n    def f(self): 1\n```\n```\n1\n```", None),
        ("```\nf = lambda x: x\n```\n```\nf(1)\n```", "f = lambda x: x"),
        ("```\nasync def f(x): 1\n```", "async def f(x): 1"),
        (f"~~~~\n{F}\n~~~\n~~~~", f"{F}\n~~~"),
        ("1. So\n   ```py\n   def f(x):\n       return x\n   ```", F),
        ("```\n    def f(x):\n        return x\n```", F),
        ('```\ndef f():\n    """\n    ```\n    f()\n    ```\n    """\n```\nBye', None),
        ("Hello\n@cache\ndef f(x):\n    return x\nIt's done", "@cache\ndef f(x):\n    return x"),
        (f"Well, it's\n{F}\n\nExample:\n```\nprint(f(1))\n```", F),
        ("```\ndef g(x): 1\n```", "def g(x): 1"),
    ],
)
def test_fence_auto_takes_the_block_that_defines_the_entry_point(text, expected):
    if expected is None:
        expected = text.removeprefix("```\n").partition("\n```\n")[0]
    assert fence_auto(text, "f") == expected


def test_fence_auto_without_an_entry_point_takes_the_last_block_of_python():
    assert fence_auto("```\na\n```\n```\nb\n```", None) == "b"
    assert fence_auto("```python\na\n```\nprints\n```\n8\n```", None) == "a"
    assert fence_auto("a = 1\nb = 2", "") == "a = 1\nb = 2"
    assert fence_auto("It's\na = 1\nb = 2", None) == "a = 1\nb = 2"


def test_fence_auto_joins_a_body_to_the_prompt():
    assert fence_auto(BODY, "f", PROMPT) == PROMPT + BODY
    assert fence_auto(f"So:\n```\n{BODY}```", "f", PROMPT) == PROMPT + BODY.rstrip("\n")
    broken_off = fence_auto(f"{BODY}def broken(", "f", PROMPT)
    assert broken_off == (PROMPT + BODY).replace("\n\n\n", "\n").rstrip()
    assert fence_auto("def f(x):\n    return 2", "f", PROMPT) == "def f(x):\n    return 2"


CASES = [
    ("none", "completion", "```", Extracted("```", "completion")),
    ("none", "solution", "```", Extracted("```", "solution")),
    ("stop", "completion", "    return x\ndef g", Extracted("    return x", "completion")),
    ("stop", "solution", f"{PROMPT}{BODY}\ndef g", Extracted(f"{PROMPT}{BODY}", "solution")),
    ("stop", "solution", f"{F}\ndef g", Extracted(F, "solution")),
    ("fence-first", "completion", F, Extracted(None, "completion")),
    ("fence-first", "solution", F, Extracted(None, "solution")),
    ("fence-first", "completion", f"```\n{F}\n```", Extracted(F, "completion")),
    ("fence-first", "solution", f"```\n{F}\n```", Extracted(F, "solution")),
    ("fence-last", "completion", f"```\n{BODY}```", Extracted(BODY.rstrip("\n"), "completion")),
    ("fence-last", "solution", f"```\n{F}", Extracted(None, "solution")),
    ("fence-auto", "completion", BODY, Extracted(PROMPT + BODY, "solution")),
    ("fence-auto", "completion", f"```\n{F}\n```", Extracted(F, "completion")),
    ("fence-auto", "solution", f"```\n{F}\n```", Extracted(F, "solution")),
    ("fence-auto", "solution", BODY, Extracted(PROMPT + BODY, "solution")),
    ("fence-auto", "solution", "<think>", Extracted(None, "solution")),
    (
        "fence-auto",
        "completion",
        f"```\nfrom __future__ import annotations\n{F}\n```",
        Extracted(f"from __future__ import annotations\n{F}", "solution"),
    ),
    (
        "evalplus",
        "completion",
        f"{BODY}print(f(1))",
        Extracted('import math\ndef f(x):\n    """Say x."""\n\n    return x', "solution"),
    ),
    ("evalplus", "solution", f"It's\n{F}\nf(1)", Extracted(F, "solution")),
    (
        "bigcodebench",
        "completion",
        f"{BODY}g = f",
        Extracted('import math\ndef f(x):\n    """Say x."""\n\n    return x', "solution"),
    ),
    ("bigcodebench", "solution", "def f():\n    1\nf()", Extracted("def f():\n    1", "solution")),
    ("codeeval-pro", "completion", f"{BODY}# Test\nf", Extracted(BODY, "completion")),
    ("codeeval-pro", "solution", f"{F}\nif __name__", Extracted(f"{F}\n", "solution")),
]


@pytest.mark.parametrize(("mode", "kind", "text", "expected"), CASES)
def test_each_extraction_for_each_kind(mode, kind, text, expected):
    found = extract(mode, text, prompt=PROMPT, entry_point="f", kind=kind, stops=("\ndef",))
    assert found == expected


def test_every_extraction_has_a_case_of_each_kind_and_bears_an_empty_reply():
    assert {(mode, kind) for mode, kind, _, _ in CASES} == {
        (mode, kind) for mode in EXTRACTIONS for kind in ("completion", "solution")
    }
    for mode in EXTRACTIONS:
        for kind in ("completion", "solution"):
            extract(mode, "", prompt="", entry_point=None, kind=kind, stops=())


def test_a_stripped_prompt_is_not_cut_either():
    text = PROMPT.strip() + "\n    return x\ndef g"
    found = extract("stop", text, prompt=PROMPT, entry_point="f", kind="solution", stops=["\ndef"])
    assert found.text == text.removesuffix("\ndef g")


def test_an_unknown_extraction_names_the_known():
    with pytest.raises(UnknownExtraction, match="'fences'; known: none, stop, "):
        extract("fences", "", prompt="", entry_point=None, kind="solution", stops=())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a # Test b if __name__", "a # Test b "),
        ("a # Example b # Test c", "a # Example b "),
        ("a # Example b", "a "),
        ("a # Examples", "a # Examples"),
        ("a", "a"),
    ],
)
def test_only_the_first_rule_of_codeeval_pro_cuts(text, expected):
    assert cut_tests(text) == expected


def test_the_block_with_a_name():
    text = "Run `g`:\n```sh\nmake\n```\nIt is:\n```c++\nint f() {}\n```\nOr:\n```\nf()\n```\n"
    assert block_with(text, "f") == "int f() {}"
    assert block_with(text, "ff") == "make"
    assert block_with("int f() {}", "f") is None
    assert block_with("````markdown\n```r\nf <- 1\n```\n````\n", "f") == "f <- 1"
    assert block_with("```c#\n  f();\n  ```", "f") == "  f();"
    assert block_with("```\n" * 50_000, "f") == ""
