"""Functions are found in texts, and put where a prompt has a place for them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.tasks.functions import ASIDE, bare, closed, depth_of, function_in, placed

RUST = "use std::collections::HashMap;\n\n/// Add f.\nfn f(n: i32) -> i32 {\n"
GO = 'package f_test\n\nimport (\n    "testing"\n    "fmt"\n)\n\n// Add.\nfunc f(n int) int {\n'
D = "import std.math;\n/*\n Add.\n>>> f(1L)\n2L\n*/\nlong f(long n) \n"


@pytest.mark.parametrize(
    ("language", "text", "depth"),
    [
        ("rust", "fn f<'a>(s: &'a str) { let c = '{'; // {\n", 1),
        ("javascript", "const s = '//{'; const t = `{`; /* { */ {", 1),
        ("php", "# {\n$a['x{'] = 1; {", 1),
        ("go", 's := `{`; t := "\\"{"; {', 1),
        ("csharp", "namespace A\n{\n class B\n {\n", 2),
    ],
)
def test_braces_in_texts_and_comments_do_not_count(language, text, depth):
    assert depth_of(text, language) == depth


@pytest.mark.parametrize(
    ("language", "text", "depth", "whole"),
    [
        ("cpp", "  x;\n}\nmore", 1, "  x;\n}\n"),
        ("cpp", "  if (a) { b }\n}\n", 1, "  if (a) { b }\n}\n"),
        ("java", "  x;\n    }\n}\nmain", 2, "  x;\n    }\n}\n"),
        ("java", "  x;\n    }\n", 2, "  x;\n    }\n}\n"),
        ("javascript", "  s == '//' && t == '{'\n}\n", 1, "  s == '//' && t == '{'\n}\n"),
        ("rust", "  fn g<'a>(s: &'a str) {}\n}\n", 1, "  fn g<'a>(s: &'a str) {}\n}\n"),
        ("perl", "  for (split //, $s) { }\n}\nf();", 1, "  for (split //, $s) { }\n}\n"),
        ("bash", "  s=${1//,/ }\n}\nf", 1, "  s=${1//,/ }\n}\n"),
        ("bash", "  echo 1", 1, "  echo 1}\n"),
    ],
)
def test_a_completion_ends_where_all_braces_are_closed(language, text, depth, whole):
    assert closed(text, depth, language) == whole


def test_imports_helpers_and_what_encloses_a_function():
    block = (
        "use std::collections::{HashMap, HashSet};\nuse std::collections::HashMap;\n"
        "fn before(n: i32) -> i32 {\n    n\n}\n\n#[inline]\nfn f(n: i32) -> i32 {\n"
        "    after(before(n))\n}\n\nfn after(n: i32) -> i32 { n }\n\nfn main() {\n    f(1);\n}\n"
    )
    whole = placed(RUST, block, "f", "rust")
    assert whole.startswith("use std::collections::{HashSet};\nuse std::collections::HashMap;\n")
    assert "fn main" not in whole
    assert whole.count("fn before") == whole.count("fn after") == whole.count("fn f(") == 1
    assert whole.endswith("    after(before(n))\n}")
    assert "#[inline]" in whole


def test_go_imports_what_is_used_and_once():
    block = (
        'package main\n\nimport (\n\t"fmt"\n\t"strings"\n\t"os"\n)\n\nfunc f(n int) int {\n'
        '\treturn len(strings.Repeat("x", n))\n}\n\n'
        "func main() {\n\tfmt.Println(f(1), os.Args)\n}\n"
    )
    whole = placed(GO, block, "f", "go")
    assert whole.startswith('package f_test\nimport "strings"\n\nimport (\n')
    assert "package main" not in whole
    assert "func main" not in whole
    assert '"os"' not in whole


def test_examples_in_a_comment_are_no_heads():
    block = (
        "import std.stdio;\nlong f(long n) {\n    return n;\n}\nvoid main() { writeln(f(1)); }\n"
    )
    whole = placed(D, block, "f", "d")
    assert whole.count("*/") == 1
    assert whole.endswith("*/\nlong f(long n) {\n    return n;\n}")
    assert "void main" not in whole


@pytest.mark.parametrize(
    "block",
    [
        (
            "class Problem\n{\n    static long G(long n) { return n; }\n"
            "    public static long F(long n)\n    {\n        return G(n);\n    }\n}\n"
        ),
        (
            "class Problem {\n    public static long F(long n) {\n        return G(n);\n    }\n\n"
            "    static long G(long n) { return n; }\n    static void Main() { F(1); }\n}\n"
        ),
    ],
)
def test_classes_are_the_prompt_s(block):
    prompt = "using System;\nclass Problem {\n    // Add.\n    public static long F(long n) {\n"
    whole = placed(prompt, block, "F", "csharp")
    assert whole.count("class Problem") == 1
    assert whole.count("static long G") == 1
    assert "Main" not in whole
    assert depth_of(whole, "csharp") == 1


def test_what_is_declared_before_it_is_written():
    """The struct is the prompt's, the declaration stays, the main function goes."""
    prompt = "#include <stdio.h>\n\ntypedef struct {\n    int n;\n} One;\n\nint f(One a) {\n"
    block = (
        "#include <stdio.h>\n#define TWO(a) \\\n  (2 * (a))\ntypedef struct { int n; } One;\n\n"
        "int f(\n    One a);\n\nint main(void) { return f((One){1}); }\n\n"
        "int f(One a) { return TWO(a.n); }\n"
    )
    whole = placed(prompt, block, "f", "c")
    assert whole.count("#include") == whole.count("} One;") == 1
    assert whole.startswith("#define TWO(a) \\\n  (2 * (a))\n")
    assert "main" not in whole
    assert whole.endswith("int f(\n    One a);\nint f(One a) { return TWO(a.n); }")


def test_a_block_without_the_function():
    assert placed(RUST, "fn g() {}", "f", "rust") is None
    assert function_in("let sum = 0;\nfunction total() {}", "sum", "javascript") is None
    assert function_in("const sum = (a) => {\n return a;\n};", "sum", "javascript") is not None


@given(st.sampled_from(sorted(ASIDE)), st.text(alphabet="{}\"'/*#-;|[]\\\nf(x ", max_size=80))
def test_any_text_can_be_read(language, text):
    assert len(bare(text, language)) == len(text)
    closed(text, 1, language)
    placed("x\nf(x) {\n", text, "f", language)


@pytest.mark.parametrize("language", sorted(ASIDE))
def test_long_texts_take_no_long_time(language):
    started = time.process_time()
    for piece in ('"' + '\\"' * 40_000, "/* " * 30_000, "'" * 60_000, "`" * 60_000, "f" * 60_000):
        bare(piece, language)
        function_in(piece, "f", language)
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("language", "head"),
    [
        ("typescript", "function f(n: number): {[key: string]: number} {"),
        ("typescript", "function f(n: {[key: string]: number[]}): number | {a: number} {"),
        ("typescript", "const f = (n: number): {a: string}[] => {"),
        ("javascript", "function f({a, b}, c) {"),
        ("go", "func f(n interface{}) (map[string]interface{}, error) {"),
        ("go", "func f(n []interface{}) []interface{} {"),
        ("cpp", "std::vector<long> f(std::vector<long> n = {1, 2}) {"),
    ],
)
def test_braces_of_types_in_a_head_are_none_of_its_body(language, head):
    function = head + "\n  if (true) { x }\n  return n\n}"
    found = function_in(f"{function}\nlater()\n", "f", language)
    assert found.text == function
    assert found.after == "\nlater()\n"


SCALA = "object Problem {\n    def f(n : Long) : Long = {\n"
CSHARP = "class Problem {\n    public static long F(long n) {\n"
REGULAR = """const f = (s) => {
  if (/['"]/.test(s)) {
    return s.split(/\\//);
  }
  return 1 / 2;
};
module.exports = { f };"""
JAVASCRIPT = "//f\nfunction f(s){\n"


@pytest.mark.parametrize(
    ("language", "prompt", "name", "block", "kept"),
    [
        ("scala", SCALA, "f", "def f(n: Long): Long = n + 1", "= {\nn + 1\n}"),
        ("scala", SCALA, "f", "def f(n: Long): Long = if (n > 0) {0} else {1}", "{0} else {1}\n}"),
        (
            "scala", SCALA, "f",
            "object P {\n  def f(n: Long): Long = n.map { x =>\n    x\n  }.sum\n\n  def g = 1\n}",
            "  def g = 1\n  def f(n: Long): Long = {\nn.map { x =>\n    x\n  }.sum\n}",
        ),
        ("csharp", CSHARP, "F", "static long F(long n) => G(n);", "F(long n) { return G(n); }"),
        (
            "csharp", CSHARP, "F",
            "static long F(long n) {\n  Func<long, long> g = x => x;\n  return g(n);\n}",
            "  return g(n);\n}",
        ),
        (
            "javascript", JAVASCRIPT, "f",
            REGULAR,
            "\n  return 1 / 2;\n}\n;\nmodule.exports = { f };",
        ),
    ],
)  # fmt: skip
def test_functions_of_other_forms(language, prompt, name, block, kept):
    """Bodies without braces, regular expressions, and code that calls a function at once."""
    assert placed(prompt, block, name, language).endswith(kept)


@pytest.mark.parametrize(
    ("language", "text", "left"),
    [
        ("rust", 'r"\\"; unsafe', "unsafe"),
        ("rust", 'r#"unsafe " unsafe"# + x', "+ x"),
        ("rust", '"\nunsafe"; x', "; x"),
        ("javascript", "a / b / c", "a / b / c"),
        ("javascript", 'x = /[/"]/.test(y)', "x =       .test(y)"),
        ("racket", '(eq? c #\\") (f', ") (f"),
    ],
)
def test_texts_of_other_forms(language, text, left):
    assert bare(text, language).endswith(left)


@pytest.mark.parametrize("language", ["csharp", "javascript", "rust", "scala"])
@pytest.mark.parametrize("piece", ["a\n", "F(", "(/[", 'r#"', "def f(", "F(\n", "a ", "=>"])
def test_long_texts_take_no_long_time_in_other_forms(language, piece):
    started = time.perf_counter()
    placed("x\nf F {\n", piece * 30_000, "F", language)
    assert time.perf_counter() - started < 5
