"""Nothing that `tokcost purge` deletes is in a byte of ours, comes back or is published again; the equation closes."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.claude_lines import append, assistant, cost_state, counts
from support.hooked import REPLY, Hooked, alone
from support.tables import few


def spend(repo: Hooked, session: str, number: int, **more: object) -> None:
    """One response in a session with a file of its own."""
    line = assistant(
        f"msg_{session}_{number}", f"req_{session}_{number}", repo.now * 1000 + 500, usage=counts(output=1000)
    )
    line |= {"cwd": str(repo.path), "gitBranch": "", "sessionId": session, **more}
    folder = repo.home / ".claude/projects/repo"
    folder.mkdir(parents=True, exist_ok=True)
    append(folder / f"{session}.jsonl", line)
    repo.now += 1


def files(repo: Hooked) -> list[Path]:
    """Everything that tokcost may have written."""
    in_git = [path for one in (repo.common_dir, *repo.common_dir.glob("worktrees/*")) for path in one.iterdir()]
    roots = [repo.ledger_home, *(path for path in in_git if path.name.lower().startswith("tokcost"))]
    return [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]


def holding(repo: Hooked, canary: str) -> list[str]:
    """Names of our files in which these bytes are."""
    return [path.name for path in files(repo) if canary.encode() in path.read_bytes()]


def purge(repo: Hooked, *words: str, code: int = 0) -> str:
    done = repo.tokcost("purge", *words)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def balance(repo: Hooked) -> dict[str, int]:
    """The equation in replies; what purged lines say in commits is no part of it."""
    return {name: tokens // REPLY for name, tokens in repo.balance().items()}


def import_all_again(repo: Hooked) -> None:
    for path in repo.ledger_home.glob("ledger.db*"):
        path.unlink()


def commit(repo: Hooked, message: str, *more: str) -> None:
    repo.change()
    repo.hooked("-m", message, *more)


def test_a_purged_session_is_in_no_byte_and_does_not_come_back(repo: Hooked) -> None:
    spend(repo, "kept-session", 1)
    spend(repo, "canary-session", 1, gitBranch="canary-hint")
    repo.tokcost("log")
    assert holding(repo, "canary-session")
    purge(repo, "--session", "canary-session", "--yes")
    assert holding(repo, "canary") == []
    assert balance(repo) == {"total": 1, "pending": 1}
    repo.tokcost("log")
    assert holding(repo, "canary") == []
    import_all_again(repo)
    assert balance(repo) == {"total": 1, "pending": 1}
    assert holding(repo, "canary") == []


def test_more_of_a_purged_session_is_counted_and_the_purged_part_is_not(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    repo.tokcost("log")
    purge(repo, "--session", "canary-session", "--yes")
    spend(repo, "canary-session", 2)
    assert balance(repo) == {"total": 1, "pending": 1}


def test_a_purged_claim_is_forgotten_and_its_line_is_not_written_again(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    (line,) = repo.lines()
    assert holding(repo, line.id)
    said = purge(repo, "--session", "canary-session", "--yes")
    assert "1 claim" in said
    assert holding(repo, "canary") == []
    assert holding(repo, line.id) == []
    repo.git("reset", "-q", "--soft", "HEAD^")
    spend(repo, "kept-session", 1)
    commit(repo, "Again")
    assert [one.tokens for one in repo.lines()] == [REPLY]
    assert repo.lines()[0].id != line.id
    assert balance(repo) == {"total": 1, "carried": 1}


@pytest.mark.parametrize("loses_ledger", [False, True])
def test_what_is_left_of_a_claim_stays_in_it_and_is_published_no_more(repo: Hooked, loses_ledger: bool) -> None:
    spend(repo, "kept-session", 1)
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    (line,) = repo.lines()
    purge(repo, "--session", "canary-session", "--yes")
    if loses_ledger:
        import_all_again(repo)
    assert balance(repo) == {"total": 1, "carried": 1}
    assert holding(repo, "canary") == []
    spend(repo, "kept-session", 2)
    repo.change()
    repo.hooked("--amend", "--no-edit")
    assert [(one.id == line.id, one.version, one.tokens) for one in repo.lines()] == [
        (True, 1, 2 * REPLY),
        (False, 1, REPLY),
    ]
    assert balance(repo) == {"total": 2, "carried": 2}
    repo.git("reset", "-q", "--soft", "HEAD^")
    commit(repo, "Anew")
    assert line.id not in {one.id for one in repo.lines()}
    assert balance(repo) == {"total": 2, "carried": 1, "withheld": 1}


def purge_everything(repo: Hooked) -> None:
    repo.git("switch", "-q", "-c", "branch/of-the-past")
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    spend(repo, "canary-session", 2)
    repo.tokcost("log")
    assert holding(repo, "branch/of-the-past")
    purge(repo, "--all", "--yes")
    for canary in ("canary", "sonnet"):
        assert holding(repo, canary) == []


def test_everything_can_be_purged(repo: Hooked) -> None:
    purge_everything(repo)
    assert balance(repo) == {}
    assert holding(repo, "canary") == []


@alone  # the server of an open editor records the clone and its branch again, as they are from then on
def test_with_everything_the_names_of_clones_and_branches_are_purged(repo: Hooked) -> None:
    purge_everything(repo)
    assert holding(repo, "branch/of-the-past") == []
    assert set(holding(repo, str(repo.path))) <= {"installed"}, "only the hooks' own record names the clone"


def test_everything_is_also_what_is_remembered_of_logs_and_branches_without_usage(repo: Hooked) -> None:
    spend(repo, "session", 1)
    folder = repo.home / ".claude/projects/repo"
    (folder / "canary-damaged.jsonl").write_text('{"type":"assistant","message":{"usage":{"input_tokens":"canary"}}}\n')
    (folder / "canary-unreadable.jsonl").write_text("{}\n", "utf-16")
    repo.tokcost("log")
    for canary in ("canary-damaged", "canary-unreadable"):
        assert holding(repo, canary), canary
    purge(repo, "--session", "session", "--yes")
    assert holding(repo, "canary-damaged"), "it may have lost usage, and nobody asked to forget that"
    purge(repo, "--all", "--yes")
    assert holding(repo, "canary") == []


@pytest.mark.few
@pytest.mark.parametrize("table", few(["session", "log_place", "series", "place", "source", "assistant"]))
def test_a_missing_row_that_usage_refers_to_stops_no_purge_and_hides_nothing_from_it(repo: Hooked, table: str) -> None:
    spend(repo, "canary-session", 1)
    spend(repo, "kept-session", 1)
    commit(repo, "One")
    repo.tokcost("log")
    shutil.rmtree(repo.home)
    with closing(sqlite3.connect(repo.ledger_home / "ledger.db")) as db:
        db.execute(f"DELETE FROM {table} WHERE id = (SELECT min({table}) FROM usage)")
        db.commit()
    assert "2 responses" in purge(repo, "--repository", str(repo.path), "--yes")
    assert balance(repo) == {}
    assert holding(repo, "canary") == []


def test_nothing_goes_without_a_word_of_consent(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    assert "1 response" in purge(repo, "--all", "--dry-run")
    assert "--yes" in purge(repo, "--all", code=2)
    purge(repo, "--yes", code=2)
    purge(repo, "--all", "--session", "x", "--yes", code=2)
    assert balance(repo) == {"total": 1, "pending": 1}


def test_conditions_combine_and_spare_what_does_not_agree_with_all_of_them(repo: Hooked) -> None:
    spend(repo, "canary-early", 1)
    commit(repo, "One")
    repo.git("switch", "-q", "-c", "branch/canary")
    repo.now += 1
    spend(repo, "canary-early", 2)
    boundary = repo.now
    repo.now += 86_400
    spend(repo, "late-session", 1)
    repo.tokcost("log")
    before = f"{boundary + 3600}"
    purge(repo, "--branch", "branch/canary", "--session", "late", "--before", f"@{before}", "--yes")
    assert balance(repo)["total"] == 3
    purge(repo, "--branch", "branch/canary", "--before", f"@{before}", "--yes")
    assert balance(repo)["total"] == 2
    purge(repo, "--repository", str(repo.path), "--session", "canary-early", "--yes")
    assert balance(repo)["total"] == 1
    assert holding(repo, "canary-early") == []
    purge(repo, "--assistant", "codex", "--yes")
    assert balance(repo)["total"] == 1
    purge(repo, "--assistant", "claude-code", "--branch", "branch/canary", "--yes")
    assert holding(repo, "late-session") == []
    assert balance(repo) == {}


def test_assignments_and_backups_forget_it_too(repo: Hooked) -> None:
    repo.git("branch", "side")
    spend(repo, "kept-session", 1)
    spend(repo, "canary-session", 1)
    for name in ("kept", "canary"):
        assert repo.tokcost("assign", "side", "--session", name).returncode == 0
    for name in ("ledger.backup-20250101T000000Z.db", "ledger.damaged-20250101T000000Z.db"):
        (repo.ledger_home / name).write_bytes((repo.ledger_home / "ledger.db").read_bytes() + b"canary-session")
    purge(repo, "--session", "canary", "--yes")
    assert holding(repo, "canary") == []
    assert [path.name for path in repo.ledger_home.glob("ledger.backup-*")] != ["ledger.backup-20250101T000000Z.db"]
    import_all_again(repo)
    assert balance(repo) == {"total": 1, "pending": 1}
    rows = json.loads(repo.tokcost("log", "--json").stdout)["branches"]
    assert [row["branch"] for row in rows if row["usage"]] == ["side"]


def test_received_telemetry_forgets_it_too(repo: Hooked) -> None:
    folder = repo.ledger_home / "otel"
    folder.mkdir(parents=True, mode=0o700)
    shared = f'"time_ms":{repo.now * 1000},"model":"claude-sonnet-4-5","tokens":{{"output":5}}'
    lines = [
        f'{{"v":1,"assistant":"claude-code","id":"id-{name}","session":"{name}",{shared}}}\n'
        for name in ("kept-session", "canary-session")
    ]
    (folder / "received.jsonl").write_text("".join(lines))
    (folder / "received.jsonl").chmod(0o600)
    spend(repo, "another-session", 1)
    repo.tokcost("log")
    assert "received.jsonl" in holding(repo, "canary")
    purge(repo, "--session", "canary-session", "--yes")
    assert holding(repo, "canary") == []
    assert (folder / "received.jsonl").read_text() == lines[0]


@pytest.mark.slow
def test_a_purge_that_is_killed_is_completed_by_another(repo: Hooked) -> None:
    spend(repo, "kept-session", 1)
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    for milliseconds in (150, 250, 350, 450, 600):
        process = subprocess.Popen(
            [sys.executable, "-m", "tokcost", "purge", "--session", "canary-session", "--yes"],
            cwd=repo.path, env=repo.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(milliseconds / 1000)
        process.kill()
        process.wait()
        assert balance(repo) in ({"total": 2, "carried": 2}, {"total": 1, "carried": 1})
    purge(repo, "--session", "canary-session", "--yes")
    assert holding(repo, "canary") == []
    assert balance(repo) == {"total": 1, "carried": 1}


def test_totals_of_a_session_do_not_tell_what_was_purged_of_it(repo: Hooked) -> None:
    repo.spend()
    boundary = repo.now
    repo.now += 86_400
    repo.spend()
    said = {"input": 4, "cache_read": 10_000, "write_5m": 500, "write_1h": 700, "output": 1000}
    total = cost_state(claude_sonnet_4_5={name: 2 * count for name, count in said.items()})
    append(repo.home / ".claude/projects/repo/session-1.jsonl", total)
    assert balance(repo) == {"total": 2, "pending": 2}
    purge(repo, "--before", f"@{boundary + 3600}", "--yes")
    assert balance(repo) == {"total": 1, "pending": 1}
    repo.spend()
    later = cost_state(claude_sonnet_4_5={name: 3 * count for name, count in said.items()})
    append(repo.home / ".claude/projects/repo/session-1.jsonl", later)
    assert balance(repo) == {"total": 2, "pending": 2}
    import_all_again(repo)
    assert balance(repo) == {"total": 2, "pending": 2}


def test_a_clone_that_is_gone_is_purged_by_its_old_path(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    repo.tokcost("log")
    old, elsewhere = repo.path, repo.path.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(old)
    done = repo.tokcost("purge", "--repository", str(old), "--yes", "--json", cwd=elsewhere)
    said = json.loads(done.stdout)
    assert (said["usage"], said["purged"], said["complete"]) == (1, True, True)
    root = [path for path in repo.ledger_home.rglob("*") if path.is_file()]
    for canary in ("canary", str(old)):
        assert [path.name for path in root if canary.encode() in path.read_bytes()] == []


def test_usage_that_joined_a_closed_claim_stays_in_it_when_the_ledger_is_lost(
    repo: Hooked,
) -> None:
    # Usage that joined a version later stands in a record of its own.
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    spend(repo, "kept-session", 1)
    journal = repo.common_dir / "tokcost/claims"
    record = json.loads(journal.read_text().split("\n")[1])
    ((_, key),) = record[3]
    joined = [record[0], record[1], "", [["claude-code", key.replace("canary", "kept")]], False]
    with journal.open("a") as stream:
        stream.write(f"\n{json.dumps(joined)}\n")
    import_all_again(repo)
    assert balance(repo) == {"total": 2, "carried": 2}
    purge(repo, "--session", "canary-session", "--yes")
    assert balance(repo) == {"total": 1, "carried": 1}
    import_all_again(repo)
    assert balance(repo) == {"total": 1, "carried": 1}
    assert holding(repo, "canary") == []


def test_what_is_bound_without_consent_is_purged_in_part(repo: Hooked) -> None:
    repo.disable()
    spend(repo, "kept-session", 1)
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    assert balance(repo) == {"total": 2, "bound": 2}
    purge(repo, "--session", "canary-session", "--yes")
    assert balance(repo) == {"total": 1, "bound": 1}
    assert holding(repo, "canary") == []


@alone  # a server remembers a branch as long as it exists
def test_the_place_where_a_log_is_read_on_names_no_purged_branch(repo: Hooked) -> None:
    spend(repo, "kept-session", 1)
    commit(repo, "One")
    repo.git("switch", "-q", "-c", "branch/canary")
    repo.now += 1
    spend(repo, "kept-session", 2, gitBranch="branch/canary")
    repo.tokcost("log")
    purge(repo, "--branch", "branch/canary", "--yes")
    repo.git("switch", "-q", "main")
    repo.git("branch", "-q", "-D", "branch/canary")
    repo.now += 1
    assert holding(repo, "branch/canary") == []
    assert balance(repo) == {"total": 1, "carried": 1}
    assert holding(repo, "branch/canary") == []
    import_all_again(repo)
    assert balance(repo) == {"total": 1, "carried": 1}
    assert holding(repo, "branch/canary") == []
    spend(repo, "kept-session", 3)
    assert balance(repo) == {"total": 2, "carried": 1, "pending": 1}


@pytest.mark.parametrize("is_linked", [False, True])
def test_what_budgets_said_at_a_commit_goes_with_its_branch(repo: Hooked, is_linked: bool) -> None:
    repo.git("branch", "branch/canary")
    if is_linked:
        repo.git("worktree", "add", "-q", "../linked", "branch/canary")
        repo.path = repo.path.parent / "linked"
    else:
        repo.git("switch", "-q", "branch/canary")
    repo.tokcost("budget", "set", "0.01", "--branch")
    repo.now += 1
    spend(repo, "session", 1)
    repo.change()
    assert "branch budget" in repo.grumble("commit", "-q", "-m", "One")
    assert "TOKCOST_SAID" in holding(repo, "branch/canary")
    repo.git("switch", "-q", "--detach")
    repo.git("branch", "-q", "-D", "branch/canary")
    purge(repo, "--branch", "branch/canary", "--yes")
    assert holding(repo, "branch/canary") == []


@pytest.mark.parametrize("is_made", [False, True])
def test_a_proposal_names_no_claim_of_which_everything_was_purged(repo: Hooked, is_made: bool) -> None:
    spend(repo, "kept-session", 1)
    commit(repo, "One")
    (kept,) = repo.lines()
    spend(repo, "canary-session", 1)
    repo.change()
    assert not repo.attempt("commit", "-q", env={"GIT_EDITOR": "false"})
    _, proposed = (repo.git_dir / "TOKCOST_PROPOSAL").read_text().splitlines()
    assert "claims" in holding(repo, proposed)
    purge(repo, "--session", "canary-session", "--yes")
    assert holding(repo, proposed) == []
    assert holding(repo, kept.id) != []
    if is_made:
        spend(repo, "kept-session", 2)
        commit(repo, "Two")
        assert balance(repo) == {"total": 2, "carried": 2}
    else:
        assert balance(repo) == {"total": 1, "carried": 1}


def test_a_line_that_is_still_to_be_noted_as_withheld_names_no_purged_claim(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    (line,) = repo.lines()
    (repo.git_dir / "tokcost-withheld").write_text(f"{line.id}\n2q9xk7v4m3tc\n")
    (repo.git_dir / "tokcost-withheld").chmod(0o600)
    purge(repo, "--session", "canary-session", "--yes")
    assert holding(repo, line.id) == []


@pytest.mark.parametrize("words", [("--all",), ("--branch", "main")])
def test_a_commit_that_is_to_carry_nothing_is_not_remembered_by_a_purged_branch(
    repo: Hooked, words: tuple[str, ...]
) -> None:
    spend(repo, "session", 1)
    repo.tokcost("log")
    note = repo.git_dir / "TOKCOST_KEEP"
    note.write_text("off ref: refs/heads/main\noff ref: refs/heads/other\n")
    note.chmod(0o600)
    purge(repo, *words, "--yes")
    assert (note.read_text() if note.exists() else "") == ("" if words == ("--all",) else "off ref: refs/heads/other\n")


def test_texts_that_an_editor_was_shown_are_removed(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    repo.tokcost("log")
    with repo.serve() as editor:
        editor.command("report", uri=repo.path.as_uri())
        assert [name for name in holding(repo, "sonnet-4-5") if name.endswith(".txt")]
        purge(repo, "--session", "canary-session", "--yes")
        assert holding(repo, "sonnet-4-5") == []


def test_a_copy_that_cannot_be_removed_is_told(repo: Hooked) -> None:
    spend(repo, "session", 1)
    repo.tokcost("log")
    (repo.ledger_home / "ledger.damaged-20250101T000000Z.db").mkdir()
    assert "ledger.damaged-20250101T000000Z.db cannot be removed" in purge(repo, "--all", "--yes", code=1)


def test_a_clone_that_was_moved_is_named_and_forgets_once_it_is_said_there(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    old, elsewhere = repo.path, repo.path.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.move(old, repo.path.parent / "moved")
    words = ("purge", "--session", "canary-session", "--yes")
    said = repo.tokcost(*words, cwd=elsewhere)
    assert (said.returncode, f"Not found: {old}." in said.stdout) == (0, True)
    repo.path = repo.path.parent / "moved"
    assert "claims" in holding(repo, "canary")
    done = repo.tokcost(*words, "--json")
    assert json.loads(done.stdout)["missing"] == []
    assert holding(repo, "canary") == []
    assert balance(repo) == {}


def test_the_moment_that_a_date_was_understood_as_is_shown(repo: Hooked) -> None:
    spend(repo, "kept-session", 1)
    said = purge(repo, "--before", "2025-01-01 10:00:00 +0000", "--dry-run")
    assert said.startswith(
        f"Usage before {datetime(2025, 1, 1, 10, tzinfo=UTC).astimezone():%Y-%m-%d %H:%M:%S %z}:\n0 "
    )


@pytest.mark.few
@pytest.mark.parametrize("date", ["20250101", "2025-06", "2999-01-01", "2.wekes"])
def test_a_date_that_git_would_misread_deletes_nothing(repo: Hooked, date: str) -> None:
    spend(repo, "kept-session", 1)
    repo.tokcost("log")
    purge(repo, "--before", date, "--yes", code=2)
    assert balance(repo) == {"total": 1, "pending": 1}


@pytest.mark.few
@pytest.mark.parametrize("option", ["--repository", "--branch", "--session", "--assistant"])
def test_an_empty_name_is_refused_and_not_taken_for_the_current_folder(repo: Hooked, option: str) -> None:
    spend(repo, "kept-session", 1)
    repo.tokcost("log")
    for name in ("", " "):
        assert f"{option}: the name is empty\nhint: Name one, or leave it out." in purge(
            repo, option, name, "--yes", code=2
        )
    assert balance(repo) == {"total": 1, "pending": 1}


def test_a_misspelt_assistant_is_refused_with_the_known_ones(repo: Hooked) -> None:
    spend(repo, "kept-session", 1)
    said = purge(repo, "--assistant", "claude", "--yes", code=2)
    assert "no assistant is called claude" in said
    assert "claude-code, cline, codex" in said
    purge(repo, "--assistant", "codex", "--yes")
    assert balance(repo) == {"total": 1, "pending": 1}
