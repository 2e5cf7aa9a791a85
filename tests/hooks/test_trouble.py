"""What can go wrong around a commit: each time the commit happens, nothing is lost and nothing is published twice."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import AT_ONCE, REPLY, Hooked, alone
from support.tables import few
from tokcost_hooks import HOOKS

QUIET = 'sed -i "/^AI-/d;/^  cache/d" "$1"'

TROUBLE = """
import importlib, os, resource, signal, sqlite3, sys
sys.path[:0] = os.environ["TOKCOST_PATH"].split(os.pathsep)
hook, trouble, *words = os.environ.get("TROUBLE", ":").split(":")

def die_at(place, name, when):
    module = importlib.import_module(place)
    done = getattr(module, name)
    def dying(*args, **more):
        if when == "after":
            done(*args, **more)
        open(os.environ["DIED"], "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(module, name, dying)

def hang():
    import time
    unlink = os.unlink
    def slow(path, **more):
        time.sleep(1)
        unlink(path, **more)
    os.unlink = slow

def read_only():
    connect = sqlite3.connect
    def connected(*args, **more):
        found = connect(*args, **more)
        found.execute("PRAGMA query_only = 1")
        return found
    sqlite3.connect = connected

if hook == sys.argv[1]:
    if trouble == "kill":
        die_at(*words)
    elif trouble == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(words[0]), int(words[0])))
    elif trouble == "hang":
        hang()
    elif trouble == "readonly":
        read_only()
from tokcost_hooks.run import main
main()
"""
"""A start of our hooks that gets into trouble where the environment says so."""


@pytest.fixture
def doomed(repo: Hooked) -> Hooked:
    """A repository whose hooks heed `TROUBLE`."""
    start = repo.home.parent / "trouble.py"
    start.write_text(TROUBLE)
    for hook in HOOKS:
        path = repo.common_dir / "hooks" / hook
        if not path.exists():  # pre-commit: there is no budget
            continue
        path.write_text(path.read_text().replace(f"{run_file(path)} ", f"{start} "))
    return repo


def run_file(script: Path) -> str:
    """The file that a hook starts Python with."""
    words = script.read_text().split()
    return words[words.index("-S") + 1]


PREPARE = [
    ("services.prepare_commit", "put_aside"),
    ("services.prepare_commit", "read_consent"),
    ("services.prepare_commit", "open_refreshed"),
    ("services.prepare_commit", "refresh_carriers"),
    ("services.prepare_commit", "propose"),
    ("claims.claim_journal", "write"),
    ("services.prepare_commit", "withheld_recorded"),
    ("services.prepare_commit", "_write"),
    ("services.prepare_commit", "note_proposal"),
]
SETTLE = [
    ("services.settle_commit", "begin_settling"),
    ("services.settle_commit", "read_commit"),
    ("services.settle_commit", "note_withheld"),
    ("claims.claim_journal", "write"),
    ("services.settle_commit", "record_withheld"),
    ("services.settle_commit", "withheld_recorded"),
    ("services.settle_commit", "settled"),
]


@pytest.mark.slow
@alone
@pytest.mark.parametrize("when", few(["before", "after"], 1))
def test_killed_while_a_commit_is_prepared(doomed: Hooked, when: str) -> None:
    """Each commit happens, each amend as well, and whatever comes after makes up for it."""
    repo = doomed
    for number, (room, name) in enumerate(PREPARE):
        for how in (("-m", "Killed"), ("--amend", "--no-edit")):
            repo.spend()
            repo.change()
            killed(repo, f"prepare-commit-msg:kill:tokcost.{room}:{name}:{when}", *how)
        assert repo.replies()["total"] == 2 * (number + 1)
    repo.work("Whole")
    total = 2 * len(PREPARE) + 1
    assert repo.replies() == {"total": total, "carried": total}


@alone
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hook_that_is_killed_says_what_the_commit_carries(doomed: Hooked, when: str) -> None:
    doomed.spend()
    doomed.change()
    trouble = f"prepare-commit-msg:kill:tokcost.services.prepare_commit:_write:{when}"
    said = doomed.grumble(
        "commit", "-q", "-m", "Killed", env={"TROUBLE": trouble, "DIED": str(doomed.home.parent / "died")}
    )
    assert ("AI-Cost: " in doomed.message()) is (when == "after")
    assert ("without a cost line" in said) is (when == "before")
    assert ("after it had written the message" in said) is (when == "after")
    doomed.work("After")
    assert doomed.replies() == {"total": 2, "carried": 2}


@alone  # a server may be quicker than the shortest deadline
@pytest.mark.parametrize("how", [("commit", "-q", "--amend", "--no-edit"), ("cherry-pick", "feature")], ids=" ".join)
def test_a_hook_that_has_no_time_says_that_the_line_which_was_there_stays(repo: Hooked, how: tuple[str, ...]) -> None:
    repo.git("switch", "-q", "-c", "feature")
    repo.work(name="other")
    if how[0] == "cherry-pick":
        repo.git("switch", "-q", "main")
    repo.spend()
    said = repo.grumble(*how, env={"TOKCOST_DEADLINE": AT_ONCE})
    assert "the message keeps its cost line, and new usage stays pending" in said
    assert "without a cost line" not in said
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


@pytest.mark.slow
@alone
@pytest.mark.parametrize("when", few(["after", "before"], 1))
def test_killed_while_a_removed_line_is_noted(doomed: Hooked, when: str) -> None:
    """It is never proposed again, wherever the hook was killed: the next commit does what was left."""
    repo = doomed
    for room, name in SETTLE:
        repo.spend()
        repo.change()
        where = f"post-commit:kill:tokcost.{room}:{name}:{when}"
        killed(repo, where, "-e", "-m", "Quiet", env=repo.editor(QUIET))
        repo.change()
        repo.hooked("-m", "Loud")
    assert repo.replies() == {"total": len(SETTLE), "withheld": len(SETTLE)}
    assert repo.lines() == []


def killed(repo: Hooked, where: str, *args: str, env: dict[str, str] | None = None) -> None:
    """A commit whose hook is killed at a place; it happens."""
    died = repo.home.parent / "died"
    repo.grumble("commit", "-q", *args, env={"TROUBLE": where, "DIED": str(died)} | (env or {}))
    died.unlink()


@pytest.mark.few
@alone
@pytest.mark.parametrize("most", [0, 100, 60_000])
def test_a_full_disk(doomed: Hooked, most: int) -> None:
    repo = doomed
    repo.work("Before")
    repo.spend()
    repo.change()
    said = repo.grumble("commit", "-q", "-m", "No room", env={"TROUBLE": f"prepare-commit-msg:full:{most}"})
    assert said.count("tokcost: ") <= 1
    assert repo.message().startswith("No room")
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 3}


@alone
@pytest.mark.parametrize("hook", ["prepare-commit-msg", "post-commit"])
def test_a_ledger_that_cannot_be_written(doomed: Hooked, hook: str) -> None:
    repo = doomed
    repo.work("Before")
    repo.spend()
    repo.change()
    said = repo.grumble("commit", "-q", "-e", "-m", "Quiet", env={"TROUBLE": f"{hook}:readonly"} | repo.editor(QUIET))
    assert said.count("tokcost: ") == 1
    found = repo.replies()
    assert found["carried"] == 1
    repo.work("After")
    kept = {"withheld": 1, "carried": 2} if hook == "post-commit" else {"carried": 3}
    assert repo.replies() == {"total": 3} | kept


def test_a_ledger_that_somebody_else_is_writing(repo: Hooked) -> None:
    repo.work("Before")
    repo.spend()
    repo.change()
    other = sqlite3.connect(repo.ledger_home / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said = repo.grumble("commit", "-q", "-m", "Locked", env={"TOKCOST_DEADLINE": "0.5"})
    other.execute("ROLLBACK")
    other.close()
    assert said.count("tokcost: ") == 1
    assert "stays pending" in said
    assert repo.message() == "Locked"
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_deadline_that_is_over_at_once(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    said = repo.grumble("commit", "-q", "-m", "In a hurry", env={"TOKCOST_DEADLINE": AT_ONCE})
    assert "took longer" in said
    assert repo.message().startswith("In a hurry")
    repo.work("After")
    assert repo.replies() == {"total": 2, "carried": 2}


@alone
def test_the_deadline_cannot_be_swallowed(doomed: Hooked) -> None:
    """A file that hangs is where files are expected to be missing: the deadline is not one more missing file."""
    repo = doomed
    repo.spend()
    repo.change()
    trouble = {"TROUBLE": "prepare-commit-msg:hang", "TOKCOST_DEADLINE": "0.2"}
    said = repo.grumble("commit", "-q", "-m", "Slow", env=trouble)
    assert "took longer" in said
    assert repo.message() == "Slow"
    repo.work("After")
    assert repo.replies() == {"total": 2, "carried": 2}


@alone
@pytest.mark.parametrize("garbage", [b"", b"not a database at all" * 400])
def test_a_ledger_that_is_damaged_is_made_anew_in_the_hook(repo: Hooked, garbage: bytes) -> None:
    repo.work("Before")
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (repo.ledger_home / name).unlink(missing_ok=True)
    (repo.ledger_home / "ledger.db").write_bytes(garbage)
    repo.spend()
    repo.change()
    repo.grumble("commit", "-q", "-m", "On ruins")
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_ledger_home_that_is_a_file(repo: Hooked) -> None:
    repo.work("Before")
    repo.spend()
    repo.change()
    elsewhere = repo.home.parent / "no-folder"
    elsewhere.write_text("")
    said = repo.grumble("commit", "-q", "-m", "Nowhere", env={"TOKCOST_HOME": str(elsewhere)})
    assert said.count("tokcost: ") == 1
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


def test_a_python_that_is_gone(repo: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.work("Before")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python3")
        repo.enable()
    repo.spend()
    repo.change()
    said = repo.grumble("commit", "-q", "-m", "Without Python")
    assert "its Python is gone" in said
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.enable()
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_path_without_python(repo: Hooked) -> None:
    """A graphical client starts git with hardly any PATH."""
    tools = repo.home.parent / "tools"
    tools.mkdir()
    found = shutil.which("git")
    assert found is not None
    os.symlink(found, tools / "git")
    repo.spend()
    repo.change()
    repo.hooked("-m", "By a client", env={"PATH": str(tools)})
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_folder_that_is_gone_in_the_logs(repo: Hooked) -> None:
    repo.spend(cwd=repo.path.parent / "gone")
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_truncated_log_line_waits_for_its_end(repo: Hooked) -> None:
    repo.spend()
    (log,) = (repo.home / ".claude/projects/repo").iterdir()
    whole = log.read_bytes()
    log.write_bytes(whole[:-20])
    repo.change()
    repo.hooked("-m", "Too early")
    assert repo.lines() == []
    log.write_bytes(whole)
    repo.change()
    repo.hooked("-m", "In time")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_lost_ledger_publishes_nothing_twice(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    repo.hooked("-e", "--allow-empty", "-m", "Quiet", env=repo.editor('sed -i "/^AI-/d;/^  cache/d" "$1"'))
    repo.spend()
    before = repo.replies()
    shutil.rmtree(repo.ledger_home)
    assert repo.replies() == before == {"total": 3, "carried": 1, "withheld": 1, "pending": 1}
    repo.change()
    repo.hooked("-m", "Loud")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}


def test_a_ledger_lost_between_two_commits_is_made_anew_by_the_hook(repo: Hooked) -> None:
    repo.work("One")
    shutil.rmtree(repo.ledger_home)
    repo.work("Two")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.parametrize("gone", ["all", "half"])
def test_a_ledger_lost_with_its_logs_takes_nothing_from_later_lines(repo: Hooked, gone: str) -> None:
    """Assistants delete their logs after some weeks, and what was published of them is in the messages all the same."""
    repo.spend()
    repo.work("Two replies")
    shutil.rmtree(repo.ledger_home)
    (log,) = repo.home.rglob("*.jsonl")
    log.write_text("".join(log.read_text().splitlines(keepends=True)[1:] if gone == "half" else []))
    repo.work("One more")
    (line,) = repo.lines()
    assert line.tokens == REPLY


def test_people_who_share_a_clone_have_claims_of_their_own(repo: Hooked, tmp_path: Path) -> None:
    repo.work("First person's")
    theirs = repo.lines()
    repo.home, repo.ledger_home = tmp_path / "home-2", tmp_path / "ledger-2"
    repo.agree()
    repo.work("Second person's")
    (line,) = repo.lines()
    assert line.tokens == REPLY
    repo.run("switch", "-q", "-c", "amends", "HEAD~1")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    assert repo.lines()[0] == theirs[0]
    assert [one.tokens for one in repo.lines()] == [REPLY, REPLY]


def test_a_raise_after_a_lost_ledger_is_a_raise_of_the_same_claim(repo: Hooked) -> None:
    repo.work("One")
    shutil.rmtree(repo.ledger_home)
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (2, 2 * REPLY)
    assert repo.replies() == {"total": 2, "carried": 2}


_CLAIM = b'\n["7k3qf9x2m4tc",%b,"AI-Cost: 1 USD list; 1 tokens; x; 7k3qf9x2m4tc",[["claude-code","x"]],false]\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    few(
        [
            *(
                b"",
                b"\n{",
                b"\n[1,2]",
                b'\n["x",1,"",[[1]],false]',
                b"\xff\x00",
                b"[" * 100_000,
                b"\n" + b"x" * 20_000_000,
            ),
            *(_CLAIM % version for version in (b"-1", b"9" * 5000, b"9223372036854775808", b"1e999", b'"1"', b"null")),
            b'\n[["x"],1,"",[],false]\n',
        ],
        5,
    ),
    ids=lambda damage: damage[:60].decode("ascii", "replace"),
)
def test_a_damaged_record_of_the_journal_spoils_no_other(repo: Hooked, damage: bytes) -> None:
    repo.work("One")
    path = repo.path / ".git/tokcost/claims"
    path.write_bytes(path.read_bytes() + damage)
    repo.work("Two")
    shutil.rmtree(repo.ledger_home)
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.few
@pytest.mark.parametrize("number", [b"9" * 5000, b"9223372036854775808", b"-1", b"1e999", b"true"])
def test_a_record_of_our_own_claim_with_an_impossible_version_spoils_no_other(repo: Hooked, number: bytes) -> None:
    repo.work("One")
    path = repo.path / ".git/tokcost/claims"
    before = path.read_bytes()
    path.write_bytes(before.replace(b",1,", b"," + number + b",", 1) + before)
    shutil.rmtree(repo.ledger_home)
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_record_that_says_a_version_twice_counts_once(repo: Hooked) -> None:
    repo.work("One")
    path = repo.path / ".git/tokcost/claims"
    (line,) = (text for text in path.read_text().split("\n") if text)
    said = next(text for text in repo.message().split("\n") if text.startswith("AI-Cost"))
    path.write_text(line.replace(said, f"{said}\\n{said}"))
    shutil.rmtree(repo.ledger_home)
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.slow
def test_a_copy_of_a_clone_claims_nothing_of_the_original(repo: Hooked) -> None:
    repo.work("One")
    copy = repo.path.parent / "copy"
    shutil.copytree(repo.path, copy)
    repo.agree(cwd=copy)
    repo.spend(cwd=copy)
    (copy / "new").write_text("x")
    repo.git("add", "-A", cwd=copy)
    repo.hooked("-m", "In the copy", cwd=copy)
    assert repo.replies() == {"total": 1, "carried": 1}
    assert "AI-Cost" in repo.git("log", "-1", "--format=%B", cwd=copy)


@pytest.mark.slow
@alone
def test_what_hooks_leave_of_the_ledger_is_written_back(repo: Hooked) -> None:
    repo.work("One")
    left = repo.ledger_home / "ledger.db-wal"
    fill = (
        "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "[db.execute('INSERT INTO setting VALUES (?, ?)', (f'filler {n}', 'x' * 16000)) for n in range(200)];"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", fill, str(repo.ledger_home / "ledger.db")], check=True)
    assert left.stat().st_size > 1 << 20
    repo.work("Two")
    assert not left.exists() or left.stat().st_size < 1 << 20
    assert repo.replies() == {"total": 2, "carried": 2}
