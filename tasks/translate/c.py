"""C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.named import quoted
from codeeval.tasks.translate.records import ORDINALS, Records, is_list
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import commented, inserted

__all__ = ["C"]

HEADERS = ("assert", "ctype", "limits", "math", "stdbool", "stddef", "stdint", "stdio", "stdlib")
KEYWORDS = (
    "auto bool break case char const continue default do double else enum extern false float for "
    "goto if inline int long register restrict return short signed sizeof static struct switch "
    "true typedef union unsigned void volatile while assert main EOF NULL errno stdin stdout stderr"
)
FUNCTIONS = (
    "abort abs atexit atof atoi atol atoll bsearch calloc clearerr div exit fclose feof ferror "
    "fflush fgetc fgetpos fgets fopen fprintf fputc fputs fread free freopen fscanf fseek fsetpos "
    "ftell fwrite getc getchar getenv gets isalnum isalpha isblank iscntrl isdigit isgraph islower "
    "isprint ispunct isspace isupper isxdigit labs ldiv llabs lldiv malloc mblen memchr memcmp "
    "memcpy memmove memset perror printf putc putchar puts qsort quick_exit rand realloc remove "
    "rename rewind scanf setbuf setvbuf signal snprintf sprintf srand sscanf strcat strchr strcmp "
    "strcoll strcpy strcspn strerror strlen strncat strncmp strncpy strpbrk strrchr strspn strstr "
    "strtod strtof strtok strtol strtold strtoll strtoul strtoull strxfrm system tmpfile tmpnam "
    "tolower toupper ungetc vprintf acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos "
    "cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp "
    "lgamma log log10 log1p log2 logb lrint lround modf nan nearbyint pow remainder rint round "
    "scalbn sin sinh sqrt tan tanh tgamma trunc index"
)
PLAIN_SAME = {
    "Long": "return left == right;",
    "Bool": "return left == right;",
    "Double": f"return fabs(left - right) <= {TOLERANCE} + {TOLERANCE} * fabs(right);",
    "Text": "return left != NULL && strcmp(left, right) == 0;",
}
LIST_SAME = """if (left.count != right.count) {{
        return false;
    }}
    for (size_t i = 0; i < left.count; i++) {{
        if (!tests_same_{0}(left.items[i], right.items[i])) {{
            return false;
        }}
    }}
    return true;"""


class C(Records):
    """C; a list is a pointer and a count, as a parameter both of them, elsewhere in a struct."""

    name = "c"
    title = "C"
    words = ("C", "c", "array", "array", "struct", "map", "NULL", "true", "false")
    stop_tokens = ("\n}",)
    wrong = r"Assertion `"
    closes = True
    plain: ClassVar[dict[str, str]] = {
        "int": "long long",
        "float": "double",
        "str": "const char *",
        "bool": "bool",
    }
    titles: ClassVar[dict[str, str]] = {
        "int": "Long",
        "float": "Double",
        "str": "Text",
        "bool": "Bool",
    }
    reserved = frozenset(KEYWORDS.split())
    taken = frozenset(FUNCTIONS.split())

    # Types

    def list_of(self, item: Type) -> str:
        """Return the name of a struct."""
        self.kind(item)
        return self.title_of(Type("List", (item,)))

    def fields(self, kind: Type) -> list[tuple[str, str]]:
        """Return the types and names of what a struct has."""
        match kind:
            case Type("List", (item,)) | Type("Tuple", (item, Type("..."))):
                return [(f"{self.kind(item)} *", "items"), ("size_t", "count")]
            case Type("Tuple", parts):
                return [*zip(map(self.kind, parts), ORDINALS, strict=False)]
            case Type("Optional", (item,)):
                return [("bool", "exists"), (self.kind(item), "value")]
        return []

    # Values

    def text(self, value: str) -> str:
        """Return a string; what would be a trigraph is written as none."""
        if "\0" in value:
            raise Untranslatable("a zero in a string")
        return quoted(value, lambda code: f"\\{code:03o}").replace("??", "?\\?")

    def integer(self, value: int) -> str:
        """Return a whole number."""
        smallest = -(2**63)
        return f"({smallest + 1} - 1)" if value == smallest else super().integer(value)

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a struct."""
        array = f"({self.kind(item)}[]){{{', '.join(items)}}}" if items else "NULL"
        return f"({self.list_of(item)}){{{array}, {len(items)}}}"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a struct."""
        return f"({self.tuple_of(parts)}){{{', '.join(items)}}}"

    def some(self, value: str, item: Type) -> str:
        """Return a struct with a value."""
        return f"({self.optional_of(item)}){{true, {value}}}"

    def none(self, item: Type) -> str:
        """Return a struct without a value."""
        return f"({self.optional_of(item)}){{.exists = false}}"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call, with pointers and counts for lists."""
        given = []
        for value, (_, kind) in zip(arguments, self.signature.parameters, strict=True):
            if kind is not None and is_list(kind):
                value = value.removeprefix(f"({self.kind(kind)}){{").removesuffix("}")
            given.append(value)
        return f"{self.function}({', '.join(given)})"

    # Programs

    def parameters(self) -> list[str]:
        """Return the parameters with their types."""
        made = []
        used = {*self.reserved, *self.names}
        for name, (_, kind) in zip(self.names, self.signature.parameters, strict=True):
            spelled = self.kind(kind)
            if kind is None or not is_list(kind):
                made.append(declared(spelled, name))
                continue
            item = self.kind(kind.parts[0])
            count = self.free(f"{name}_count", used)
            used.add(count)
            made.append(f"{item}const *{name}" if item.endswith("*") else f"const {item} *{name}")
            made.append(f"size_t {count}")
        return made

    def structs(self) -> list[str]:
        """Return the structs that the head of the function has to have."""
        kinds = [
            kind.parts[0] if kind is not None and is_list(kind) else kind
            for _, kind in self.signature.parameters
        ]
        found = self.all_types([*kinds, self.signature.returns])
        lines = []
        for title, kind in found.items():
            if kind.parts:
                fields = "".join(f"    {declared(*each)};\n" for each in self.fields(kind))
                lines.append(f"typedef struct {{\n{fields}}} {title};\n\n")
        return lines

    def prompt(self, description: str) -> str:
        """Return includes, structs, a comment and the head."""
        given = ", ".join(self.parameters()) or "void"
        head = declared(self.kind(self.signature.returns), f"{self.function}({given}) {{\n")
        includes = "".join(f"#include <{each}.h>\n" for each in (*HEADERS, "string"))
        comment = commented(description.replace("*/", "* /"), " * ", "/* ")
        return f"{includes}\n{''.join(self.structs())}{comment} */\n{head}"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        returns = self.signature.returns
        if returns is None or returns.name in ("int", "bool"):
            return f"    assert({left} == {right});"
        return f"    assert(tests_same_{self.title_of(returns)}({left}, {right}));"

    def comparisons(self) -> list[str]:
        """Return functions that compare results."""
        lines = []
        for title, kind in self.all_types([self.signature.returns]).items():
            spelled = self.kind(kind)
            head = f"{declared(spelled, 'left')}, {declared(spelled, 'right')}"
            match kind:
                case Type("List", (item,)) | Type("Tuple", (item, Type("..."))):
                    body = LIST_SAME.format(self.title_of(item))
                case Type("Tuple", parts):
                    fields = zip(parts, ORDINALS, strict=False)
                    ways = [f"{self.title_of(part)}(left.{n}, right.{n})" for part, n in fields]
                    body = f"return {' && '.join(f'tests_same_{each}' for each in ways)};"
                case Type("Optional", (item,)):
                    same = f"tests_same_{self.title_of(item)}(left.value, right.value)"
                    body = (
                        "if (!left.exists || !right.exists) {\n"
                        f"        return left.exists == right.exists;\n    }}\n    return {same};"
                    )
                case _:
                    body = PLAIN_SAME[title]
            lines.append(f"static bool tests_same_{title}({head}) {{\n    {body}\n}}\n")
        return lines

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, comparisons, and a main function of assertions."""
        returns = self.signature.returns
        plain = returns is None or returns.name in ("int", "bool")
        lines = ["}", "", *([] if plain else self.comparisons())]
        return "\n".join([*lines, "int main(void) {", *assertions, "}", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return inserted(tests, "}\n", f'    puts("\\n{end}");\n')


def declared(kind: str, name: str) -> str:
    """Return a name with its type."""
    return f"{kind}{'' if kind.endswith('*') else ' '}{name}"
