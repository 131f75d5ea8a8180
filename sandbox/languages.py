"""The languages of programs, and how a program is made of source in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LANGUAGES", "PRELUDE", "Language", "recipe_of"]


ADA = "main=$(gnatchop -w {source} | tail -n 1) && gnatmake -q -gnatW8 -gnata $main -o program"
CLOJURE = ":".join(
    f"/usr/share/java/{name}.jar" for name in ("clojure", "spec.alpha", "core.specs.alpha")
)
READ = (
    '(with-open [r (java.io.PushbackReader. (clojure.java.io/reader "{source}"))] '
    "(while (not= :end (read r false :end))))"
)
DATUMS = (
    '(call-with-input-file "{source}" '
    "(lambda (port) (let next () (if (not (eof-object? (read port))) (next)))))"
)
COMPLETE = (
    "echo 'if {![info complete [read [open {source}]]]} {puts stderr incomplete; exit 1}' | "
    "tclsh8.6"
)
PRELUDE = "/opt/codeeval/prelude.hpp"
"""The whole standard library of C++."""
TUPLES = "/usr/share/java/javatuples.jar"
SCALA = ":".join(f"/usr/share/java/scala-{name}.jar" for name in ("compiler", "library", "reflect"))
TYPESCRIPT = (
    *("compiler.js", "node", "--max-old-space-size=512"),
    *("-e", "eval(require('fs').readFileSync(3, 'utf8'))", "--"),
)


@dataclass(frozen=True)
class Language:
    """A language.

    Attributes:
        title: What people call it.
        image: The image that has what it needs; a key of ``image.IMAGES``.
        source: The name of the file with the source.
        named: A regular expression whose group stands in that name for what is before the dot, if
            it matches the head of an outermost declaration.
        compiler: The command that makes ``product`` of it; empty where the source is run as it is.
            ``{source}`` stands for the file's name.
        prelude: A header that the image holds compiled, and a regular expression of sources that
            include what is in it before they do anything else: these have it in front.
        product: The file that is run: ``program`` is run itself, a ``.jar`` is made of the classes
            that the compiler leaves.
        command: What runs the product, or the source; of a binary, what it is called and told. In
            its words ``{memory_mib}`` stands for the memory limit less what a runtime needs for
            itself, ``{stack_kib}`` for the stack limit.
        checker: The command that tells whether a source that failed is in the language at all.
        resident: A file of ``sandbox/residents`` and the command that has it compile without end,
            as ``compiler`` does; see `codeeval.sandbox.resident`.
        libraries: For names that sources have of libraries the files that they are in: where one is
            missing, the machine is at fault and not the program. A ``.jar`` finds those it needs.
        environment: Further variables, of all of these commands.
        tool: The command that tells whether they are there; if empty, the first of them. Python has
            none, as it is the runner's.
        exhausted: What the runtime says on standard error when it has no memory left.
        version: The command that tells the version; if empty, the tool with ``--version``.
        folders: Patterns of what its commands need beside ``/usr``.
        package: What is to be installed on Debian for the commands to be there.
    """

    title: str
    image: str = "python"
    source: str = ""
    named: str = ""
    compiler: tuple[str, ...] = ()
    prelude: tuple[str, str] = ("", "")
    product: str = "program"
    command: tuple[str, ...] = ()
    checker: tuple[str, ...] = ()
    resident: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    tool: str = ""
    exhausted: str = ""
    version: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    package: str = ""

    def __post_init__(self) -> None:
        if not self.tool:
            object.__setattr__(self, "tool", (*self.compiler, *self.command, "")[0])


LANGUAGES: Mapping[str, Language] = {
    "python": Language("Python"),
    "ada": Language(
        title="Ada",
        image="ada",
        source="source.ada",
        compiler=("sh", "-c", ADA),
        tool="gnatmake",
        package="gnat",
    ),
    "bash": Language(
        title="Bash",
        image="bash",
        source="program.sh",
        command=("bash", "program.sh"),
        checker=("bash", "-n", "{source}"),
        package="bash",
    ),
    "c": Language(
        title="C",
        image="cpp",
        source="program.c",
        compiler=("gcc", "-std=c17", "{source}", "-o", "program", "-lm"),
        package="gcc",
    ),
    "clojure": Language(
        title="Clojure",
        image="clojure",
        source="program.clj",
        command=(
            *("java", "-Xmx{memory_mib}m", "-Xss{stack_kib}k", "-XX:+UseSerialGC"),
            *("-XX:-UsePerfData", "-cp", CLOJURE, "clojure.main", "program.clj"),
        ),
        checker=("java", "-XX:-UsePerfData", "-cp", CLOJURE, "clojure.main", "-e", READ),
        exhausted="java.lang.OutOfMemoryError",
        folders=("/etc/java-*",),
        package="clojure",
    ),
    "commonlisp": Language(
        title="Common Lisp",
        image="commonlisp",
        source="program.lisp",
        command=(
            *("sbcl", "--control-stack-size", "{stack_kib}KB", "--dynamic-space-size"),
            *("{memory_mib}MB", "--script", "program.lisp"),
        ),
        checker=(
            *("sbcl", "--noinform", "--disable-debugger", "--eval"),
            '(with-open-file (s "{source}") (loop until (eq (read s nil s) s)))',
            *("--eval", "(exit)"),
        ),
        exhausted="Heap exhausted",
        package="sbcl",
    ),
    "cpp": Language(
        title="C++",
        image="cpp",
        source="program.cpp",
        compiler=("g++", "-std=c++17", "{source}", "-o", "program"),
        prelude=(
            PRELUDE,
            r"\A(?:\s|//[^\n]*\n|#[ \t]*include[^\n]*\n)*?#[ \t]*include[ \t]*<bits/stdc\+\+\.h>",
        ),
        libraries={"boost/": "/usr/include/boost", "openssl/": "/usr/include/openssl"},
        package="g++",
    ),
    "csharp": Language(
        title="C#",
        image="csharp",
        source="program.cs",
        compiler=("mcs", "/d:DEBUG", "-r:System.Numerics.dll", "/out:program.exe", "{source}"),
        product="program.exe",
        command=("mono", "program.exe"),
        environment={"MONO_TRACE_LISTENER": "Console.Error"},
        exhausted="System.OutOfMemoryException",
        folders=("/etc/mono",),
        package="mono-mcs",
    ),
    "d": Language(
        title="D",
        image="d",
        source="program.d",
        compiler=("ldmd2", "-of=program", "{source}"),
        version=("ldc2", "--version"),
        folders=("/etc/ldc2.conf",),
        package="ldc",
    ),
    "elixir": Language(
        title="Elixir",
        image="elixir",
        source="program.exs",
        command=("elixir", "program.exs"),
        checker=("elixir", "-e", 'Code.string_to_quoted!(File.read!("{source}"))'),
        package="elixir",
    ),
    "fortran": Language(
        title="Fortran",
        image="fortran",
        source="program.f90",
        compiler=("gfortran", "{source}", "-o", "program"),
        package="gfortran",
    ),
    "go": Language(
        title="Go",
        image="go",
        source="program.go",
        compiler=("go", "build", "-o", "program", "{source}"),
        environment={"GO111MODULE": "off"},
        version=("go", "version"),
        package="golang-go",
    ),
    "go-test": Language(
        title="Go (tests)",
        image="go",
        source="program_test.go",
        compiler=("go", "test", "-vet=off", "-c", "-o", "program", "{source}"),
        libraries={"stretchr/testify": "/usr/share/gocode/src/github.com/stretchr/testify"},
        environment={"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"},
        version=("go", "version"),
        package="golang-go",
    ),
    "haskell": Language(
        title="Haskell",
        image="haskell",
        source="program.hs",
        compiler=("ghc", "-v0", "-O0", "-o", "program", "{source}"),
        folders=("/var/lib/ghc",),
        package="ghc",
    ),
    "java": Language(
        title="Java",
        image="java",
        source="Main.java",
        named=r"(?s)^(?=.*\bpublic\b).*\b(?:class|enum|interface|record)\s+([\w$]+)",
        compiler=(
            *("javac", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-XX:-UsePerfData"),
            *("-proc:none", "-encoding", "UTF-8", "-cp", TUPLES, "-d", ".", "{source}"),
        ),
        product="program.jar",
        command=(
            *("java", "-Xmx{memory_mib}m", "-Xss{stack_kib}k", "-XX:+UseSerialGC"),
            *("-XX:-UsePerfData", "-Dfile.encoding=UTF-8", "-ea", "-jar", "program.jar"),
        ),
        resident=(
            *("Compiler.java", "java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData"),
            *("-XX:+ExitOnOutOfMemoryError", "--add-opens"),
            "jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED",
            *("--source", "17", "/proc/self/fd/3", "-proc:none", "-implicit:none", "-cp", TUPLES),
        ),
        libraries={"org.javatuples": TUPLES},
        exhausted="java.lang.OutOfMemoryError",
        folders=("/etc/java-*",),
        package="default-jdk-headless",
    ),
    "javascript": Language(
        title="JavaScript",
        image="javascript",
        source="program.js",
        command=(
            *("node", "--max-old-space-size={memory_mib}", "--stack-size={stack_kib}"),
            "program.js",
        ),
        checker=("node", "--check", "{source}"),
        libraries={'require("lodash")': "/usr/share/nodejs/lodash"},
        environment={"NODE_PATH": "/usr/share/nodejs"},
        exhausted="JavaScript heap out of memory",
        package="nodejs",
    ),
    "lua": Language(
        title="Lua",
        image="lua",
        source="program.lua",
        command=("lua5.3", "program.lua"),
        checker=("luac5.3", "-p", "{source}"),
        libraries={"luaunit": "/usr/share/lua/5.3/luaunit.lua"},
        exhausted="not enough memory",
        version=("lua5.3", "-v"),
        package="lua5.3",
    ),
    "ocaml": Language(
        title="OCaml",
        image="ocaml",
        source="program.ml",
        compiler=("ocamlopt", "-w", "-a", "-o", "program", "{source}"),
        exhausted="Out_of_memory",
        package="ocaml-nox",
    ),
    "octave": Language(
        title="Octave",
        image="octave",
        source="program.m",
        command=("octave-cli", "--norc", "--no-history", "program.m"),
        checker=("octave-cli", "--norc", "--eval", "__parse_file__ ('{source}')"),
        exhausted="out of memory or dimension too large",
        package="octave",
    ),
    "perl": Language(
        title="Perl",
        image="perl",
        source="program.pl",
        command=("perl", "program.pl"),
        checker=("perl", "-c", "{source}"),
        libraries={
            "Test::Deep": "/usr/share/perl5/Test/Deep.pm",
            "Data::Compare": "/usr/share/perl5/Data/Compare.pm",
        },
        exhausted="Out of memory",
        package="perl",
    ),
    "php": Language(
        title="PHP",
        image="php",
        source="program.php",
        command=("php", "-d", "memory_limit={memory_mib}M", "program.php"),
        checker=("php", "-l", "{source}"),
        exhausted="Allowed memory size of",
        folders=("/etc/php",),
        package="php-cli",
    ),
    "prolog": Language(
        title="Prolog",
        image="prolog",
        source="program.pl",
        command=(
            *("swipl", "-q", "--on-error=status", "--stack-limit={memory_mib}m", "-g", "halt"),
            "program.pl",
        ),
        checker=("sh", "-c", "swipl -q --on-error=status -g halt {source} < /dev/null"),
        tool="swipl",
        exhausted="Stack limit",
        package="swi-prolog-nox",
    ),
    "r": Language(
        title="R",
        image="r",
        source="program.r",
        command=("Rscript", "--vanilla", "program.r"),
        checker=("Rscript", "--vanilla", "-e", "invisible(parse('{source}'))"),
        environment={"LC_ALL": "C.UTF-8"},
        exhausted="cannot allocate",
        folders=("/etc/R",),
        package="r-base-core",
    ),
    "racket": Language(
        title="Racket",
        image="racket",
        source="program.rkt",
        command=("racket", "program.rkt"),
        checker=("raco", "expand", "{source}"),
        exhausted="out of memory",
        folders=("/etc/racket",),
        package="racket",
    ),
    "ruby": Language(
        title="Ruby",
        image="ruby",
        source="program.rb",
        command=("ruby", "program.rb"),
        checker=("ruby", "-c", "{source}"),
        libraries={"test/unit": "/usr/share/rubygems-integration/all/gems/test-unit-*"},
        environment={"RUBY_THREAD_VM_STACK_SIZE": str(32 * 2**20)},
        exhausted="failed to allocate memory (NoMemoryError)",
        package="ruby",
    ),
    "rust": Language(
        title="Rust",
        image="rust",
        source="program.rs",
        compiler=(
            "rustc",
            "-C",
            "debuginfo=0",
            "-C",
            "prefer-dynamic",
            "{source}",
            "-o",
            "program",
        ),
        package="rustc",
    ),
    "rust-test": Language(
        title="Rust (tests)",
        image="rust",
        source="program.rs",
        compiler=(
            *("rustc", "--edition", "2021", "--test", "-C", "debuginfo=0", "-C", "prefer-dynamic"),
            *("{source}", "-o", "program"),
        ),
        command=("program", "--nocapture", "--test-threads=1"),
        package="rustc",
    ),
    "scala": Language(
        title="Scala",
        image="scala",
        source="program.scala",
        compiler=("scalac", "-d", ".", "{source}"),
        product="program.jar",
        command=(
            *("java", "-Xmx{memory_mib}m", "-Xss{stack_kib}k", "-XX:+UseSerialGC"),
            *("-XX:-UsePerfData", "-ea", "-jar", "program.jar"),
        ),
        resident=(
            *("ScalaCompiler.java", "java", "-Xmx768m", "-Xss8m", "-XX:+UseSerialGC"),
            *("-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError", "-cp", SCALA),
            *("--source", "17", "/proc/self/fd/3"),
        ),
        libraries={"object ": "/usr/share/java/scala-library.jar"},
        exhausted="java.lang.OutOfMemoryError",
        version=("scala", "-version"),
        folders=("/etc/java-*",),
        package="scala",
    ),
    "scheme": Language(
        title="Scheme",
        image="scheme",
        source="program.scm",
        command=("guile", "--no-auto-compile", "program.scm"),
        checker=("guile", "--no-auto-compile", "-c", DATUMS),
        package="guile-3.0",
    ),
    "tcl": Language(
        title="Tcl",
        image="tcl",
        source="program.tcl",
        command=("tclsh8.6", "program.tcl"),
        checker=("sh", "-c", COMPLETE),
        tool="tclsh8.6",
        version=("sh", "-c", "echo 'puts $tcl_patchLevel' | tclsh8.6"),
        package="tcl8.6",
    ),
    "typescript": Language(
        title="TypeScript",
        image="typescript",
        source="program.ts",
        compiler=("tsc", "--target", "esnext", "{source}"),
        product="program.js",
        command=(
            *("node", "--max-old-space-size={memory_mib}", "--stack-size={stack_kib}"),
            "program.js",
        ),
        resident=(*TYPESCRIPT, "ESNext"),
        environment={"NODE_PATH": "/usr/share/nodejs"},
        exhausted="JavaScript heap out of memory",
        package="node-typescript",
    ),
    "typescript-untyped": Language(
        title="TypeScript (types not checked)",
        image="typescript",
        source="program.ts",
        compiler=("sh", "-c", "tsc --target es5 --lib es2016 {source}; test -f program.js"),
        product="program.js",
        command=("node", "program.js"),
        resident=(*TYPESCRIPT, "ES5", "lib.es2016.d.ts"),
        environment={"NODE_PATH": "/usr/share/nodejs"},
        tool="tsc",
        exhausted="JavaScript heap out of memory",
        package="node-typescript",
    ),
}
"""By the names that programs and problems have for them."""


def recipe_of(language: str, flags: tuple[str, ...]) -> dict[str, Any] | None:
    """Return what the runner has to know to run a program; None if it is Python.

    Raises:
        ValueError: If there is no such language, or one without a compiler is given flags.
    """
    known = LANGUAGES.get(language)
    if known is None:
        raise ValueError(f"no language {language!r}; known: {', '.join(LANGUAGES)}")
    if flags and (not known.compiler or known.compiler[0] == "sh"):
        raise ValueError(f"{known.title} takes no flags of a compiler: {' '.join(flags)}")
    if not known.tool:
        return None
    return {
        "source": known.source,
        "named": known.named,
        "compiler": [*known.compiler, *flags] if known.compiler else [],
        "prelude": list(known.prelude),
        "product": known.product if known.compiler else known.source,
        "command": list(known.command),
        "checker": list(known.checker),
        "resident": [] if flags else list(known.resident),
        "libraries": dict(known.libraries),
        "environment": dict(known.environment),
        "exhausted": known.exhausted,
        "tool": known.tool,
        "package": known.package,
    }
