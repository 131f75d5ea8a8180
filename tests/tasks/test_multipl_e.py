"""Problems in other languages, compiled, run with their tests, and judged."""

from __future__ import annotations

import json

import pytest

from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import END
from codeeval.sandbox.verdict import Status
from codeeval.tasks.functions import bare
from codeeval.tasks.multipl_e import LIMITS, RUN_AS
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, TaskOptionError
from codeeval.tasks.translate.languages import TRANSLATORS
from codeeval.translating import Source, compiled
from tests.sandbox.conftest import open_or_skip

SOURCE = Source(
    "Toy_1_total_above",
    "def total_above(numbers: List[int], limit: int) -> int:\n"
    '    """ Return the sum of the numbers that are above the limit.\n    """\n',
    "def check(candidate):\n    assert candidate([1, 5, 7], 4) == 12\n"
    "    assert candidate([], 0) == 0\n    assert candidate([2], 2) == 0\n",
)
ANSWERS = {
    "ada": (
        "   Total : Long_Long_Integer := 0;\nbegin\n   for N of Numbers loop\n"
        "      if N > Limit then\n         Total := Total + N;\n      end if;\n   end loop;\n"
        "   return Total;\nend Total_Above;\n"
    ),
    "python": "    return sum(n for n in numbers if n > limit)\n",
    "bash": (
        "    local total=0 n\n    for n in $1; do\n"
        "        if ((n > $2)); then total=$((total + n)); fi\n"
        "    done\n    echo $total\n}\n"
    ),
    "c": (
        "    long long total = 0;\n    for (size_t i = 0; i < numbers_count; i++) {\n"
        "        if (numbers[i] > limit) total += numbers[i];\n    }\n    return total;\n}\n"
    ),
    "cpp": (
        "    long total = 0;\n    for (long n : numbers) if (n > limit) total += n;\n"
        "    return total;\n}\n"
    ),
    "csharp": (
        "        long total = 0;\n        foreach (long n in numbers) if (n > limit) total += n;\n"
        "        return total;\n    }\n"
    ),
    "d": (
        "{\n    long total = 0;\n    foreach (n; numbers) if (n > limit) total += n;\n"
        "    return total;\n}\n"
    ),
    "go": (
        "    total := 0\n    for _, n := range numbers {\n        if n > limit {\n"
        "            total += n\n        }\n    }\n    return total\n}\n"
    ),
    "haskell": " sum (filter (> limit) numbers)\n",
    "java": (
        "        long total = 0;\n        for (long n : numbers) if (n > limit) total += n;\n"
        "        return total;\n    }\n"
    ),
    "javascript": "  return numbers.filter(n => n > limit).reduce((a, b) => a + b, 0);\n}\n",
    "lua": (
        "    local total = 0\n    for _, n in ipairs(numbers) do\n"
        "        if n > limit then total = total + n end\n    end\n    return total\nend\n"
    ),
    "ocaml": " List.fold_left (fun sum n -> if n > limit then sum + n else sum) 0 numbers\n",
    "octave": "    result = sum(numbers(numbers > limit));\nend\n",
    "perl": (
        "    my $total = 0;\n    for my $n (@$numbers) { $total += $n if $n > $limit }\n"
        "    return $total;\n}\n"
    ),
    "php": (
        "    $total = 0;\n    foreach ($numbers as $n) { if ($n > $limit) { $total += $n; } }\n"
        "    return $total;\n}\n"
    ),
    "r": "\n    sum(numbers[numbers > limit])\n}\n",
    "racket": "    (for/sum ([n numbers] #:when (> n limit)) n))\n",
    "ruby": "    numbers.select { |n| n > limit }.sum\nend\n",
    "rust": "    numbers.iter().filter(|n| **n > limit).sum()\n}\n",
    "scala": "        numbers.filter(_ > limit).sum\n    }\n",
    "typescript": "  return numbers.filter(n => n > limit).reduce((a, b) => a + b, 0);\n}\n",
}
LEAVING = {
    "python": "    import os\n    os._exit(0)\n",
    "bash": "    kill -TERM $$\n",
    "c": "    exit(0);\n",
    "cpp": "    exit(0);\n",
    "csharp": "        Environment.Exit(0); return 0;\n",
    "go": "    os.Exit(0)\n    return 0\n}\n",
    "java": "        System.exit(0); return 0;\n",
    "javascript": "  process.exit(0);\n}\n",
    "lua": "    os.exit(0)\nend\n",
    "ocaml": " exit 0\n",
    "octave": "    exit(0);\n",
    "perl": "    exit 0;\n}\n",
    "php": "    exit(0);\n}\n",
    "r": "\n    quit(status = 0)\n}\n",
    "racket": "    (exit 0))\n",
    "ruby": "    exit!(0)\nend\n",
    "rust": "    std::process::exit(0)\n",
    "scala": "        sys.exit(0)\n",
}
OTHERS = [name for name in ANSWERS if name != "python"]


def task_of(language: str, tmp_path, source: Source = SOURCE):
    (row,) = compiled([source], language).rows
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n")
    return load_task("multipl-e", data_file=path)


def wrong(answer: str) -> str:
    for right in ("> limit", "> Limit", "> $2", "> $limit", "(> n", "_ >"):
        answer = answer.replace(right, right.replace(">", "<"))
    return answer


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("docker", limits=LIMITS) as opened:
        yield opened


def test_every_language_that_can_be_run_has_an_answer():
    runnable = {name for name in TRANSLATORS if RUN_AS.get(name, name) in LANGUAGES}
    assert set(ANSWERS) == runnable
    assert set(TRANSLATORS) - runnable == {"julia", "swift"}


@pytest.mark.docker
@pytest.mark.parametrize("language", ANSWERS)
def test_answers_are_judged(language, tmp_path, executor):
    task = task_of(language, tmp_path)
    (problem,) = task.problems()
    answer = ANSWERS[language]
    samples = [
        Sample(problem.id, 0, completion=answer),
        Sample(problem.id, 1, completion=wrong(answer)),
        Sample(problem.id, 2, completion="\n" if language != "d" else "{"),
        *([Sample(problem.id, 3, completion=LEAVING[language])] if language in LEAVING else []),
    ]
    right, false, empty, *leaving = executor.run_many(
        [task.program(problem, sample) for sample in samples]
    )
    assert right.status is Status.PASSED, (right.message, right.stderr, right.stdout)
    assert not right.sealed
    assert END not in right.stdout
    assert false.status is Status.WRONG_ANSWER, (false.message, false.stderr)
    assert empty.status is not Status.PASSED
    assert all(each.status is not Status.PASSED for each in leaving), "exit(0) is no pass"
    assert task.score(problem, right) == {"pass": 1.0}


@pytest.mark.parametrize("language", ["python", "bash"])
def test_answers_are_judged_without_a_daemon(language, tmp_path):
    task = task_of(language, tmp_path)
    (problem,) = task.problems()
    answers = (ANSWERS[language], wrong(ANSWERS[language]), LEAVING[language])
    with open_or_skip("bubblewrap", limits=LIMITS) as executor:
        found = [
            executor.run(task.program(problem, Sample(problem.id, n, completion=each))).status
            for n, each in enumerate(answers)
        ]
    assert found[:2] == [Status.PASSED, Status.WRONG_ANSWER]
    assert found[2] is not Status.PASSED


@pytest.mark.parametrize("language", ["cpp", "java", "javascript", "go", "rust", "php"])
def test_replies_with_a_whole_function_are_put_together(language, tmp_path):
    """Imports and helpers of a reply come before the function, what encloses it is the prompt's."""
    task = task_of(language, tmp_path)
    (problem,) = task.problems()
    completed = task.source(problem, Sample(problem.id, 0, completion=ANSWERS[language]))
    block = problem.prompt + ANSWERS[language]
    reply = f"Sure:\n```{language}\n{block}\n```\nIt adds."
    whole = task.source(problem, Sample(problem.id, 1, solution=reply))
    squeezed = ["".join(bare(each, language).split()) for each in (completed, whole)]
    assert squeezed[0] == squeezed[1]


def test_helpers_imports_and_other_indentation(tmp_path):
    task = task_of("java", tmp_path)
    (problem,) = task.problems()
    block = (
        "import java.util.List;\nimport java.time.*;\n\npublic class Solution {\n"
        "  static boolean above(long n, long limit) { return n > limit; }\n\n"
        "  // It adds {\n"
        "  public static long totalAbove(ArrayList<Long> numbers, long limit) {\n"
        "    long total = 0;\n    for (long n : numbers) { if (above(n, limit)) total += n; }\n"
        "    return total;\n  }\n\n  public static void main(String[] a) { }\n}\n"
    )
    whole = task.source(problem, Sample(problem.id, 0, solution=f"```java\n{block}```"))
    assert whole.startswith("import java.util.List;\nimport java.time.*;\nimport java.util.*;\n")
    assert "public class Solution" not in whole
    assert whole.count("static boolean above") == whole.count("static long totalAbove") == 1
    assert whole.count("void main") == 1
    assert whole.count("{") - whole.count("// It adds {") == whole.count("}")


def test_rows_of_another_form(tmp_path):
    (row,) = compiled([SOURCE], "lua").rows
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({**row, "language": "klingon"}))
    with pytest.raises(DataError, match=r"field 'language' must be one of .*, not 'klingon'"):
        list(load_task("multipl-e", data_file=path).problems())
    path.write_text(json.dumps({**row, "stop_tokens": [1]}))
    with pytest.raises(DataError, match="'stop_tokens' must be a list of texts"):
        list(load_task("multipl-e", data_file=path).problems())
    path.write_text(json.dumps({**row, "language": "cpp"}))
    with pytest.raises(DataError, match="field 'tests' has no end for cpp"):
        list(load_task("multipl-e", data_file=path).problems())
    with pytest.raises(TaskOptionError, match=r"language must be one of ada, bash, .*, not 'x'"):
        load_task("multipl-e", language="x")
