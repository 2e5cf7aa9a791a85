"""A session bus of its own with a real Secret Service on it: gnome-keyring, whose keyring a test can lock."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

LOCK = """
import secretstorage
bus = secretstorage.dbus_init()
secretstorage.get_default_collection(bus).lock()
"""


class KeyringSession:
    """Runs while it is entered. Its files lie below the home that it is given."""

    def __init__(self, home: Path) -> None:
        self.home = home
        runtime = home / "run"
        runtime.mkdir(parents=True, mode=0o700)
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self.environ = {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "LANG": "C.UTF-8",
                        "TOKCOST_HOME": str(home / "tokcost")}  # fmt: skip

    def __enter__(self) -> "KeyringSession":
        self._bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address"],
            env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._bus.stdout is not None
        self.environ["DBUS_SESSION_BUS_ADDRESS"] = self._bus.stdout.readline().strip()
        self._daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"],
            env=self.environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(b"password")
        self._daemon.stdin.close()
        for _ in range(200):
            if (self.home / ".local/share/keyrings/login.keyring").exists() and self._answers():
                return self
            time.sleep(0.05)
        raise AssertionError("gnome-keyring did not start")

    def _answers(self) -> bool:
        code = "import secretstorage; b = secretstorage.dbus_init(); secretstorage.get_default_collection(b)"
        return not subprocess.run([sys.executable, "-c", code], env=self.environ, capture_output=True).returncode

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._daemon, self._bus):
            one.send_signal(signal.SIGCONT)
            one.kill()
            one.wait()
        assert self._bus.stdout is not None
        self._bus.stdout.close()

    @property
    def pid(self) -> int:
        return self._daemon.pid

    def lock(self) -> None:
        subprocess.run([sys.executable, "-c", LOCK], env=self.environ, check=True)

    def stop(self) -> None:
        """As a daemon that hangs."""
        self._daemon.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._daemon.send_signal(signal.SIGCONT)

    def files_with(self, text: str) -> list[Path]:
        files = (path for path in self.home.rglob("*") if path.is_file())
        return [path for path in files if text.encode() in path.read_bytes()]


def is_installed() -> bool:
    return all(shutil.which(name) for name in ("dbus-daemon", "gnome-keyring-daemon"))
