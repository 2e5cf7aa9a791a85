"""Keys in a real Secret Service, and in keyrings that keep no secret: refused, locked, stopped, gone."""

import base64
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciliation.bill_server import KEY, BillServer, always, anthropic_page
from reconciliation.keyring_session import KeyringSession, is_installed
from support.terminal import on_terminal

PROGRAM = "from tokcost.cli.start import main; main()"
VARIABLE = "TOKCOST_ANTHROPIC_KEY"


def run(environ: dict[str, str], *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-c", PROGRAM, "reconcile", *words]
    return subprocess.run(command, env=environ, input=typed, capture_output=True, text=True, cwd=environ["HOME"])


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine without a bus."""
    (tmp_path / "home").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": str(tmp_path / "home"), "TOKCOST_HOME": str(tmp_path / "t"), "LANG": "C.UTF-8"}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[KeyringSession]:
    if not is_installed():
        assert "CI" not in os.environ, "gnome-keyring and dbus are missing"
        pytest.skip("gnome-keyring or dbus is not installed")
    with KeyringSession(tmp_path / "home") as session:
        yield session


@pytest.mark.few
@pytest.mark.parametrize("words", [["login", "anthropic"], ["logout", "anthropic"], ["openai", "--month", "2026-10"]])
def test_without_a_keyring_the_variable_is_named(environ: dict[str, str], words: list[str]) -> None:
    done = run(environ, *words, typed=KEY)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no keyring" in done.stderr
    assert f"TOKCOST_{'OPENAI' if 'openai' in words else 'ANTHROPIC'}_KEY" in done.stderr
    assert KEY not in done.stderr


def test_the_null_backend_is_refused_since_it_keeps_nothing(environ: dict[str, str]) -> None:
    environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    done = run(environ, "login", "anthropic", typed=KEY)
    assert (done.returncode, done.stdout) == (3, "")
    assert "keyring.backends.null does not protect secrets" in done.stderr
    assert VARIABLE in done.stderr
    assert run(environ, "status", "anthropic").returncode == 3


def test_a_backend_that_is_not_there_is_a_sentence(environ: dict[str, str]) -> None:
    environ["PYTHON_KEYRING_BACKEND"] = "no.such.Keyring"
    done = run(environ, "status", "anthropic")
    assert (done.returncode, done.stderr) == (3, "")
    assert VARIABLE in done.stdout


def test_the_variable_needs_no_keyring_and_is_asked_first(environ: dict[str, str]) -> None:
    environ |= {VARIABLE: KEY, "PYTHON_KEYRING_BACKEND": "no.such.Keyring"}
    done = run(environ, "status", "anthropic")
    assert (done.returncode, done.stdout) == (0, f"Anthropic: the key is in the environment variable {VARIABLE}.\n")


def test_without_a_provider_each_one_is_told_and_a_keyring_that_fails_is_asked_once(environ: dict[str, str]) -> None:
    environ |= {"TOKCOST_OPENAI_KEY": KEY, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    done = run(environ, "status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Anthropic", "OpenAI", "OpenRouter", "GitHub Copilot"]
    assert lines[1] == "OpenAI: the key is in the environment variable TOKCOST_OPENAI_KEY."
    assert all("does not protect secrets" in lines[at] and "environment variable" in lines[at] for at in (0, 2, 3))
    told = json.loads(run(environ, "status", "--json").stdout)
    assert [one["key"] for one in told] == [None, "environment", None, None]
    assert [one["provider"] for one in told] == ["anthropic", "openai", "openrouter", "copilot"]


@pytest.mark.few
@pytest.mark.parametrize("typed", ["", "\n", "two words", "k\x1bey", "kéy", "x" * 5000])
def test_what_is_no_key_is_not_kept_and_not_quoted(environ: dict[str, str], typed: str) -> None:
    done = run(environ, "login", "anthropic", typed=typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert not typed.strip() or typed not in done.stderr


def test_without_the_package_keyring_the_extra_and_the_variable_are_named(environ: dict[str, str]) -> None:
    hidden = "import sys; sys.modules['keyring'] = None; "  # as where it is not installed
    command = [sys.executable, "-P", "-c", hidden + PROGRAM, "reconcile", "status", "anthropic"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 3
    assert "tokcost[reconcile]" in done.stdout
    assert VARIABLE in done.stdout


@pytest.mark.slow
def test_a_key_is_kept_by_the_secret_service_and_in_no_file_as_it_is(session: KeyringSession) -> None:
    assert run(session.environ, "status", "anthropic").returncode == 1
    kept = run(session.environ, "login", "anthropic", typed=f"{KEY}\n")
    assert (kept.returncode, kept.stdout, kept.stderr) == (0, "The key is in your keyring (Secret Service).\n", "")
    assert run(session.environ, "status", "anthropic").stdout == "Anthropic: the key is in your keyring.\n"
    assert run(session.environ, "status", "openai").returncode == 1
    assert "Anthropic: the key is in your keyring.\nOpenAI: no key; " in run(session.environ, "status").stdout
    with BillServer(always(anthropic_page())) as server:
        environ = session.environ | {"TOKCOST_RECONCILE_URL": server.url}
        done = run(environ, "anthropic", "--month", "2026-10")
        assert (done.returncode, done.stderr) == (0, "")
        assert server.requests[0].headers["x-api-key"] == KEY
    assert session.files_with(KEY) == []
    assert session.files_with(base64.b64encode(KEY.encode()).decode()) == []
    assert run(session.environ, "logout", "anthropic").stdout == "The key is no longer in your keyring.\n"
    assert run(session.environ, "logout", "anthropic").stdout == "There was no key in your keyring.\n"
    assert run(session.environ, "status", "anthropic").returncode == 1


@pytest.mark.slow
def test_a_locked_keyring_is_said(session: KeyringSession) -> None:
    run(session.environ, "login", "anthropic", typed=KEY)
    session.lock()
    for words in (["login", "anthropic"], ["logout", "anthropic"], ["anthropic", "--month", "2026-10"]):
        done = run(session.environ, *words, typed=KEY)
        assert (done.returncode, done.stdout) == (3, "")
        assert "your keyring is locked" in done.stderr
        assert VARIABLE in done.stderr


@pytest.mark.slow
def test_a_keyring_that_hangs_is_given_up_after_ten_seconds(session: KeyringSession) -> None:
    run(session.environ, "login", "anthropic", typed=KEY)
    session.stop()
    began = time.monotonic()
    done = run(session.environ, "anthropic", "--month", "2026-10")
    assert 9 < time.monotonic() - began < 20
    assert (done.returncode, done.stdout) == (3, "")
    assert "your keyring did not answer within 10 seconds" in done.stderr
    assert VARIABLE in done.stderr
    session.go_on()
    assert run(session.environ, "status", "anthropic").returncode == 0


@pytest.mark.slow
def test_on_a_terminal_somebody_is_told_that_the_keyring_is_waited_for(session: KeyringSession) -> None:
    run(session.environ, "login", "anthropic", typed=KEY)
    session.stop()
    waker = subprocess.Popen(["sh", "-c", f"sleep 8; kill -CONT {session.pid}"])
    shown = on_terminal(["reconcile", "status", "anthropic"], session.home, session.environ)
    waker.wait()
    assert "waiting for your keyring" in shown
    assert "the key is in your keyring." in shown


@pytest.mark.slow
def test_a_key_that_is_typed_is_not_shown(session: KeyringSession) -> None:
    shown = typed_at_the_prompt(["login", "anthropic"], session.environ, f"{KEY}\n")
    assert "read:analytics" in shown
    assert "The key is in your keyring" in shown
    assert KEY not in shown


def typed_at_the_prompt(words: list[str], environ: dict[str, str], typed: str) -> str:
    """What a terminal shows on which somebody answers the prompt. It is ended after 30 seconds."""
    leader, follower = pty.openpty()
    command = ["timeout", "--foreground", "30", sys.executable, "-P", "-c", PROGRAM, "reconcile", *words]
    child = subprocess.Popen(command, env=environ, stdin=follower, stdout=follower, stderr=follower,
                             start_new_session=True)  # fmt: skip
    os.close(follower)
    shown, is_typed = b"", False
    while True:
        try:
            shown += os.read(leader, 65536)
        except OSError:  # Linux tells the end of a terminal so
            break
        if b"not shown" in shown and not is_typed:
            time.sleep(0.3)  # echo is switched off right before or after the prompt
            os.write(leader, typed.encode())
            is_typed = True
    child.wait()
    os.close(leader)
    return shown.decode()


@pytest.fixture(scope="module")
def plain_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that keeps keys in files, as it is installed beside others."""
    folder = tmp_path_factory.mktemp("packages")
    install = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*install, "--target", str(folder), "keyrings.alt==5.0.2"], capture_output=True)
    if done.returncode:
        pytest.skip("keyrings.alt could not be installed")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("chosen", ["", "keyrings.alt.file.PlaintextKeyring", "keyrings.alt.file.EncryptedKeyring"])
def test_a_keyring_that_writes_plain_text_is_refused(environ: dict[str, str], plain_text: Path, chosen: str) -> None:
    environ["PYTHONPATH"] = str(plain_text)
    if chosen:
        environ["PYTHON_KEYRING_BACKEND"] = chosen
    done = run(environ, "login", "anthropic", typed=KEY)
    assert (done.returncode, done.stdout) == (3, "")
    assert VARIABLE in done.stderr
    files = [path for path in Path(environ["HOME"]).rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in files)


@pytest.mark.slow
def test_beside_a_keyring_of_plain_text_the_secret_service_is_used(session: KeyringSession, plain_text: Path) -> None:
    environ = session.environ | {"PYTHONPATH": str(plain_text)}
    assert run(environ, "login", "anthropic", typed=KEY).stdout == "The key is in your keyring (Secret Service).\n"
    assert not list(session.home.rglob("keyring_pass.cfg"))
    session.lock()
    assert "locked" in run(environ, "login", "anthropic", typed=KEY).stderr
    assert not list(session.home.rglob("keyring_pass.cfg"))
