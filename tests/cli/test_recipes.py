"""The recipes of docs/editors.md for prompts and status lines, run as those who show them do."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from support.hooked import Hooked
from support.tmux import TMUX, Tmux

DOCS = (Path(__file__).parent.parent.parent / "docs/editors.md").read_text(encoding="utf-8")
PROMPTS = DOCS[DOCS.index("\n## Prompts") : DOCS.index("\n## For authors")]


def recipe(kind: str, after: str = "") -> str:
    """The first block of a kind, after some words."""
    found = re.search(rf"^```{kind}\n(.*?)^```$", PROMPTS[PROMPTS.index(after) :], re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def json_recipe(assistant: str) -> dict[str, Any]:
    """The entry for an assistant's settings."""
    return json.loads(recipe("json", f"**{assistant}**"))


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    """A repository in a folder whose name needs quoting, in which something was spent."""
    repo = Hooked(tmp_path / "it's a folder", enabled=False)
    repo.more_environ = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    repo.change()
    repo.git("commit", "-q", "-m", "root")
    repo.spend()
    return repo


def test_starship_shows_the_figure(repo: Hooked) -> None:
    module = tomllib.loads(recipe("toml"))["custom"]["tokcost"]
    assert (module["when"], module["require_repo"]) == (True, True)
    done = subprocess.run(
        ["sh", "-c", module["command"]], cwd=repo.path, env=repo.environ, capture_output=True, check=True
    )
    assert re.fullmatch(rb"\$0\.0\d+\n", done.stdout)


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
def test_claude_codes_status_line_is_that_of_the_folder_it_names(repo: Hooked, tmp_path: Path) -> None:
    command = json_recipe("Claude Code")["statusLine"]["command"]
    folder = str(repo.path)
    told = {
        "hook_event_name": "Status",
        "session_id": "abc123",
        "transcript_path": f"{repo.home}/.claude/projects/repo/session-1.jsonl",
        "cwd": folder,
        "model": {"id": "claude-opus-4-1", "display_name": "Opus"},
        "workspace": {"current_dir": folder, "project_dir": folder},
        "version": "1.0.80",
        "output_style": {"name": "default"},
        "cost": {"total_cost_usd": 0.01234, "total_duration_ms": 45000, "total_api_duration_ms": 2300},
    }

    def shown(**more: object) -> bytes:
        said = json.dumps(told | more).encode()
        return subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, env=repo.environ, input=said, capture_output=True, check=True
        ).stdout

    assert re.match(rb"main  \$0\.0\d+ list", shown())
    assert shown(workspace={"current_dir": str(tmp_path)}) == b""


@pytest.mark.parametrize("assistant", ["Copilot CLI", "Qwen Code"])
def test_the_status_line_of_assistants_that_run_it_in_their_folder_is_that_of_this_folder(
    repo: Hooked, tmp_path: Path, assistant: str
) -> None:
    settings = json_recipe(assistant)
    entry = settings["statusLine"] if assistant == "Copilot CLI" else settings["ui"]["statusLine"]
    assert entry["type"] == "command"
    assert "/" not in entry["command"], "Copilot CLI puts the folder before a command that has one"

    def shown(folder: Path) -> bytes:
        # More than a pipe holds: the command does not read it, and must not fail because of that.
        said = json.dumps(
            {"cwd": str(folder), "workspace": {"current_dir": str(folder)}, "model": {"id": "x" * 100_000}}
        )
        done = subprocess.run(
            ["sh", "-c", entry["command"]],
            cwd=folder,
            env=repo.environ,
            input=said.encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout

    assert re.match(rb"main  \$0\.0\d+ list", shown(repo.path))
    assert shown(tmp_path) == b""


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
def test_claude_codes_status_line_follows_the_session_into_another_worktree(repo: Hooked, tmp_path: Path) -> None:
    command = json_recipe("Claude Code")["statusLine"]["command"]
    other = tmp_path / 'a "worktree" $HOME'
    repo.git("worktree", "add", "-q", "-b", "side", str(other))
    said = json.dumps({"cwd": str(repo.path), "workspace": {"current_dir": str(other), "project_dir": str(repo.path)}})
    done = subprocess.run(
        ["sh", "-c", command], cwd=repo.path, env=repo.environ, input=said.encode(), capture_output=True, check=True
    )
    assert done.stdout.startswith(b"side  ")


@pytest.mark.skipif(TMUX is None, reason="needs tmux")
def test_tmux_shows_the_line_of_the_folder_of_the_pane(repo: Hooked, tmp_path: Path) -> None:
    configuration = tmp_path / "tmux.conf"
    configuration.write_text(recipe("tmux") + "set -g status-interval 1\nset -g destroy-unattached on\n")
    # One tmux is shown in another, which can be asked what it shows.
    inner = ["tmux", "-S", str(tmp_path / "inner"), "-f", str(configuration), "new-session", "cat"]
    with Tmux(tmp_path / "outer", repo.environ) as terminal:
        terminal.start(["env", "-u", "TMUX", *inner], repo.path)
        terminal.wait(lambda: bool(re.search(r"main  \$0\.0\d+ list  \(\$0\.0\d+ pending\)", terminal.screen())))
