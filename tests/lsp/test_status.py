"""Figures in an editor, as they change: the real server over pipes, real git, real log lines."""

import json
import shutil
import time
from pathlib import Path

import pytest

from support.claude_lines import append, assistant
from support.editor import Editor, Refused
from support.git_sandbox import GitSandbox
from support.hooked import REPLY, Hooked


def test_the_figure_appears_and_moves_with_the_log(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        first = editor.status(repo.path, state="ready", tokens=REPLY)
        assert (first["branch"], first["stale"], first["list_cost"]) == ("main", False, first["pending_list_cost"])
        repo.spend()
        second = editor.status(repo.path, tokens=2 * REPLY)
        assert float(second["list_cost"]) == pytest.approx(2 * float(first["list_cost"]))
        assert second["text"].startswith("$0.0")
        assert {"name": "branch", "label": "Branch", "value": "main"} in second["tooltip"]
        assert "main" in second["accessible"]
        assert editor.quit() == 0


def test_what_did_not_change_is_not_told_again(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        told = len(editor.told("tokcost/status"))
        for _ in range(3):
            editor.command("refresh")
        assert len(editor.told("tokcost/status")) == told


def test_a_switch_changes_the_figure(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", branch="main", tokens=REPLY)
        repo.git("branch", "feat/x", "HEAD")
        repo.now += 10
        repo.switch("feat/x")
        editor.status(repo.path, branch="feat/x", tokens=0)
        repo.now += 10
        repo.spend()
        editor.status(repo.path, branch="feat/x", tokens=REPLY)
        repo.now += 10
        repo.switch("main")
        editor.status(repo.path, branch="main", tokens=REPLY)


def test_an_answer_that_streams_across_a_switch_counts_once_where_it_began(repo: Hooked) -> None:
    repo.git("branch", "feat/x")
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready")
        repo.spend(output=1, number=1)
        editor.wait(lambda: [one for one in editor.told("tokcost/status") if one["tokens"]])
        at, repo.now = repo.now, repo.now + 60
        repo.switch("feat/x")
        editor.status(repo.path, branch="feat/x", tokens=0)
        repo.now = at - 1
        repo.spend(number=1)
        repo.now += 100
        repo.switch("main")
        editor.status(repo.path, branch="main", tokens=REPLY)
    assert repo.log().totals.total.usage == 1


def test_two_windows_share_one_ledger(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as one, Editor(repo.environ, repo.path) as other:
        one.open()
        other.open()
        for count in range(1, 6):
            repo.spend()
            for editor in (one, other):
                editor.status(repo.path, tokens=count * REPLY, stale=False)
        assert (one.quit(), other.quit()) == (0, 0)
    assert repo.replies() == {"total": 5, "pending": 5}


def test_every_folder_has_its_own_figure(repo: Hooked, tmp_path: Path) -> None:
    worktree, plain = tmp_path / "linked", tmp_path / "plain"
    plain.mkdir()
    repo.git("worktree", "add", "-q", "-b", "feat/w", str(worktree))
    repo.now += 10
    with Editor(repo.environ, repo.path, worktree, plain) as editor:
        editor.open()
        assert editor.status(plain, state="no-repository")["text"] == ""
        repo.spend(cwd=worktree)
        editor.status(worktree, branch="feat/w", tokens=REPLY)
        editor.status(repo.path, state="ready", branch="main", tokens=0)


def test_folders_come_and_go(repo: Hooked, tmp_path: Path) -> None:
    repo.spend()
    with Editor(repo.environ) as editor:
        editor.open()
        folder = {"uri": repo.path.as_uri(), "name": "repo"}
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
        editor.status(repo.path, tokens=REPLY)
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}})
        assert editor.command("refresh") == {"statuses": []}


def test_a_repository_is_made_and_deleted_while_it_is_open(repo: Hooked, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    with Editor(repo.environ, folder) as editor:
        editor.open()
        editor.status(folder, state="no-repository")
        made = GitSandbox(folder)
        editor.status(folder, state="ready", branch="main")
        made.git("checkout", "-q", "-b", "trunk")
        editor.status(folder, branch="trunk")
        shutil.rmtree(folder / ".git")
        editor.status(folder, state="no-repository")


def test_a_folder_that_is_deleted_is_found_again(repo: Hooked, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    GitSandbox(folder)
    with Editor(repo.environ, folder, repo.path) as editor:
        editor.open()
        editor.status(folder, state="ready", branch="main")
        shutil.rmtree(folder)
        editor.status(folder, state="no-repository")
        GitSandbox(folder).git("checkout", "-q", "-b", "again")
        editor.status(folder, state="ready", branch="again")


def test_logs_that_do_not_exist_yet_are_seen_when_they_appear(repo: Hooked) -> None:
    assert not repo.home.exists()
    repo.home.mkdir()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=0)
        repo.spend()
        editor.status(repo.path, tokens=REPLY)
        repo.spend()
        editor.status(repo.path, tokens=2 * REPLY)


@pytest.mark.slow
def test_forty_folders(repo: Hooked, tmp_path: Path) -> None:
    folders = [tmp_path / f"many/{number}" for number in range(40)]
    for folder in folders:
        GitSandbox(folder).git("checkout", "-q", "-b", folder.name)
    with Editor(repo.environ, *folders) as editor:
        editor.open()
        for folder in folders:
            editor.status(folder, state="ready", branch=f"{folder.name}")
        repo.spend(cwd=folders[17])
        editor.status(folders[17], tokens=REPLY)
        GitSandbox(folders[39], init=False).git("checkout", "-q", "-b", "other")
        editor.status(folders[39], branch="other")


@pytest.mark.slow
def test_without_a_watching_system_time_is_enough(repo: Hooked) -> None:
    with Editor(repo.environ | {"WATCHFILES_FORCE_POLLING": "1"}, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=0)
        repo.spend()
        editor.status(repo.path, tokens=REPLY)


@pytest.mark.slow
def test_what_the_server_saw_is_evidence_where_git_keeps_no_reflog(repo: Hooked) -> None:
    repo.log()  # an older ledger is there
    repo.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(repo.path / ".git/logs")
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", branch="main")
        time.sleep(1.6)
        repo.now = int(time.time()) - 1
        repo.spend()
        editor.status(repo.path, branch="main", tokens=REPLY)
        repo.git("checkout", "-q", "-b", "feat/x")
        editor.status(repo.path, branch="feat/x", tokens=0)
        time.sleep(1.6)
        repo.now = int(time.time()) - 1
        repo.spend()
        editor.status(repo.path, branch="feat/x", tokens=REPLY)
    rows = {row.branch: row.split.evidence for row in repo.log().branches}
    assert rows == {"main": {"observed": 1}, "feat/x": {"observed": 1}}


@pytest.mark.slow
def test_the_summary_is_what_tokcost_log_prints(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        found = editor.request("tokcost/summary", {"uri": (repo.path / "some/file.py").as_uri()})
        assert (found["schema"], found["branches"][0]["usage"]) == ("tokcost.log/1", 1)
        one = editor.request("tokcost/summary", {"uri": repo.path.as_uri(), "branch": "main"})
        assert one["branches"][0]["sessions"] == 1
        assert (one["why"]["schema"], one["why"]["scope"]) == ("tokcost.why/1", "branch main")
        assert one["why"]["list_cost"] == one["branches"][0]["list_cost"]
        assert "why" not in found
        for uri in ("file:///", "untitled:x", 5, None):
            with pytest.raises(Refused):
                editor.request("tokcost/summary", {"uri": uri})


@pytest.mark.slow
def test_the_tooltip_names_the_driver_above_a_third_of_the_list_cost(repo: Hooked) -> None:
    repo.spend(output=5000)
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        told = editor.status(repo.path, state="ready", tokens=REPLY + 4000)
        assert {"name": "mostly", "label": "Mostly", "value": "visible output, 89% ($0.08)"} in told["tooltip"]


@pytest.mark.slow
def test_a_budget_that_is_set_is_shown_at_once(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", budget="none", tokens=REPLY)
        repo.git("config", "tokcost.budgetBranch", "0.01")
        found = editor.status(repo.path, budget="over")
        assert any(row["label"] == "Budget" for row in found["tooltip"])


@pytest.mark.slow
def test_a_rule_that_speaks_is_in_the_tooltip(repo: Hooked) -> None:
    repo.spend()
    (repo.path / ".tokcost.toml").write_text('[[rules]]\nname = "experiments"\nsay = "stop here"\n')
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        found = editor.status(repo.path, state="ready", tokens=REPLY)
        (value,) = [row["value"] for row in found["tooltip"] if row["label"] == "Rule"]
        assert value.startswith("experiments: 1 response, $")
        assert "stop here" in found["accessible"]


@pytest.mark.slow
def test_a_long_import_shows_progress_and_keeps_nobody_waiting(repo: Hooked) -> None:
    folder = repo.home / ".claude/projects/large"
    folder.mkdir(parents=True)
    filler = json.dumps({"type": "user", "text": "x" * 100_000})
    for number in range(12):
        line = assistant(f"msg_l{number}", f"req_l{number}", repo.now * 1000) | {"cwd": str(repo.path)}
        (folder / f"{number}.jsonl").write_text(f"{filler}\n" * 30)
        append(folder / f"{number}.jsonl", line)
    with Editor(repo.environ, repo.path, capabilities={"window": {"workDoneProgress": True}}) as editor:
        editor.open()
        editor.status(repo.path, state="ready")
        asked = editor.told("window/workDoneProgress/create")
        kinds = [one["value"]["kind"] for one in editor.told("$/progress", token=asked[0]["token"])]
        assert len(asked) == 1
        # A client that answers after all is read is shown nothing.
        assert kinds == [] or (kinds[0], kinds[-1], set(kinds[1:-1]) - {"report"}) == ("begin", "end", set())
        order = [message.get("method", "answer") for message in editor.messages]
        assert order.index("answer") < order.index("window/workDoneProgress/create")


@pytest.mark.slow
def test_no_word_of_a_conversation_is_ever_sent(repo: Hooked) -> None:
    canary = "CANARY-7f3a9"
    log = repo.home / ".claude/projects/repo/session-1.jsonl"
    repo.spend(text=canary)
    append(log, f'{{"type":"user","message":"{canary}","usage":{{', f'{{"usage": "{canary}"}}')
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        append(log, f'{{"message":{{"usage":{{"input_tokens":"{canary}"}}}},"type":"assistant"}}')
        repo.spend(text=canary)
        editor.status(repo.path, tokens=2 * REPLY)
        editor.request("tokcost/summary", {"uri": repo.path.as_uri()})
        for name in ("preview", "report", "refresh"):
            editor.command(name, uri=repo.path.as_uri())
        editor.bytes(b'Content-Length: 20\r\n\r\n{"x": "' + canary.encode() + b'"')
        editor.command("refresh")
    assert canary.encode() not in editor.raw + editor.errors
    assert canary.encode() not in b"".join(p.read_bytes() for p in repo.ledger_home.rglob("*") if p.is_file())


@pytest.mark.slow
def test_names_of_any_bytes_reach_every_client_and_a_branch_is_found_again(repo: Hooked) -> None:
    name = "caf\udce9\u202e$(id)"
    repo.git("checkout", "-q", "-b", name)
    repo.now += 10
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        told = editor.status(repo.path, state="ready", tokens=REPLY)
        done = editor.command("budget", scope="branch", branch=told["branch"], amount="20")
        again = editor.status(repo.path, tokens=REPLY, budget="ok")
        subject = repo.path / "subject"
        subject.write_bytes(b"Add caf\xe9 \xe2\x80\xae\x1b[2J\n")
        repo.change()
        repo.git("-c", "i18n.commitEncoding=UTF-8", "commit", "-q", "-F", str(subject))
        editor.status(repo.path, pending="0.000000000")
        summary = editor.request("tokcost/summary", {"uri": repo.path.as_uri(), "branch": told["branch"]})
        # Clients of other languages take nothing that is no UTF-8.
        json.dumps([told, done, again, summary], ensure_ascii=False).encode("utf-8")
        assert told["line"].startswith(r"caf\xe9\u202e$(id)  ")
        (shown,) = [one for one in summary["branches"] if one["branch"] == told["branch"]]
        assert (shown["usage"], len(shown["commits"])) == (1, 1)
        (limit,) = [one for one in again["budgets"] if one["scope"] == "branch"]
        assert (limit["limit"], limit["source"]) == ("20.000000000", "branch")
