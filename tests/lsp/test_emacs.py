"""A real Emacs with the configuration of docs/editors.md, as git's editor in a real terminal."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from support.tmux import TMUX, Tmux
from tokcost.reports.editor import damaged_text
from tokcost.reports.words import english

DOCS = (Path(__file__).parent.parent.parent / "docs/editors.md").read_text(encoding="utf-8")
(CONFIGURATION,) = re.findall(r"^```elisp\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
DAMAGED = "AI-Cost: ~2 UDS; ~1M tokens; x; 7k3qf9x2m4td"

# What a person does by hand, under keys, so that a test can wait for each answer.
HAND = """
(require 'package)
(package-initialize)
(setq native-comp-async-report-warnings-errors nil max-mini-window-height 10)
(global-set-key (kbd "C-c h")
  (lambda () (interactive)
    (goto-char (point-min)) (re-search-forward "^AI-Cost")
    (message "%s" (plist-get (plist-get (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover
      (eglot--TextDocumentPositionParams)) :contents) :value))))
(global-set-key (kbd "C-c a")
  (lambda () (interactive)
    (let ((action (aref (vconcat (eglot-code-actions (point-min) (point-max))) 0)))
      (eglot--apply-workspace-edit (plist-get action :edit))
      (message "did: %s" (plist-get action :title)))))
(global-set-key (kbd "C-c d")
  (lambda () (interactive)
    (message "it says: %s" (mapconcat #'flymake-diagnostic-text (flymake-diagnostics) " "))))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("emacs") is None or TMUX is None or not list(Path("/usr/share/emacs").rglob("eglot.el*")),
        reason="needs Emacs with eglot, and tmux: apt install emacs-nox elpa-eglot tmux",
    ),
]


def test_emacs_shows_the_figure_explains_the_line_and_leaves_it_out(agreed: Hooked, tmp_path: Path) -> None:
    agreed.work()
    agreed.spend()
    agreed.change()
    (agreed.home / ".emacs.d").mkdir()
    (agreed.home / ".emacs.d/init.el").write_text(HAND + CONFIGURATION)
    path = f"{Path(sys.executable).parent}{os.pathsep}{agreed.environ['PATH']}"
    environ = agreed.environ | {"GIT_EDITOR": "emacs -nw", "PATH": path}
    with Tmux(tmp_path / "tmux", environ) as terminal:
        terminal.start(["git", "commit"], agreed.path)
        terminal.wait(lambda: bool(re.search(r"\[eglot:repo\].* \$0\.0\d+", terminal.screen())))
        first = re.findall(r"\$0\.0\d+", terminal.screen())[-1]
        agreed.spend()
        terminal.wait(lambda: first not in terminal.screen().splitlines()[-2])
        terminal.keys("C-c", "h")
        terminal.wait(lambda: "Yours, exactly: $0.0" in terminal.screen())
        terminal.keys("M-<", "Work", "Enter", DAMAGED, "Enter")
        terminal.wait(lambda: "Flymake[0 1]" in terminal.screen())
        terminal.keys("C-c", "d")
        terminal.wait(lambda: damaged_text(english)[:40] in terminal.screen())
        terminal.keys("M-<", "C-n", "C-k", "C-k")
        terminal.keys("C-c", "a")
        terminal.wait(lambda: "did: Leave the AI-Cost line out" in terminal.screen())
        terminal.keys("C-x", "C-s", "C-x", "C-c")
        terminal.wait(lambda: "ended 0" in terminal.screen())
    assert agreed.git("log", "-1", "--format=%s") == "Work"
    assert agreed.lines() == []
    assert agreed.balance() == {"total": 3 * REPLY, "carried": REPLY, "withheld": REPLY, "pending": REPLY}
