"""The recipes of docs/editors.md for prompts and status lines, run as those who show them do."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.tmux import TMUX, Tmux

DOCS = (Path(__file__).parent.parent.parent / "docs/editors.md").read_text(encoding="utf-8")
PROMPTS = DOCS[DOCS.index("\n## Prompts") : DOCS.index("\n## For authors")]


def recipe(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PROMPTS, re.MULTILINE | re.DOTALL)
    return found


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
    command = json.loads(recipe("json"))["statusLine"]["command"]
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


@pytest.mark.skipif(TMUX is None, reason="needs tmux")
def test_tmux_shows_the_line_of_the_folder_of_the_pane(repo: Hooked, tmp_path: Path) -> None:
    configuration = tmp_path / "tmux.conf"
    configuration.write_text(recipe("tmux") + "set -g status-interval 1\nset -g destroy-unattached on\n")
    # One tmux is shown in another, which can be asked what it shows.
    inner = ["tmux", "-S", str(tmp_path / "inner"), "-f", str(configuration), "new-session", "cat"]
    with Tmux(tmp_path / "outer", repo.environ) as terminal:
        terminal.start(["env", "-u", "TMUX", *inner], repo.path)
        terminal.wait(lambda: bool(re.search(r"main  \$0\.0\d+ list  \(0\.0\d+ pending\)", terminal.screen())))
