from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from codeeval.tasks import registry
from codeeval.tasks.evalplus import HumanEvalPlus
from codeeval.tasks.registry import TASKS, load_task, task_names
from codeeval.tasks.starter_task import Starter
from codeeval.tasks.task import DataError, Task, UnknownTask


class Toy(Starter):
    """A task of somebody else."""

    name = "toy"


@pytest.fixture
def plugins(monkeypatch):
    """Install entry points for the length of a test."""

    def install(**targets):
        points = [
            EntryPoint(name.replace("_", "-"), target, registry.ENTRY_POINTS)
            for name, target in targets.items()
        ]
        monkeypatch.setattr(registry, "entry_points", lambda group: points)

    return install


def test_every_name_in_the_table_makes_a_task_of_that_name():
    for name in TASKS:
        task = load_task(name)
        assert task.name == name
        assert task.rules


def test_a_task_is_one_by_its_protocol():
    assert isinstance(load_task("starter"), Task)


def test_names_are_sorted():
    assert task_names() == sorted(TASKS)


def test_a_release_follows_the_name():
    task = load_task("humaneval-plus@0.1.9", variant="full")
    assert isinstance(task, HumanEvalPlus)
    assert task.release == "0.1.9"
    with pytest.raises(DataError, match="humaneval has one release only: leave '@2' out"):
        load_task("humaneval@2")
    with pytest.raises(DataError, match="no release '7'"):
        load_task("mbpp-plus@7")


def test_options_are_the_fields_of_the_class(tmp_path):
    assert load_task("mbpp", split="all").split == "all"
    assert load_task("mbpp-plus", base_only="true").base_only is True
    with pytest.raises(DataError, match="option 'base_only' must be true or false, not 'maybe'"):
        load_task("mbpp-plus", base_only="maybe")
    with pytest.raises(DataError, match="mbpp has no option 'splt'; it has challenge_tests, data"):
        load_task("mbpp", splt="all")
    with pytest.raises(DataError, match="the data file of mbpp must be a file"):
        load_task("mbpp", data_file=tmp_path / "none")


def test_a_data_file_may_be_a_text(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("{}")
    assert load_task("humaneval", data_file=str(path)).data_file == path


@pytest.mark.parametrize(
    ("name", "near"),
    [("humanevel", "humaneval"), ("HumanEval+", "humaneval-plus"), ("MBPP_plus", "mbpp-plus")],
)
def test_a_near_miss_is_suggested(name, near):
    with pytest.raises(UnknownTask, match=f"did you mean '{near}'[?] Known: c-to-rust, coconut, "):
        load_task(name)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnknownTask, match="no task 'zzz'; known: c-to-rust, coconut, "):
        load_task("zzz")


def test_a_folder_without_settings_is_no_task(tmp_path):
    with pytest.raises(UnknownTask, match=r"there is no task\.yaml in it"):
        load_task(str(tmp_path))


def test_a_folder_named_like_a_task_does_not_hide_it(tmp_path, monkeypatch):
    (tmp_path / "humaneval").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_task("humaneval").name == "humaneval"


def test_entry_points_of_other_packages_are_tasks(plugins):
    plugins(toy=f"{__name__}:Toy")
    assert "toy" in task_names()
    assert isinstance(load_task("toy"), Toy)


@pytest.mark.parametrize("target", ["no.such.module:X", "math:pi", "math:nothing"])
def test_a_broken_plugin_warns_and_is_skipped(plugins, target):
    plugins(toy=target)
    with (
        pytest.warns(RuntimeWarning, match="the task 'toy' of .* is skipped"),
        pytest.raises(UnknownTask),
    ):
        load_task("toy")
    assert load_task("starter").name == "starter"


def test_a_plugin_cannot_take_a_name_of_ours(plugins):
    plugins(starter=f"{__name__}:Toy")
    assert type(load_task("starter")) is Starter
    with pytest.warns(RuntimeWarning, match="the name is taken"):
        assert task_names() == sorted(TASKS)


def test_listing_and_loading_import_nothing_heavy():
    code = (
        "import sys\nfrom codeeval.tasks.registry import load_task, task_names\n"
        "task_names(); load_task('humaneval-plus')\n"
        "print({'datasets', 'docker', 'openai', 'scipy', 'numpy'} & set(sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout == "set()\n"
