"""A real terminal that a test can look at: one window of tmux, with a server of its own."""

import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support.editor import PATIENCE

TMUX = shutil.which("tmux")


class Tmux:
    """What a person sees who starts one program in a terminal of 100 by 30."""

    def __init__(self, socket: Path, environ: Mapping[str, str], configuration: Path | None = None) -> None:
        self._begin = ["tmux", "-S", str(socket), "-f", str(configuration or "/dev/null")]
        self._environ = {**environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

    def __enter__(self) -> "Tmux":
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server", ok=False)

    def start(self, program: Sequence[str], cwd: Path) -> None:
        """Open the window. It stays when the program has ended, so that its last words can be read."""
        size = ("-x", "100", "-y", "30")
        self._tmux("new-session", "-d", *size, "-c", str(cwd), f"{shlex.join(program)}; echo ended $?; sleep 600")

    def keys(self, *keys: str) -> None:
        """Type, in tmux's names of keys."""
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        """What the program shows."""
        return self._tmux("capture-pane", "-p")

    def wait(self, found: Callable[[], bool]) -> None:
        """Wait until a question is answered with yes."""
        end = time.monotonic() + PATIENCE
        while not found():
            assert time.monotonic() < end, self.screen()
            time.sleep(0.05)

    def _tmux(self, *words: str, ok: bool = True) -> str:
        done = subprocess.run([*self._begin, *words], env=self._environ, capture_output=True, text=True, check=False)
        assert not ok or done.returncode == 0, done.stderr
        return done.stdout
