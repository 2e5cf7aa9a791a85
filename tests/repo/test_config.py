"""The configuration of a clone as we read it, held against `git config`."""

from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.repo.config import read_config


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
