"""Real assistants show tokcost's line once the recipes of docs/editors.md stand in their settings."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from real_assistants.assistants import ASSISTANTS, start_environ, stop_daemons
from support.tmux import TMUX, Tmux

pytestmark = pytest.mark.assistants

DOCS = (Path(__file__).parent.parent.parent / "docs/editors.md").read_text(encoding="utf-8")
NOWHERE = "http://127.0.0.1:9"
"""No model answers there, and none is asked: nobody types a prompt."""


class Shown(NamedTuple):
    """An assistant with a status line, and what keeps its first start from asking."""

    title: str
    """Its heading in the documentation."""
    settings: str
    """The file of the recipe, below the home folder."""
    more: dict[str, Any]
    """Beside the recipe in that file."""
    answers: Callable[[Path], dict[str, Any]]
    """Files below the home folder, by the folder that is trusted."""


SHOWN = {
    "claude-code": Shown(
        "Claude Code",
        ".claude/settings.json",
        {},
        lambda folder: {
            ".claude.json": {
                "hasCompletedOnboarding": True,
                "customApiKeyResponses": {"approved": ["none"], "rejected": []},
                "projects": {str(folder): {"hasTrustDialogAccepted": True}},
            }
        },
    ),
    "copilot-cli": Shown(
        "Copilot CLI",
        ".copilot/settings.json",
        {},
        lambda folder: {".copilot/config.json": {"trusted_folders": [str(folder)], "trustedFolders": [str(folder)]}},
    ),
    "qwen-code": Shown(
        "Qwen Code", ".qwen/settings.json", {"security": {"auth": {"selectedType": "openai"}}}, lambda _: {}
    ),
}


@pytest.mark.skipif(TMUX is None, reason="needs tmux")
@pytest.mark.parametrize("name", SHOWN)
def test_an_assistant_shows_the_line_of_the_folder_it_works_in(name: str, tmp_path: Path) -> None:
    (assistant,) = (one for one in ASSISTANTS if one.name == name)
    if not assistant.is_installed:
        pytest.skip(f"{assistant.program} is not installed: make assistants installs it")
    home, repo = tmp_path / "home", tmp_path / "repo"
    home.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "feat/shown", str(repo)], check=True)
    environ = start_environ(assistant, NOWHERE, home)
    environ |= {"TOKCOST_HOME": str(tmp_path / "ledger"), "COPILOT_MODEL": assistant.model}
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    shown = SHOWN[name]
    found = re.search(r"^```json\n(.*?)^```$", DOCS[DOCS.index(f"**{shown.title}**") :], re.MULTILINE | re.DOTALL)
    assert found is not None
    for path, value in {shown.settings: json.loads(found[1]) | shown.more, **shown.answers(repo)}.items():
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_text(json.dumps(value), encoding="utf-8")
    with Tmux(tmp_path / "terminal", environ) as terminal:
        terminal.start([str(assistant.folder / assistant.program)], repo)
        terminal.wait(lambda: "feat/shown  no logs" in terminal.screen())
    stop_daemons(home)
