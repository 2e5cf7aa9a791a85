"""The wheel that people get, installed by pip into an environment that has nothing else, for somebody who has nothing
yet: what a checkout beside it, or a package of the tests, could hide is not there."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from support.hooked import REPLY, Hooked
from tokcost.model.trailer import read_message

ROOT = Path(__file__).parent.parent
UNREACHABLE = ("Retrying", "ConnectionError", "NewConnectionError", "Temporary failure", "No matching distribution")

pytestmark = pytest.mark.slow


def pip(python: Path | str, *words: str) -> "subprocess.CompletedProcess[str]":
    """pip with the configuration of whoever runs the tests, who may have a registry of their own."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with the pinned packages and the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    built = pip(sys.executable, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), ".")
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("tokcost-*.whl")
    venv.create(folder / "env", with_pip=True)
    found = folder / "env/bin"
    got = pip(found / "python", "install", "--requirement", "requirements/run.txt")
    if got.returncode and any(mark in got.stderr for mark in UNREACHABLE):
        pytest.skip("pip cannot reach its registry")
    assert got.returncode == 0, got.stderr
    done = pip(found / "python", "install", "--no-deps", "--no-index", str(wheel))
    assert done.returncode == 0, done.stderr
    return found


def test_an_empty_environment_and_home_are_enough_to_log_enable_commit_and_uninstall(
    programs: Path, tmp_path: Path
) -> None:
    checked = pip(programs / "python", "check")
    assert checked.returncode == 0, checked.stdout
    repo = Hooked(tmp_path, enabled=False, rooted=True)
    repo.home.mkdir()
    others = ("PYTHON", "TOKCOST_HOME", "XDG_")
    environ = {name: text for name, text in repo.environ.items() if not name.startswith(others)}

    def tokcost(*words: str) -> str:
        done = subprocess.run(
            [programs / "tokcost", *words], cwd=repo.path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    assert "No logs were found" in tokcost("log")
    before = _files(repo)
    tokcost("enable", "--yes", "--precision", "exact")
    repo.spend()
    assert "12.2k" in tokcost("log")
    repo.change()
    done = subprocess.run(["git", "commit", "-qm", "Work"], cwd=repo.path, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = read_message(repo.message()).lines
    assert line.tokens == REPLY
    assert "carried" in tokcost("log")
    tokcost("uninstall", "--yes")
    assert _files(repo) == before
    assert pip(programs / "python", "uninstall", "--yes", "tokcost").returncode == 0
    assert list(programs.glob("tokcost*")) == []


def _files(repo: GitSandbox) -> set[str]:
    """What is in the git folder beside objects and what git itself writes at a commit."""
    folder = repo.path / ".git"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(("objects", "logs", "index", "COMMIT_EDITMSG"))}
