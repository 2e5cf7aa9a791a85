"""The configuration of a clone, and of one command, as we read it, held against `git config`."""

import os
import subprocess
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.model.worktree import truth
from tokcost.repo.config import command_settings, read_config


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    return GitSandbox(tmp_path / "repo")


def many(name: str, count: int = 200) -> str:
    return "".join(f'[branch "{name}-{n}"]\n\tremote = origin\n' for n in range(count))


@pytest.mark.parametrize("before", [0, 200], ids=["few branches", "many branches"])
def test_settings_are_read_wherever_they_stand_among_branches(repo: GitSandbox, before: int) -> None:
    config = Path(repo.path, ".git/config")
    config.write_text(
        many("a", before)
        + config.read_text()
        + '[branch "mine"]\n\tremote = origin\n\tTokcostBudget = 5\n'
        + '[branch "odd"]\n\tremote = origin\n\t[tokcost]\n\tenabled = true\n'
        + many("b", before)
        + '[tokcost]\n\tprecision = exact\n[branch "last"]\n\tremote = origin'
    )
    found = read_config(f"{repo.path}/.git")
    assert found.section("core")["bare"] == repo.git("config", "core.bare").strip() == "false"
    assert found.section("branch", "mine")["tokcostbudget"] == "5"
    assert found.section("tokcost") == {"enabled": "true", "precision": "exact"}
    assert repo.git("config", "tokcost.enabled").strip() == "true"


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["core.commentChar=%"], (("core", None), "commentchar"), "%"),
        (["Core.COMMENTCHAR=;"], (("core", None), "commentchar"), ";"),
        (["core.commentChar=!"], (("core", None), "commentchar"), "!"),
        (["core.commentString='"], (("core", None), "commentstring"), "'"),
        (["tokcost.x=a b = 'c' !d\\"], (("tokcost", None), "x"), "a b = 'c' !d\\"),
        (["tokcost.x="], (("tokcost", None), "x"), ""),
        (["tokcost.enabled"], (("tokcost", None), "enabled"), "true"),
        (["tokcost.x=1", "tokcost.x=2"], (("tokcost", None), "x"), "2"),
        (["branch.feat/a.b.tokcostBudget=5"], (("branch", "feat/a.b"), "tokcostbudget"), "5"),
        (["branch.it's!.tokcostBudget=5"], (("branch", "it's!"), "tokcostbudget"), "5"),
    ],
)
def test_a_setting_of_one_command_is_what_git_hands_on(
    repo: GitSandbox, words: list[str], key: tuple[tuple[str, str | None], str], value: str
) -> None:
    options = [word for one in words for word in ("-c", one)]
    handed = repo.git(*options, "-c", 'alias.handed=!printf %s "$GIT_CONFIG_PARAMETERS"', "handed")
    assert command_settings({"GIT_CONFIG_PARAMETERS": handed})[key[0]][key[1]] == value


def test_settings_in_the_form_of_older_gits_and_numbered_ones_are_read_too() -> None:
    older = {"GIT_CONFIG_PARAMETERS": "'core.commentchar=%' 'tokcost.enabled' 'tokcost.x=a=b'"}
    assert command_settings(older) == {
        ("core", None): {"commentchar": "%"},
        ("tokcost", None): {"enabled": "true", "x": "a=b"},
    }
    numbered = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "tokcost.x", "GIT_CONFIG_VALUE_0": "1"}
    assert command_settings(numbered | {"GIT_CONFIG_KEY_1": "a.b", "GIT_CONFIG_VALUE_1": "2"}) == {
        ("tokcost", None): {"x": "1"},
        ("a", None): {"b": "2"},
    }
    both = numbered | {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_PARAMETERS": "'tokcost.x'='2'"}
    assert command_settings(both) == {("tokcost", None): {"x": "2"}}
    told = subprocess.run(["git", "config", "tokcost.x"], env=os.environ | both, capture_output=True, text=True)
    assert told.stdout == "2\n"


@pytest.mark.parametrize("count", ["", "-1", "x", "99999999999", "3"])
def test_nonsense_in_their_place_is_no_setting_and_no_error(count: str) -> None:
    assert command_settings({"GIT_CONFIG_COUNT": count, "GIT_CONFIG_PARAMETERS": "'a"}) == {}


VALUES = ["true", "TRUE", "yes", "On", "1", "2", "-1", "+1", "007", "0x10", "0XaF", "1k", "2M", "1G", " 1", "\t1",
          "2147483647", "-2147483647", "false", "No", "OFF", "", "0", "00", "0x0", "-0", "0k", "1 ", "1.5", "1e3", "08",
          "0x", "1kb", "k", "2G", "2147483648", "-2147483648", "2097152k", "99999999999999999999", "perhaps", "y",
          "\u0661", "1_0", "9" * 90, "9" * 5000, "0" * 90]  # fmt: skip


def test_what_is_true_is_what_git_takes_for_true(repo: GitSandbox) -> None:
    told = {"true": True, "false": False, "": None}
    for value in VALUES:
        repo.git("config", "a.b", value)
        assert truth(value) == told[repo.git("config", "--type=bool", "a.b", ok=False)], value
