"""A process that is forked from a warm one does what a process of its own does: otherwise tests would prove less."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from support import warm
from support.hooked import Hooked
from support.tables import few
from support.terminal import on_terminal
from tokcost.cli.main import COMMANDS


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    repo = Hooked(tmp_path, rooted=True)
    repo.spend()
    return repo


def alone(repo: Hooked, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", warm.COMMAND_LINE, *words],
        cwd=repo.path,
        env=repo.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout, done.stderr


def forked(repo: Hooked, *words: str) -> tuple[int, str, str]:
    done = warm.tokcost(*words, cwd=repo.path, env=repo.environ)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.few
@pytest.mark.parametrize("command", few(COMMANDS, 8))
def test_every_command_explains_itself_alike(repo: Hooked, command: str) -> None:
    found = forked(repo, command, "--help")
    assert found == alone(repo, command, "--help")
    assert found[0] == 0


@pytest.mark.few
@pytest.mark.parametrize(
    "words",
    [
        "log --json",
        "status",
        "preview",
        "prices explain claude-opus-4-5",
        "report",
        "budget",
        "hooks status",
        "nothing",
    ],
)
def test_commands_say_the_same_with_the_same_exit_code(repo: Hooked, words: str) -> None:
    repo.tokcost("log")
    assert forked(repo, *words.split()) == alone(repo, *words.split())


def test_a_parquet_file_has_the_same_bytes(repo: Hooked) -> None:
    repo.tokcost("log")
    made = list[bytes]()
    for run in (forked, alone):
        target = repo.path.parent / f"{run.__name__}.parquet"
        assert run(repo, "export", "usage", "--format", "parquet", "-o", str(target))[0] == 0
        made.append(target.read_bytes())
    assert made[0] == made[1]


SEEN = """
import os, sys
print(os.getcwd(), sys.argv[1:], sorted(os.environ.items()), sys.stdout.isatty(), sys.stdout.encoding)
print(len(os.listdir("/proc/self/fd")), flush=True)
os.umask(0) == 0o027 or sys.exit("no umask")
"""


@pytest.mark.few
@pytest.mark.parametrize("language", [{}, {"LANG": "C.UTF-8"}, {"LC_ALL": "POSIX"}, {"PYTHONUTF8": "0"}])
def test_it_has_a_folder_an_environment_and_streams_of_its_own(tmp_path: Path, language: dict[str, str]) -> None:
    environ = {"HOME": str(tmp_path), "ODD": "ä\udcff", "PYTHONPATH": os.pathsep.join(sys.path), **language}
    before = os.umask(0o027)
    try:
        found = warm.run(SEEN, ["a", "ü"], cwd=tmp_path, env=environ)
        command = [sys.executable, "-P", "-c", SEEN, "a", "ü"]
        wanted = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, stdin=subprocess.DEVNULL)
    finally:
        os.umask(before)
    assert (found.returncode, found.stdout, found.stderr) == (wanted.returncode, wanted.stdout, wanted.stderr)


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("raise SystemExit(7)", 7),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import os; os._exit(3)", 3),
        ("pass", 0),
    ],
)
def test_it_ends_as_python_ends(code: str, end: int) -> None:
    assert warm.run(code, []).returncode == end


def test_what_it_changes_changes_nothing_for_the_next_one() -> None:
    warm.run("import os, tokcost.settings; os.environ['A'] = '1'; del tokcost.settings.home_folder; os.chdir('/')", [])
    asked = "import os, tokcost.settings; print('A' in os.environ, hasattr(tokcost.settings, 'home_folder'))"
    assert warm.run(asked, []).stdout == b"False True\n"


def test_it_can_be_killed_and_is_waited_for_at_most_so_long() -> None:
    process = warm.start("import time; time.sleep(60)", [])
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    process.communicate()
    assert process.wait() == -9


def test_several_run_at_once() -> None:
    asks = [warm.start("import sys; print(sys.stdin.read())", [], streams=[subprocess.PIPE] * 3) for _ in range(3)]
    for number in (2, 0, 1):
        assert asks[number].communicate(b"%d" % number)[0] == b"%d\n" % number


def test_it_has_no_more_memory_than_it_may_have() -> None:
    assert warm.run("bytes(3 << 30)", [], memory=2 << 30).stderr.endswith(b"MemoryError\n")
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


def test_on_a_terminal_it_has_a_terminal(repo: Hooked) -> None:
    environ = {**repo.environ, "TERM": "xterm", "NO_COLOR": ""}
    assert "\x1b[" in on_terminal(["log"], repo.path, environ)
