"""What people do with Claude Code in a terminal and no command line can: change the model inside a session, rewind."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from real_assistants.assistants import ASSISTANTS, start_environ, stop_daemons
from real_assistants.lab import Lab
from real_assistants.mock_models import ModelServer
from support.tmux import TMUX, Tmux

pytestmark = [pytest.mark.assistants, pytest.mark.skipif(TMUX is None, reason="needs tmux")]

_ANSWERED = {"hasCompletedOnboarding": True, "customApiKeyResponses": {"approved": ["none"], "rejected": []}}
"""What keeps its first start from asking."""
_IDLE = "? for shortcuts"
_SECOND = 1.1


class Terminal:
    """Claude Code in a terminal."""

    def __init__(self, lab: Lab, server: ModelServer, tmux: Tmux) -> None:
        self._lab, self._server, self._tmux = lab, server, tmux
        program = lab.assistant.folder / lab.assistant.program
        tmux.start([str(program), "--model", lab.assistant.model, "--allowedTools", "Bash"], lab.repo)
        self.sees(_IDLE)

    def sees(self, text: str) -> None:
        """Wait until the screen has a text."""
        self._tmux.wait(lambda: text in self._tmux.screen())

    def types(self, text: str) -> None:
        """Type a line and send it, once the program has shown it."""
        self._tmux.keys(*("Space" if one == " " else "\\;" if one == ";" else one for one in text))
        self.sees(text)
        self._tmux.keys("Enter")

    def says(self, plan: str) -> None:
        """Have it work by a plan, to the end of that."""
        before = len([call for call in self._server.calls if call.reply.step == "text"])
        self.types(f"[[plan: {plan}]]")
        self._tmux.wait(lambda: len([call for call in self._server.calls if call.reply.step == "text"]) > before)
        time.sleep(_SECOND)
        self.sees(_IDLE)

    def takes_model(self, name: str) -> None:
        """Go on with another model; it asks whether that is meant."""
        self.types(f"/model {name}")
        self.sees("Yes, switch to")
        self._tmux.keys("Enter")
        self.sees("Set model to")

    def rewinds(self) -> None:
        """Go back to before the last prompt."""
        self._tmux.keys("Escape", "Escape")
        self.sees("Restore the code and/or conversation")
        self._tmux.keys("Up")
        time.sleep(_SECOND)
        self._tmux.keys("Enter")
        self.sees("1. Restore conversation")
        self._tmux.keys("Enter")
        self._tmux.wait(lambda: "Restore conversation" not in self._tmux.screen())
        self._tmux.keys("C-u")
        time.sleep(_SECOND)

    def leaves(self) -> None:
        """End it as people do."""
        self.types("/exit")
        self.sees("ended 0")


def test_a_model_that_was_changed_and_replies_that_were_rewound_were_paid_for(tmp_path: Path) -> None:
    (assistant,) = (one for one in ASSISTANTS if one.name == "claude-code")
    if not assistant.is_installed:
        pytest.skip(f"{assistant.program} is not installed: make assistants installs it")
    lab = Lab(tmp_path, assistant)
    answered = _ANSWERED | {"projects": {str(lab.repo): {"hasTrustDialogAccepted": True}}}
    (lab.home / ".claude.json").write_text(json.dumps(answered), encoding="utf-8")
    with ModelServer(lab.repo) as server:
        environ = start_environ(assistant, server.url, lab.home)
        with Tmux(tmp_path / "terminal", environ) as tmux:
            terminal = Terminal(lab, server, tmux)
            lab.git("switch", "-q", "feat/a")
            time.sleep(_SECOND)
            terminal.says("sh true; text")
            terminal.takes_model(assistant.other_model)
            switch_alone(lab, "feat/b")
            terminal.says("sh true; text")
            terminal.rewinds()
            switch_alone(lab, "main")
            terminal.says("text")
            terminal.leaves()
    stop_daemons(lab.home)
    assert lab.told() == lab.billed(server)
    assert set(lab.told()) == {"feat/a", "feat/b", "main"}
    assert lab.models() == Counter(call.model for call in lab.logged(server))
    assert set(lab.models()) == {assistant.model, assistant.other_model}


def switch_alone(lab: Lab, branch: str) -> None:
    """Switch in a second of its own: a reflog tells no more."""
    time.sleep(_SECOND)
    lab.git("switch", "-q", branch)
    time.sleep(_SECOND)
