"""Where a function stands in a text in one of many languages, and what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["bare", "closed", "depth_of", "placed"]

RUST_TEXTS = r"\bb?r(?P<raw>#*)\"[\s\S]*?(?:\"(?P=raw)|\Z)|\"(?:\\[\s\S]|[^\"\\])*\"?"
PATTERNS = (  # after what cannot be a number
    r"(?:(?<=[(,=:\[!&|?{};+])|(?<=[(,=:\[!&|?{};+] )|(?<=return )|(?<=return))"
    r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n]){0,200}\]|[^/\\\n\[]){1,400}/|"
)
TEXTS = r"\"(?:\\.|[^\"\\\n])*\"?|`[^`]*`?"
CHARACTERS = r"|'(?:\\.|[^'\\\n])'"
QUOTED = r"|'(?:\\.|[^'\\\n])*'?"
SLASHES = r"|//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)"
HASHES = r"|(?<![\$\w{])#[^\n]*"
ASIDE = {
    language: pattern
    for pattern, languages in (
        (TEXTS + CHARACTERS + SLASHES, ("c", "cpp", "csharp", "d", "go", "java", "scala", "swift")),
        (RUST_TEXTS + CHARACTERS + SLASHES, ("rust",)),
        (PATTERNS + TEXTS + QUOTED + SLASHES, ("javascript", "typescript")),
        (TEXTS + QUOTED + SLASHES + HASHES, ("php",)),
        (TEXTS + QUOTED + HASHES, ("bash", "julia", "perl", "python", "r", "ruby")),
        (TEXTS + QUOTED + r"|--\[\[[\s\S]*?(?:\]\]|\Z)|--[^\n]*", ("lua",)),
        (r"#\\.|\"(?:\\[\s\S]|[^\"\\])*\"?|#\|[\s\S]*?(?:\|#|\Z)|;[^\n]*", ("racket",)),
    )
    for language in languages
}
"""Texts and comments of each language, in which braces do not count."""
MARGINS = ("bash", "perl")
"""Languages whose functions end with the first brace at the margin: slashes and braces have too
many meanings there."""
PAIRS = (("(", ")"), ("[", "]"))
TYPE_AHEAD = re.compile(r"(?:[:|&]|\binterface|\bstruct)\s*\Z")
"""What a brace stands after that begins a type."""
MAIN = re.compile(r"\b[mM]ain\s*\(")


class Found(NamedTuple):
    """A function in a text.

    Attributes:
        outer: What stands before what encloses the function.
        before: What stands beside it, before it.
        text: The function, with its closing brace.
        after: What stands beside it, after it.
    """

    outer: str
    before: str
    text: str
    after: str


def bare(text: str, language: str) -> str:
    """Return a text of the same length with blanks in place of strings and comments."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0])

    return re.sub(ASIDE[language], blank, text)


def depth_of(text: str, language: str) -> int:
    """Return how many braces are open at the end of a text."""
    known = bare(text, language)
    return known.count("{") - known.count("}")


def closed(text: str, depth: int, language: str) -> str:
    """Return a text up to where all braces are closed, and more of them if some are open."""
    if language in MARGINS and depth == 1:
        end = re.search(r"(?m)^\}", text)
        return text[: end.end()] + "\n" if end else text + "}\n"
    left = depth
    for place, left in depths(bare(text, language), depth):
        if left <= 0:
            return text[:place] + "\n"
    return text + "}\n" * left


def depths(known: str, depth: int = 0) -> Iterator[tuple[int, int]]:
    """Yield for each brace the place after it, and how many are open then."""
    for found in re.finditer(r"[{}]", known):
        depth += 1 if found[0] == "{" else -1
        yield found.end(), depth


def end_of(known: str) -> int:
    """Return the place after a function, of a text that begins with one and is `bare`.

    Braces of types, in the head, are none of its body.
    """
    opened = -1
    for place, depth in depths(known):
        if depth == 1 and opened < 0:
            opened = place - 1
        if depth <= 0:
            head = known[: max(0, opened)]
            inside = any(head.count(each) > head.count(closing) for each, closing in PAIRS)
            if not inside and not TYPE_AHEAD.search(head):
                return place
            opened = -1
    return len(known)


def function_in(text: str, name: str, language: str) -> Found | None:
    """Return the function of a name; None if it is not there.

    Args:
        text: A program or a part of one, in a language with braces.
        name: What the function is called.
        language: A key of `ASIDE`.
    """
    known = bare(text, language)
    head = re.search(
        rf"(?m)^(?:(?!\b(?:class|object|struct|return)\b)[^\n=])*\b{re.escape(name)}"
        r"(?!\s*\([^(){}]{0,4000}\)\s*;)\s*[({<]|"  # and what is only declared here
        rf"^\s*(?:export\s+)?(?:const|let|var)\s+{re.escape(name)}\b[^\n=]*"
        r"=\s*(?:async\b|function\b|\(|\w+\s*=>)",
        known,
    )
    if head is None:
        return None
    start = head.start()
    stack: list[int] = []
    for place, _ in depths(known[:start]):
        if known[place - 1] == "{":
            stack.append(place)
        elif stack:
            stack.pop()
    opened = stack[-1] if stack else 0
    if language in MARGINS:
        margin = re.compile(r"(?m)^\}").search(known, start)
        end = margin.end() if margin else len(text)
    else:
        end = start + end_of(known[start:])
    last = len(text)
    for place, depth in depths(known[end:]):
        if depth < 0:
            last = end + place - 1
            break
    outer_end = known.rfind("\n", 0, max(0, opened - 1)) + 1 if opened else 0
    if opened and not known[outer_end:opened].replace("{", "").strip():
        outer_end = known.rfind("\n", 0, max(0, outer_end - 1)) + 1
    return Found(
        text[:outer_end],
        without_main(text[opened:start], language),
        text[start:end],
        without_main(text[end:last], language),
    )


def without_main(text: str, language: str) -> str:
    """Return a text without a main function."""
    known = bare(text, language)
    found = MAIN.search(known)
    if found is None:
        return text
    start = known.rfind("\n", 0, found.start()) + 1
    for place, depth in depths(known[start:]):
        if depth <= 0:
            return text[:start] + text[start + place :]
    return text[:start]


IMPORTS = {
    "c": r"(?m)^[ \t]*#(?:\\\n|[^\n])*\n?",
    "cpp": r"(?m)^[ \t]*(?:#[^\n]*|using namespace [\w:]+;)\n?",
    "csharp": r"(?m)^[ \t]*using [\w.= ]+;[^\n]*\n?",
    "d": r"(?m)^[ \t]*(?:import|module) [^;]+;[^\n]*\n?",
    "go": r"(?m)^(?:import\s*(?:\([^)]*\)|\"[^\"]+\")|package \w+)[^\n]*\n?",
    "java": r"(?m)^[ \t]*(?:import|package) [^;]+;[^\n]*\n?",
    "php": r"<\?php\s*|(?m:^use [^;]+;\n?)",
    "rust": r"(?m)^[ \t]*use [^;]+;\n?",
    "scala": r"(?m)^[ \t]*(?:import|package) [^\n]+\n?",
    "swift": r"(?m)^import \w+\n?",
}
STRUCT = re.compile(r"\btypedef\s+struct\s*\w*\s*\{[^{}]*\}\s*(\w+)\s*;\n*")
FIRST = ("<?php", "package ", "#!")
"""What has to stand before all imports."""


def placed(prompt: str, block: str, name: str, language: str) -> str | None:
    """Return a program with the function of a block in the place that a prompt has for it.

    Imports of the block come to the top, helpers before the function; what encloses it, and what is
    said of it, are the prompt's. Main functions are left out.

    Args:
        prompt: It ends with the head of the function.
        block: A program, or a part of one, in a language with braces.
        name: What the function is called.
        language: A key of `ASIDE`.

    Returns:
        The program up to the brace that closes the function; None if the block does not have it.
    """
    if language == "php":
        block = re.sub(r"\?>\s*\Z", "", block)
    if language in EXPRESSIONS:
        block = with_braces(block, name, language)
    found = function_in(block, name, language)
    own = prompt.rstrip().split("\n")
    places = [n for n, line in enumerate(own) if re.search(rf"\b{re.escape(name)}\b", line)]
    if found is None or not places:
        return None
    pattern = IMPORTS.get(language, r"(?!)")
    imports = [each[0] for each in re.finditer(pattern, found.outer + found.before)]
    helpers = re.sub(pattern, "", found.before)
    if language == "c":
        declared = {each[1] for each in STRUCT.finditer(prompt)}
        helpers = STRUCT.sub(lambda each: "" if each[1] in declared else each[0], helpers)
    code = helpers + found.after + found.text
    kept = [line for each in imports for line in wanted(each, prompt, code, language)]
    first = 1 if own[0].startswith(FIRST) else 0
    head = places[-1]
    # In scripts what comes after a function may call it at once.
    is_script = language in ("javascript", "typescript")
    beside = [each.strip("\n") for each in (helpers, *(() if is_script else (found.after,)))]
    lines = [*own[:first], *kept, *own[first:head], *filter(str.strip, beside)]
    after = [found.after.strip("\n")] if is_script and found.after.strip() else []
    return "\n".join([*lines, found.text.rstrip(), *after])


EXPRESSIONS = {
    "csharp": (
        r"(?m)^[ \t]*(?:[\w<>\[\], .?]{1,200}\s)?{name}\s*(?:<[^>\n]*>)?"
        r"\([^)]{0,2000}\)\s{0,200}=>"
    ),
    "scala": (
        r"(?m)^[ \t]*(?:\w+[ \t]+){0,6}def[ \t]+{name}\b(?:\([^)]{0,2000}\))?"
        r"(?:[ \t]*:[ \t]*[^=\n]+)?[ \t]*=(?!\s*\{)"
    ),
}
"""Heads of functions whose bodies are expressions, with a sign where others have a brace."""


def with_braces(block: str, name: str, language: str) -> str:
    """Return a block in which the body of a function stands in braces, if it is an expression."""
    known = bare(block, language)
    head = re.search(EXPRESSIONS[language].replace("{name}", re.escape(name)), known)
    if head is None:
        return block
    if language == "csharp":
        end = known.find(";", head.end())
        body = block[head.end() : end].strip()
        text = f"{block[head.start() : head.end()].rstrip('=> ')} {{ return {body}; }}"
        return block[: head.start()] + text + block[end + 1 :] if end >= 0 else block
    indent = len(head[0]) - len(head[0].lstrip())
    end, depth, lines = head.end(), 0, known[head.end() :].splitlines(keepends=True)
    for place, line in enumerate(lines):
        stripped = line.strip()
        own = len(line) - len(line.lstrip())
        goes_on = not stripped or own > indent or stripped.startswith(("}", ")", ".", "else"))
        depth += line.count("{") - line.count("}")
        if depth < 0 or (place and not goes_on):
            break
        end += len(line)
    return f"{block[: head.end()]} {{\n{block[head.end() : end].strip()}\n}}\n{block[end:]}"


def wanted(line: str, prompt: str, code: str, language: str) -> list[str]:
    """Return what of an import a program needs beside those of its prompt."""
    known = "".join(prompt.split())
    if language == "go":
        names = re.findall(r"\"([^\"]+)\"", line)
        return [
            f'import "{each}"'
            for each in names
            if f'"{each}"' not in known
            and re.search(rf"\b{re.escape(each.rpartition('/')[2])}\.", code)
        ]
    if language == "rust" and "HashMap;" in known:
        line = re.sub(r"\bHashMap\b\s*,?\s*", "", line)
        if re.search(r"(?:::|\{)\s*\}?\s*;", line):
            return []
    if line.strip().startswith(("package ", "module ", "<?php")):
        return []
    return [] if "".join(line.split()) in known else [line.strip()]
