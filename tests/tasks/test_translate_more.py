"""The compiler of problems to languages of which no rows are published here."""

from __future__ import annotations

import textwrap

import pytest

from codeeval.sandbox.verdict import Status
from codeeval.tasks.multipl_e import LIMITS
from codeeval.tasks.task import Sample
from codeeval.tasks.translate.languages import TRANSLATORS
from codeeval.tasks.translate.source import Untranslatable
from codeeval.tasks.translate.translator import translate
from codeeval.translating import Source
from tests.sandbox.conftest import open_or_skip
from tests.tasks.test_multipl_e import ANSWERS, task_of
from tests.tasks.test_translate import OWN, PROMPT, TESTS

PAIR_SUM = {
    "ocaml": (
        """\
        (**Return true if two different positions of the list add up to target.
         * >>> pair_sum [1; 2; 4] 6
         * true
        *)
        let pair_sum (xs : int list) (target : int) : bool =""",
        """
        let assertions =
         let candidate = pair_sum in
          (assert ((candidate [1; 2; 4] 6) = true));
          (assert ((candidate [] 0) = false));
          ()
        """,
    ),
    "haskell": (
        """\
        -- | Return True if two different positions of the list add up to target.
        --  >>> pairSum [1,2,4] 6
        --  True
        pairSum :: [Int] -> Int -> Bool
        pairSum xs target =""",
        """
        main :: IO ()
        main = do
          let candidate = pairSum
          if candidate [1,2,4] 6 == True then pure () else error "assertion failed"
          if candidate [] 0 == False then pure () else error "assertion failed"
          pure ()
        """,
    ),
    "c": (
        """\
        #include <string.h>

        /* Return true if two different positions of the array add up to target.
         * >>> pair_sum((long long[]){1, 2, 4}, 3, 6)
         * true
         */
        bool pair_sum(const long long *xs, size_t xs_count, long long target) {
        """,
        """\
        }

        int main(void) {
            assert(pair_sum((long long[]){1, 2, 4}, 3, 6) == true);
            assert(pair_sum(NULL, 0, 0) == false);
        }
        """,
    ),
    "octave": (
        """\
        1;

        function result = pair_sum(xs, target)
            % Return true if two different positions of the array add up to target.
            % >>> pair_sum([1, 2, 4], 6)
            % true
            %
            % xs is a row vector of integers.
            % target is an integer.
            % result is a logical.
        """,
        """\
        assert(tests_same(pair_sum([1, 2, 4], 6), true, 0));
        assert(tests_same(pair_sum([], 0), false, 0));
        """,
    ),
    "ada": (
        """\
        --  Return True if two different positions of the array add up to target.
        --  >>> Pair_Sum ((1, 2, 4), 6)
        --  True
        function Pair_Sum (Xs : Integer_Array; Target : Long_Long_Integer) return Boolean is
        """,
        """\
        with Pair_Sum;

        procedure Main is
        begin
           pragma Assert (Pair_Sum ((1, 2, 4), 6) = True);
           pragma Assert (Pair_Sum ((1 .. 0 => 0), 0) = False);
        end Main;
        """,
    ),
}
"""How prompts and tests end; in OCaml and Haskell all of them."""


@pytest.mark.parametrize("language", OWN)
def test_the_worked_example(language):
    made = translate(TRANSLATORS[language], PROMPT, TESTS)
    prompt, tests = map(textwrap.dedent, PAIR_SUM[language])
    assert made.prompt.endswith(prompt)
    assert made.tests.endswith(tests)
    if language in ("ocaml", "haskell"):
        assert (made.prompt, made.tests) == (prompt, tests)


def one_test(language: str, types: str, value: str) -> str:
    """Return the test that a function of one parameter returns what it gets."""
    prompt = f'def f(x: {types}) -> {types}:\n    """ It. """\n'
    tests = f"def check(candidate):\n    assert candidate({value}) == {value}\n"
    found = translate(TRANSLATORS[language], prompt, tests)
    if found.left_out:
        raise Untranslatable(*found.left_out)
    (line,) = [each for each in found.tests.split("\n") if "ssert" in each and " f " not in each
               and "assertions" not in each]  # fmt: skip
    return line.strip()


@pytest.mark.parametrize(
    ("language", "types", "value", "line"),
    [
        ("ocaml", "Optional[int]", "-3", "(assert ((candidate (Some (-3))) = (Some (-3))));"),
        (
            "ocaml",
            "str",
            r"'a\"\\\n\x01é'",
            r'(assert ((candidate "a\"\\\n\001é") = ',
        ),
        ("ocaml", "float", "2", "(assert (same (candidate 2.0) 2.0));"),
        ("haskell", "Tuple[int, str]", "(-1, 'x')", 'if candidate ((-1), "x") == ((-1), "x") then'),
        ("haskell", "str", r"'\"\x01é'", r'if candidate "\"\1\&é" == "\"\1\&é" then'),
        ("haskell", "Optional[float]", "None", "if same (candidate Nothing) Nothing then"),
        ("c", "int", "-2**63", ""),
        ("c", "str", r"'a\"\\??/\x01'", r'assert(tests_same_Text(f("a\"\\?\?/\001"), '),
        (
            "c",
            "List[str]",
            "['a']",
            'f((const char *[]){"a"}, 1), (TextList){(const char *[]){"a',
        ),
        ("c", "Tuple[int, float]", "(1, 2)", "f((LongDoubleTuple){1, 2.0}), (LongDoubleTuple){1"),
        ("c", "Optional[int]", "None", "f((LongOption){.exists = false}), "),
        ("octave", "List[List[int]]", "[[1], []]", "f({[1], []}), {[1], []}, 0));"),
        ("octave", "Tuple[int, str]", "(1, '%')", 'f({1, "%"}), {1, "%"}, 0));'),
        ("octave", "List[float]", "[1]", "f([1.0]), [1.0], 1e-6));"),
        ("octave", "Dict[str, int]", "{'a': 1}", 'containers.Map({"a"}, {1}, "UniformValues", fal'),
        ("ada", "str", r"'a\"\né'", """+("a""\" & Character'Val (10) & "é")"""),
        ("ada", "List[List[int]]", "[[1], []]", "F ((+(1 => 1), +(1 .. 0 => 0))) = "),
        ("ada", "float", "1e-09", "pragma Assert (Same (F (1.0e-09), 1.0e-09));"),
        ("ada", "Optional[str]", "'x'", 'F ((True, +"x")) = (True, +"x"));'),
    ],
)
def test_values(language, types, value, line):
    if value == "-2**63":
        value, line = str(-(2**63)), "f((-9223372036854775807 - 1)) == (-9223372036854775807 - 1)"
    assert line in one_test(language, types, value)


@pytest.mark.parametrize(
    ("language", "types", "value", "reason"),
    [
        ("c", "Dict[str, int]", "{}", "a dictionary, of which C has no literals"),
        ("ada", "Dict[str, int]", "{}", "a dictionary, of which Ada has no literals"),
        ("ada", "str", "'λ'", "a character beyond those of Ada's strings"),
        ("c", "str", r"'\0'", "a zero in a string"),
        ("c", f"Tuple[{', '.join(['int'] * 9)}]", "0", "a tuple of more than 8 parts"),
        ("octave", "Optional[List[int]]", "[]", "the type Optional"),
        ("octave", "Dict[bool, int]", "{}", "a dictionary with keys of the type bool"),
        ("octave", "int", str(2**53), "a whole number of more than 54 bits"),
        ("ocaml", "int", str(2**62), "a whole number of more than 63 bits"),
        ("haskell", "int", str(2**63), "a whole number of more than 64 bits"),
        ("ocaml", "str", r"'\ud800'", "half a surrogate pair"),
        *((language, "Any", "1", "the type Any") for language in OWN),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(language, types, value, reason):
    with pytest.raises(Untranslatable, match=reason):
        one_test(language, types, value)


@pytest.mark.parametrize(
    ("language", "head"),
    [
        ("ocaml", "let end_ (type_ : int) (n : int) (n_ : int) : int ="),
        ("haskell", "end type_ n n_ ="),
        ("c", "long long end(long long type, long long n, long long N) {"),
        ("octave", "function result = end_(type, n, N)"),
        ("ada", "function End_X (Type_X : Long_Long_Integer; N : Long_Long_Integer; N_X : "),
    ],
)
def test_names_are_free(language, head):
    prompt = 'def end(type: int, n: int, N: int) -> int:\n    """ It. """\n'
    assert head in translate(TRANSLATORS[language], prompt, "def check(candidate):\n    pass"
                             .replace("pass", "print")).prompt  # fmt: skip


def test_comments_end_where_they_end():
    prompt = 'def f(x: int) -> int:\n    """ One " *) (* */ {x| two. """\n'
    tests = "def check(candidate):\n    assert candidate(1) == 1\n"
    assert translate(TRANSLATORS["ocaml"], prompt, tests).prompt.startswith(
        "(**One '' * ) ( * */ { x| two.\n*)\nlet f"
    )
    assert '/* One " *) (* * / {x| two.\n */\n' in (
        translate(TRANSLATORS["c"], prompt, tests).prompt
    )


MIXED = Source(
    "Toy_2_summed_up",
    "def summed_up(rows: List[List[int]], names: List[str], scale: float) "
    "-> Tuple[List[float], str]:\n"
    '    """ Return the "sums" of the rows, times scale, and the last name.\n    """\n',
    "def check(candidate):\n"
    "    assert candidate([[1, 2], [], [-4]], ['a', 'é\"\\\\\\n'], 0.1) == "
    "([0.3, 0.0, -0.4], 'é\"\\\\\\n')\n"
    "    assert candidate([], ['??/%d'], 1.0) == ([], '??/%d')\n",
)
WHOLE = {
    "ocaml": """\
        let times scale row = scale *. float_of_int (List.fold_left ( + ) 0 row)

        let rec summed_up rows names scale =
          (List.map (times scale) rows, List.nth names (List.length names - 1))

        let () = print_endline "done"
        """,
    "haskell": """\
        module Main (main) where
        import Data.List (foldl')

        times :: Float -> [Int] -> Float
        times scale row = scale * fromIntegral (foldl' (+) 0 row)

        summedUp :: [[Int]] -> [String] -> Float -> ([Float], String)
        summedUp rows names scale = (map (times scale) rows, last names)

        main :: IO ()
        main = do
          print (summedUp [[1]] ["a"] 2)

          print 1
        """,
    "c": """\
        #include <stdlib.h>
        #define SUM(row, i) ((row).items[i])

        typedef struct {
            double *items;
            size_t count;
        } DoubleList;

        DoubleListTextTuple summed_up(const LongList *rows, size_t rows_count,
                                      const char *const *names, size_t names_count, double scale);

        static double times(LongList row, double scale) {
            double sum = 0.0;
            for (size_t i = 0; i < row.count; i++) {
                sum += SUM(row, i);
            }
            return sum * scale;
        }

        int main(void) {
            summed_up(NULL, 0, NULL, 0, 1.0);
        }

        DoubleListTextTuple summed_up(const LongList *rows, size_t rows_count,
                                      const char *const *names, size_t names_count, double scale) {
            DoubleListTextTuple found;
            found.first.items = malloc((rows_count + 1) * sizeof(double));
            found.first.count = rows_count;
            for (size_t i = 0; i < rows_count; i++) {
                found.first.items[i] = times(rows[i], scale);
            }
            found.second = names[names_count - 1];
            return found;
        }
        """,
    "octave": """\
        function sums = times(rows, scale)
            sums = [];
            for n = 1:numel(rows)
                sums(end + 1) = scale * sum(rows{n});
            end
        end

        function result = summed_up(rows, names, scale)
            result = {times(rows, scale), names{end}};
        end

        disp(summed_up({[1]}, {"a"}, 2));
        """,
    "ada": """\
        with Ada.Text_IO; use Ada.Text_IO;
        with Problem; use Problem;

        procedure Demo is
           --  One row.
           function Times (Row : Integer_Vectors.Vector; Scale : Long_Float) return Long_Float is
              Sum : Long_Long_Integer := 0;
           begin
              for N of Row loop
                 Sum := Sum + N;
              end loop;
              return Long_Float (Sum) * Scale;
           end Times;

           function Summed_Up (Rows : Integer_Vector_Array; Names : Text_Array; Scale : Long_Float)
              return Float_Vector_Text_Tuple
           is
              Result : Float_Vector_Text_Tuple;
           begin
              for Row of Rows loop
                 Result.First.Append (Times (Row, Scale));
              end loop;
              Result.Second := Names (Names'Last);
              return Result;
           end Summed_Up;
        begin
           Put_Line ("done");
        end Demo;
        """,
}
FALSE = {
    "ocaml": ("0 row", "1 row"),
    "haskell": ("0 row", "1 row"),
    "c": ("sum = 0.0", "sum = 1.0"),
    "octave": ("scale * sum", "1 + scale * sum"),
    "ada": ("Integer := 0", "Integer := 1"),
}
LEAVING = {
    "ocaml": ("  (List.map", "  exit 0; (List.map"),
    "haskell": ("(map (times", "seq (unsafePerformIO (exitWith ExitSuccess)) (map (times"),
    "c": ("double sum", "exit(0); double sum"),
    "octave": ("    sums = []", "    exit(0); sums = []"),
    "ada": ("      for Row", "      GNAT.OS_Lib.OS_Exit (0);\n      for Row"),
}
LIBRARIES = {
    "haskell": (
        "import Data.List",
        "import System.Exit\nimport System.IO.Unsafe\nimport Data.List",
    ),
    "ada": ("with Problem;", "with GNAT.OS_Lib;\nwith Problem;"),
}
UNIQUE = Source(
    "Toy_3_unique",
    'def unique(numbers: List[int]) -> List[int]:\n    """ Return them. """\n',
    "def check(candidate):\n    assert candidate([3, 1]) == [3, 1]\n",
)
BROKEN = {
    "ocaml": ("times scale", "times skale"),
    "haskell": ("scale *", "skale *"),
    "c": ("return sum", "return som"),
    "octave": ("for n =", "for n = ="),
    "ada": ("return Result", "return Rezult"),
}


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("docker", limits=LIMITS) as opened:
        yield opened


@pytest.mark.docker
@pytest.mark.parametrize("language", OWN)
def test_replies_are_judged(language, tmp_path, executor):
    task = task_of(language, tmp_path, MIXED)
    (problem,) = task.problems()
    code = textwrap.dedent(WHOLE[language])
    leaving = code.replace(*LIBRARIES.get(language, ("", "")), 1).replace(*LEAVING[language])
    programs = [
        task.program(problem, Sample(problem.id, 0, solution=f"So:\n```{language}\n{each}```\n"))
        for each in (
            code, code.replace(*FALSE[language]), code.replace(*BROKEN[language]), leaving
        )
    ]  # fmt: skip
    right, false, broken, left = executor.run_many(programs)
    assert right.status is Status.PASSED, (right.message, right.stderr, programs[0].source)
    assert false.status is Status.WRONG_ANSWER, (false.message, false.stderr)
    expected = Status.SYNTAX_ERROR if language == "octave" else Status.COMPILE_ERROR
    assert broken.status is expected, (broken.message, broken.stderr)
    assert left.status is Status.WRONG_ANSWER, (left.message, left.stderr)
    assert "before its tests" in left.message


@pytest.mark.docker
@pytest.mark.parametrize("language", OWN)
def test_a_reply_may_repeat_the_prompt(language, tmp_path, executor):
    task = task_of(language, tmp_path)
    (problem,) = task.problems()
    code = problem.prompt + ANSWERS[language]
    found = executor.run(task.program(problem, Sample(problem.id, 0, solution=code)))
    assert found.status is Status.PASSED, (found.message, found.stderr)


@pytest.mark.docker
def test_a_function_may_have_a_name_that_octave_has(tmp_path, executor):
    task = task_of("octave", tmp_path, UNIQUE)
    (problem,) = task.problems()
    found = [
        executor.run(
            task.program(problem, Sample(problem.id, 0, completion=f"    result = {each};\n"))
        )
        for each in ("numbers", "sort(numbers)")
    ]
    assert [each.status for each in found] == [Status.PASSED, Status.WRONG_ANSWER]
