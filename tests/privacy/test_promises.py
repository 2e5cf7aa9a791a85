"""The promises of docs/privacy.md by their numbers, over every command, the hooks and what they leave behind.

Rules behind single promises have tests where they live: groups in tests/history, purging in tests/hooks/test_purge.py,
hostile repositories in tests/looking, tests/repo and tests/services/test_hostile_clone.py, hostile logs in
tests/readers and tests/usage, other users in tests/hooks/test_other_users.py.
"""

import csv
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from privacy.conftest import ACCOUNT, AUTHOR, COMMANDS, EMAIL, NETWORK, SESSION, WATCHED, Developer, Used
from privacy.tainting import CANARY
from support import warm
from support.armed import Armed
from support.hooked import Hooked
from support.hostile_history import messages
from support.tables import few
from tokcost.cli.main import COMMANDS as ALL
from tokcost.model.trailer import Line, format_line, read_message

LINE = re.compile(
    r"AI-Cost: (?:~?(?:\d+|0\.\d+|\d+\.\d+) USD list(?: \+ unpriced)?|unpriced); ~?\d+(?:\.\d+)?[kMG]? tokens; "
    r"(?:[\w.:/, -]+?(?: \+\d+)?|-); [0-9a-hjkmnp-tv-z]{12}(?:\.\d+)?"
)
CLASSES = re.compile(
    r"AI-Tokens: (?:(?:input|output|cache-read|cache-write-5m|cache-write-1h)=\d+ ?)+; [0-9a-hjkmnp-tv-z]{12}(?:\.\d+)?"
)
LOOKING = (["log"], ["status"], ["preview"], ["why"], ["report"], ["report", "--by", "area"], ["doctor"], ["check"])
"""Commands that only look."""
HOSTILE = "\x1b[2J\x1b]0;owned\x07<b>\u202e"
"""Controls of a terminal, markup, and a turn of the direction of writing."""
A_GIGABYTE = 1 << 30
SECONDS = 60
"""Far more than any command takes, also on a busy machine."""


def test_every_command_is_among_those_that_are_watched() -> None:
    assert {*COMMANDS, *NETWORK, "lsp"} == set(ALL)


@pytest.mark.slow
def test_p1_and_p2_no_command_opens_a_connection_or_keeps_a_word(used: Used) -> None:
    developer = used.developer
    for words, done in used.ended.items():
        assert "NETWORK" not in done.stderr, words
        assert done.returncode in (0, 1), (words, done.returncode, done.stderr)
        assert "Traceback" not in done.stderr, words
        assert CANARY not in done.stdout, words
        programs = {Path(line.split()[1]).name for line in done.stderr.splitlines() if line.startswith("PROGRAM ")}
        assert programs <= {"git"} or words == "demo", (words, programs)
    assert developer.kept()
    assert developer.holding(CANARY) == []
    assert developer.holding(ACCOUNT) == []


@pytest.mark.slow
def test_p1_the_same_is_said_where_there_is_no_network_at_all(developer: Developer) -> None:
    alone = ("unshare", "-rn")
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("no network namespaces here")
    for words in (["log", "--json"], ["report", "--json"], ["preview"], ["why", "--json"]):
        here, there = developer.watched(*words), developer.watched(*words, before=alone)
        assert (there.returncode, there.stdout) == (here.returncode, here.stdout), words
    developer.spend()
    developer.change()
    done = subprocess.run(
        [*alone, "git", "commit", "-qm", "Without a network"], cwd=developer.path, env=developer.environ, check=False
    )
    assert done.returncode == 0
    assert developer.lines()


@pytest.mark.slow
def test_p3_nothing_that_is_shared_names_a_person_a_session_or_an_account(used: Used) -> None:
    developer = used.developer
    shared = [developer.out / name for name in ("report.html", "history.csv", "metrics.prom")]
    shared += [path for path in (developer.out / "costs").rglob("*") if path.is_file()]
    texts = [path.read_bytes() for path in shared]
    texts += [
        developer.watched("report", *more).stdout.encode() for more in ([], ["--json"], ["--csv"], ["--markdown"])
    ]
    texts.append(developer.git("log", "--format=%B").encode())
    assert len(texts) > 8
    for word in (SESSION, ACCOUNT, AUTHOR, EMAIL, str(developer.home)):
        assert [text[:80] for text in texts if word.encode() in text] == []


@pytest.mark.parametrize("precision", ["exact", "coarse"])
def test_p4_and_p5_a_commit_gets_lines_of_the_grammar_alone(precision: str, tmp_path: Path) -> None:
    repo = Hooked(tmp_path, precision=precision, rooted=True)
    for number, model in enumerate(
        ("claude-opus-4-5", "gpt-5.1-codex", "ft:gpt-4o:my-org:secret:1", "deployment of ours")
    ):
        for _ in range(number + 1):
            repo.spend(model=model, output=777 * (number + 1))
        repo.change()
        repo.hooked("-m", f"Work {number}\n\nA body.")
    for number, text in enumerate(reversed(repo.git("log", "--format=%B%x00", "-4").split("\0")[:4])):
        added = text.strip().removeprefix(f"Work {number}\n\nA body.").strip().splitlines()
        assert added
        folded = re.sub(r"\n +", " ", "\n".join(added)).splitlines()
        assert all(LINE.fullmatch(line) or CLASSES.fullmatch(line) for line in folded), folded
        assert "my-org" not in text
        assert "deployment" not in text
        if precision == "coarse":
            (line,) = read_message(text).lines
            assert str(line.tokens).rstrip("0") in ("1", "2", "5")
            assert line.cost is None or str(line.cost).rstrip("0") in ("1", "2", "5")


def test_p6_and_p10_who_did_not_opt_in_publishes_nothing_and_leaves_no_mark(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False, rooted=True)
    repo.spend()
    repo.git("status", "--short")  # git refreshes its index at the first look
    before = {path: path.read_bytes() for path in repo.path.rglob("*") if path.is_file()}
    for words in (["log"], ["status"], ["preview"], ["report"], ["doctor"], ["why"], ["hooks", "status"], ["check"]):
        repo.tokcost(*words)
    assert {path: path.read_bytes() for path in repo.path.rglob("*") if path.is_file()} == before
    repo.change()
    repo.hooked("-m", "Quiet")
    assert repo.message().strip() == "Quiet"


@pytest.mark.slow
def test_p7_a_purge_leaves_no_byte(developer: Developer) -> None:
    developer.everything()
    for path in developer.out.rglob("*"):
        if path.is_file():
            path.unlink()  # what was exported is the user's
    assert developer.holding(SESSION)
    done = developer.watched("purge", "--session", SESSION, "--yes")
    assert done.returncode == 0, done.stderr
    assert developer.holding(SESSION) == []


@pytest.mark.parametrize(
    "by", ["author", "authors", "committer", "person", "user", "email", "who", "developer", "team-member"]
)
@pytest.mark.slow
def test_p8_to_group_by_person_is_refused(by: str, developer: Developer) -> None:
    for words in (["report", "--by", by], ["log", "--by", by], ["report", "--by", by, "--json"]):
        assert developer.watched(*words).returncode == 2


@pytest.mark.slow
def test_p8_no_table_of_any_format_has_a_column_of_people(used: Used) -> None:
    developer = used.developer
    people = re.compile(r"author|committer|person|user|e-?mail|developer|contributor|owner", re.IGNORECASE)
    columns: set[str] = set()
    for path in developer.out.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            columns |= set(next(csv.reader(file)))
    columns |= set(developer.watched("report", "--csv").stdout.splitlines()[0].split(","))
    columns |= set(developer.watched("log", "--csv").stdout.splitlines()[0].split(","))
    assert len(columns) > 30
    assert [name for name in columns if people.search(name)] == []


@pytest.mark.few
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077, 0o777])
def test_p11_what_is_kept_is_the_users_own_under_any_umask(umask: int, tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    repo.spend()
    environ = repo.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}
    for words in (["log"], ["report"], ["plan", "set", "claude", "max_20x", "200", "--since", "2020-10-01"]):
        done = subprocess.run(
            ["sh", "-c", f'umask {umask:04o}; exec "$@"', "sh", sys.executable, "-P", "-c", WATCHED, *words],
            cwd=repo.path, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    for root in (repo.ledger_home, tmp_path / "cache"):
        for path in [root, *root.rglob("*")] if root.exists() else []:
            mode = stat.S_IMODE(path.lstat().st_mode)
            assert mode & 0o077 == 0, (path, oct(mode))


def test_p12_what_preview_shows_is_what_is_written(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    repo.spend()
    shown = repo.tokcost("preview").stdout
    repo.change()
    repo.hooked("-m", "Work")
    written = [line for line in repo.message().splitlines() if line.startswith("AI-")]
    without_ids = [line.rpartition("; ")[0] for line in written]
    assert without_ids
    assert all(line in shown for line in without_ids)


@pytest.mark.parametrize("people", few([4, 5, 2], 2))
def test_p9_a_grouped_figure_needs_five_contributors(people: int, tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False, rooted=True)
    for number in range(people):
        line = format_line(Line(f"{number:012d}", 1, 10**9, False, 1_000_000, ("claude-opus-4-5",)))
        author = f"p{number} <p{number}@example.org>"
        repo.change(f"file{number}")
        repo.git("commit", "-qm", f"Change {number}\n\n{line}", "--author", author)
    report = json.loads(repo.tokcost("report", "--by", "model", "--json").stdout)
    names = {row["name"] for rows in report["groups"].values() for row in rows}
    assert bool(names) is (people >= 5)
    assert people < 5 or "claude-opus-4-5" in names
    assert len(report["changes"]) == people
    assert report["list_cost"] == f"{people}.000000000"


@pytest.mark.slow
def test_p13_looking_starts_nothing_but_git_and_nothing_that_the_repository_names(tmp_path: Path) -> None:
    developer, armed = Developer(tmp_path), Armed(tmp_path / "armed")
    missing = developer.id("main~1^{tree}")
    armed.arm(developer, "upload-pack")
    armed.lose(developer, missing)
    for words in LOOKING:
        done = developer.watched(*words, PATH=armed.path)
        programs = {Path(line.split()[1]).name for line in done.stderr.splitlines() if line.startswith("PROGRAM ")}
        assert programs <= {"git"}, words
        assert "Traceback" not in done.stderr, (words, done.stderr)
        assert armed.marks == [], words


@pytest.mark.slow
def test_p13_strace_shows_our_start_python_and_git(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("tokcost")
    if shutil.which("strace") is None or not program.exists():
        pytest.skip("needs strace and an installed tokcost")
    developer = Developer(tmp_path)
    trace = tmp_path / "trace"
    for words in LOOKING:
        done = subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=execve", "-o", trace, program, *words],
            cwd=developer.path, env=developer.watched_environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "PTRACE" in done.stderr or "ptrace" in done.stderr:
            pytest.skip("strace may not trace here")
        started = {Path(name).name for name in re.findall(r'execve\("([^"]+)"', trace.read_text())}
        assert {"tokcost"} < started <= {"tokcost", "readlink", Path(sys.executable).name, "git"}, words


def test_p14_what_others_write_stops_no_command_and_controls_no_screen(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    repo.work("One")
    for message in messages(16):
        (tmp_path / "message").write_text(f"{message}{HOSTILE}")
        repo.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", str(tmp_path / "message"))
    repo.now += 1
    repo.spend(model=HOSTILE, sessionId=HOSTILE)
    (repo.home / ".claude/projects/repo" / f"{HOSTILE.replace('/', '')}.jsonl").write_text('{"type": "assistant"' * 99)
    with (repo.home / ".claude/projects/repo/session-1.jsonl").open("a", encoding="utf-8") as log:
        log.write("[" * 200_000 + "\n" + '{"message": {"usage": {"input_tokens": 1e999}}}\n')
    (repo.path / ".tokcost.toml").write_text('["\\u001b[2J\\u202e"]\n"\\u001b[2J" = 1\n')
    repo.switch("-c", "feat/\u202e\u2028")
    for words in (*LOOKING, ["log", "--csv"], ["report", "--markdown"], ["report", "--csv"]):
        done = warm.tokcost(*words, cwd=repo.path, env=repo.environ, memory=A_GIGABYTE, timeout=SECONDS)
        assert done.returncode in (0, 1), (words, done.stderr)
        assert "Traceback" not in done.stderr, words
        assert [mark for mark in "\x1b\x07\u202e\u2028" if mark in done.stdout + done.stderr] == [], words
    repo.change()
    repo.grumble("commit", "-qm", "Still made")
    assert repo.lines()
