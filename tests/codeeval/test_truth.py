"""What references return is made once, kept, and made again when what was kept is no good."""

from __future__ import annotations

import json
import threading

import pytest

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.errors import SandboxError, SandboxUnavailable
from codeeval.sandbox.program import Asserts, Blob, Calls, Program
from codeeval.sandbox.verdict import Status
from codeeval.truth import TruthError, Truths, cache_directory, is_whole
from tests.codeeval.evaluating import Counting, Scripted, verdict_of

REFERENCE = "def cube(x):\n    return x ** 3\n"


def cubes(*numbers: int, reference: str = REFERENCE) -> Calls:
    inputs = Blob(pack([encode((number,)) for number in numbers]))
    return Calls("cube", inputs, reference)


def truth_of(check: Calls, executor, folder):
    """Return a check's truth as a new process would find it."""
    truths = Truths(executor, folder, 1)
    try:
        return ask(truths, check)
    finally:
        truths.close()


def ask(truths: Truths, check: Calls):
    (resolved,) = truths.resolve(Program("", (check,))).checks
    return resolved.truth


def test_the_truth_is_what_the_reference_returns(executor):
    check = cubes(2, -3)
    truths = Truths(executor, None, 1)
    program = truths.resolve(Program(REFERENCE, (check,)))
    assert program.checks[0].truth is not None
    assert len(program.checks[0].truth.cpu_seconds) == 2
    assert executor.run(program).status is Status.PASSED
    off = Program(REFERENCE.replace("** 3", "** 2"), program.checks)
    assert executor.run(off).status is Status.WRONG_ANSWER


def test_a_truth_is_made_once_for_all_threads(executor, tmp_path):
    counting = Counting(executor)
    truths = Truths(counting, tmp_path, 2)
    found = []

    def work():
        found.append(ask(truths, cubes(4)))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert counting.truths == 1


def test_a_truth_is_kept_for_the_next_process(executor, tmp_path):
    counting = Counting(executor)
    first = truth_of(cubes(1, 2), counting, tmp_path)
    second = truth_of(cubes(1, 2), counting, tmp_path)
    assert counting.truths == 1
    assert second == first


@pytest.mark.parametrize(
    "other", [cubes(1, 3), cubes(1, 2, reference=REFERENCE + "# another\n")], ids=["input", "code"]
)
def test_another_reference_or_input_has_another_truth(executor, tmp_path, other):
    counting = Counting(executor)
    truth_of(cubes(1, 2), counting, tmp_path)
    truth_of(other, counting, tmp_path)
    assert counting.truths == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 3],
        lambda data: b"",
        lambda data: b"[]\n" + data,
        lambda data: b"null\n" + data,
        lambda data: b'{"sizes": ["x"], "cpu_seconds": []}\n' + data,
        lambda data: b'{"sizes": []}\n',
        lambda data: b"\0" * len(data),
    ],
    ids=["one byte", "most", "all", "list", "null", "size", "no seconds", "zeros"],
)
def test_a_file_that_was_cut_or_spoilt_is_made_again(executor, tmp_path, spoil):
    counting = Counting(executor)
    first = truth_of(cubes(5, 6), counting, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(spoil(path.read_bytes()))
    assert truth_of(cubes(5, 6), counting, tmp_path).expected == first.expected
    assert counting.truths == 2
    assert truth_of(cubes(5, 6), counting, tmp_path).expected == first.expected
    assert counting.truths == 2, "the spoilt file was replaced"


def test_each_kind_of_sandbox_finds_out_for_itself(executor, tmp_path):
    """Another Python in it may give other answers."""
    counting = Counting(executor)
    truth_of(cubes(1), counting, tmp_path)
    counting.isolation = "docker"
    truth_of(cubes(1), counting, tmp_path)
    assert counting.truths == 2


def test_reading_a_file_runs_nothing(executor, tmp_path):
    """The kept file is JSON and bytes of the codec: no pickle."""
    truth_of(cubes(7), executor, tmp_path)
    (path,) = tmp_path.iterdir()
    head, rest = path.read_bytes().split(b"\n", 1)
    times = {"cpu_seconds", "around_seconds", "copies", "native_seconds"}
    assert set(json.loads(head)) == {"key", "sizes", "sha256", *times}
    assert rest == encode(343)


@pytest.mark.parametrize("name", ["file", "x" * 300], ids=["a file", "a name too long"])
def test_a_folder_that_cannot_be_written_to_costs_time_only(executor, tmp_path, name):
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / name
    counting = Counting(executor)
    for _ in range(2):
        assert truth_of(cubes(8), counting, folder).expected
    assert counting.truths == 2


def test_nothing_half_written_stays_behind(executor, tmp_path, monkeypatch):
    def fail(*paths):
        raise OSError("no space left")

    monkeypatch.setattr("codeeval.truth.os.replace", fail)
    truth_of(cubes(9), executor, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_reference_that_fails_is_named_and_asked_again(executor, tmp_path):
    counting = Counting(executor)
    truths = Truths(counting, tmp_path, 1)
    check = cubes(1, reference="def cube(x):\n    return x // 0\n")
    for times in (1, 2):
        with pytest.raises(TruthError, match=r"'tests' of 'cube'.*ZeroDivisionError"):
            ask(truths, check)
        assert counting.truths == times
    assert list(tmp_path.iterdir()) == []


def test_a_sandbox_that_is_missing_is_not_the_references_fault(tmp_path):
    class Missing(Scripted):
        def truth(self, program):
            raise SandboxUnavailable("no daemon")

    with pytest.raises(SandboxUnavailable, match="no daemon") as caught:
        truth_of(cubes(1), Missing(), tmp_path)
    assert not isinstance(caught.value, TruthError)


def test_a_failure_for_the_moment_is_forgotten(executor, tmp_path):
    class Moody(Counting):
        def truth(self, program):
            if self.truths == 0:
                self.truths = 1
                raise SandboxError("for the moment")
            return super().truth(program)

    truths = Truths(Moody(executor), tmp_path, 1)
    with pytest.raises(TruthError, match="for the moment"):
        ask(truths, cubes(3))
    assert ask(truths, cubes(3)).expected


# -- tests that may be sealed ---------------------------------------------------------------------

BY_VALUE = Asserts("assert cube(2) == 8", reference=REFERENCE, entry_points=("cube",))
BY_IDENTITY = Asserts("assert cube(cube) is cube", reference=REFERENCE, entry_points=("cube",))


@pytest.mark.parametrize(("check", "sealed"), [(BY_VALUE, True), (BY_IDENTITY, False)])
def test_tests_are_sealed_if_the_reference_passes_them_so(executor, tmp_path, check, sealed):
    for _ in range(2):
        (resolved,) = Truths(executor, tmp_path, 1).resolve(Program("", (check,))).checks
        assert resolved.sealed is sealed


def test_whether_tests_can_be_sealed_is_found_out_once(tmp_path):
    scripted = Scripted()
    for _ in range(2):
        truths = Truths(scripted, tmp_path, 1)
        for _ in range(2):
            truths.resolve(Program("", (BY_VALUE,)))
    assert len(scripted.programs) == 1


def test_a_trial_on_a_busy_machine_is_not_remembered(tmp_path):
    scripted = Scripted(lambda program, before: verdict_of("passed" if before else "timeout"))
    for sealed in (False, True):
        (resolved,) = Truths(scripted, tmp_path, 1).resolve(Program("", (BY_VALUE,))).checks
        assert resolved.sealed is sealed


def test_a_trial_that_was_not_judged_says_nothing_of_the_tests(tmp_path):
    scripted = Scripted(lambda program, before: verdict_of("infrastructure_error"))
    with pytest.raises(TruthError, match="'tests'"):
        Truths(scripted, tmp_path, 1).resolve(Program("", (BY_VALUE,)))


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"CODEEVAL_CACHE": "/a/b"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/codeeval"),
        ({"HOME": "/h"}, "/h/.cache/codeeval"),
        ({"CODEEVAL_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/codeeval"),
    ],
)
def test_the_cache_is_where_the_user_says(monkeypatch, variables, folder):
    for name in ("CODEEVAL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(cache_directory()) == folder


def test_a_truth_that_was_changed_or_renamed_is_made_again(executor, tmp_path):
    truth = truth_of(cubes(7), executor, tmp_path)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert not is_whole(path)
    assert truth_of(cubes(7), executor, tmp_path).expected == truth.expected
    assert is_whole(path)
    other = path.with_name("0" * 64)
    path.rename(other)
    assert not is_whole(other)
