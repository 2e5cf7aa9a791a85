"""New commits with our hooks, made by git itself; each scenario ends with the equation."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.claude_lines import write
from support.hooked import AT_ONCE, REPLY, Hooked, everywhere
from support.terminal import piped
from tokcost.claims.propose import MOST_USAGE
from tokcost.model.trailer import format_line
from tokcost.services.omit_line import keep_line, omit_line
from tokcost.usage.read import SIDE_BY_SIDE

WRITE = 'printf "Add login\\n\\nWhy.\\n" | cat - "$1" > "$1.x" && mv "$1.x" "$1"'


def test_a_commit_carries_what_its_branch_spent(repo: Hooked) -> None:
    repo.work("Add login")
    (line,) = repo.lines()
    assert repo.message() == f"Add login\n\n{format_line(line)}"
    assert (line.version, line.tokens) == (1, REPLY)
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_commit_without_spend_carries_nothing(repo: Hooked) -> None:
    repo.change()
    repo.hooked("-m", "Add login")
    assert repo.message() == "Add login"


def test_a_coarse_line_rounds_and_names_the_models(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, precision="coarse", forks=True)
    repo.work("Add login")
    (line,) = repo.lines()
    assert repo.message().endswith(f"AI-Cost: ~0.02 USD list; ~10k tokens; claude-sonnet-4-5; {line.id}")
    assert repo.balance() == {"total": REPLY, "carried": REPLY}


def test_a_message_from_a_file_gets_the_line(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    (repo.path / "message").write_text("Add login\n\nSigned-off-by: A <a@b.c>\n")
    repo.hooked("-F", "message")
    (line,) = repo.lines()
    assert repo.message() == f"Add login\n\n{format_line(line)}\nSigned-off-by: A <a@b.c>"
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.few
@pytest.mark.parametrize("more", [(), ("-v",), ("-s",), ("--cleanup=scissors",), ("-e", "-m", "Title")])
def test_a_message_from_an_editor_gets_the_line(repo: Hooked, more: tuple[str, ...]) -> None:
    repo.spend()
    repo.change()
    repo.hooked(*more, env=repo.editor(WRITE))
    assert repo.message().startswith("Add login\n\nWhy.\n")
    assert "Please enter" not in repo.message()
    assert "diff --git" not in repo.message()
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.few
@pytest.mark.parametrize("comment", [";", "auto", "%"])
def test_any_comment_character_will_do(repo: Hooked, comment: str) -> None:
    repo.git("config", "core.commentChar", comment)
    repo.spend()
    repo.change()
    repo.hooked(env=repo.editor(WRITE))
    (line,) = repo.lines()
    assert repo.message() == f"Add login\n\nWhy.\n\n{format_line(line)}"
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_template_gets_the_line(repo: Hooked) -> None:
    (repo.path / "template").write_text("Area: \n\nTicket: \n")
    repo.git("config", "commit.template", "template")
    repo.spend()
    repo.change()
    repo.hooked(env=repo.editor('sed -i "s/^Area: /Area: login/" "$1"'))
    assert repo.message().startswith("Area: login")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_template_left_as_it_is_makes_no_commit(repo: Hooked) -> None:
    (repo.path / "template").write_text("Area: \n\nTicket: \n")
    repo.git("config", "commit.template", "template")
    repo.spend()
    repo.change()
    assert "did not edit" in repo.hooked(ok=False, env=repo.editor(":"))
    assert repo.replies() == {"total": 1, "pending": 1}


def test_a_message_left_empty_makes_no_commit_and_the_next_one_goes_on(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    assert "empty commit message" in repo.hooked(ok=False, env=repo.editor(":"))
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Add login")
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (2, 2 * REPLY)
    assert repo.replies() == {"total": 2, "carried": 2}


def test_the_line_is_seen_in_the_editor(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked(env=repo.editor(f'cp "$1" seen; {WRITE}'))
    assert "\n\nAI-Cost: " in (repo.path / "seen").read_text()


def test_an_empty_message_stays_empty(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("--allow-empty-message", "-m", "")
    assert repo.message() == ""
    assert repo.replies() == {"total": 1, "pending": 1}


@pytest.mark.parametrize("hook", ["pre-commit", "commit-msg"])
def test_a_commit_that_another_hook_refuses_loses_nothing(repo: Hooked, hook: str) -> None:
    path = repo.path / ".git/hooks" / (hook if hook == "pre-commit" else f"{hook}.before-tokcost")
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    repo.spend()
    repo.change()
    repo.hooked("-m", "Add login", ok=False)
    assert repo.replies() == {"total": 1, "pending": 1}
    path.unlink()
    repo.hooked("-m", "Add login")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 1, "carried": 1}


def test_empty_commits_and_no_verify_carry_lines_too(repo: Hooked) -> None:
    repo.spend()
    repo.hooked("--allow-empty", "--no-verify", "-m", "Nothing")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_partial_commit_carries_all_that_is_pending(repo: Hooked) -> None:
    repo.spend()
    repo.change("one")
    repo.change("two")
    repo.hooked("-m", "One", "one")
    assert repo.replies() == {"total": 1, "carried": 1}
    assert repo.git("status", "--porcelain") == "A  two"


def test_another_index_file_disturbs_nothing(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    index = repo.path / ".git/other-index"
    index.write_bytes((repo.path / ".git/index").read_bytes())
    repo.hooked("-m", "Other", env={"GIT_INDEX_FILE": str(index)})
    assert repo.replies() == {"total": 1, "carried": 1}


OUT_OF_THE_MESSAGE = {
    "commented out": "sed -i -e 's/^AI-/# AI-/' \"$1\"; ",
    "but for its token classes": "sed -i -e '/^AI-Cost/d' \"$1\"; ",
    "moved behind the scissors": "sed -n -e '/^AI-/p' \"$1\" > line; sed -i -e '/^AI-/d' \"$1\"; "
    'printf \'# ------------------------ >8 ------------------------\\n\' >> "$1"; cat line >> "$1"; rm line; ',
    "behind forty lines": 'sed -i -e \'/^AI-/d\' "$1"; seq 50 > lines; cat lines >> "$1"; rm lines; ',
}


@pytest.mark.few
@pytest.mark.parametrize("how", OUT_OF_THE_MESSAGE)
def test_a_line_that_git_drops_from_the_message_is_a_removed_one(repo: Hooked, how: str) -> None:
    repo.spend()
    repo.change()
    more = ["--cleanup=scissors"] if "scissors" in how else []
    repo.hooked(*more, env=repo.editor(f"{OUT_OF_THE_MESSAGE[how]}sed -i '1s/^/Add login/' \"$1\""))
    assert not [line for line in repo.lines() if line.cost is not None]
    assert repo.replies() == {"total": 1, "withheld": 1}


def test_a_line_behind_a_long_text_is_found(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    text = "\n".join(f"Reason {number}." for number in range(60))
    repo.hooked("-m", f"Add login\n\n{text}")
    assert len(repo.lines()) == 1
    assert (repo.git_dir / "TOKCOST_PROPOSAL").read_text() == ""
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_line_removed_in_the_editor_is_never_proposed_again(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", "Quiet", env=repo.editor('sed -i "/^AI-/d;/^  cache/d" "$1"'))
    assert repo.message() == "Quiet"
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.work("Loud")
    (line,) = repo.lines()
    assert line.tokens == REPLY
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}


def test_a_line_edited_by_hand_still_counts_as_carried(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", "Edited", env=repo.editor('sed -i "s/tokens;/tokens ; /" "$1"'))
    assert repo.balance() == {"total": REPLY, "carried": REPLY}


def test_what_a_reply_grew_by_after_its_commit_is_in_the_next_line(repo: Hooked) -> None:
    commit_while_a_reply_is_written(repo)
    repo.work("The next one")
    total = repo.balance()["total"]
    assert repo.balance() == {"total": total, "carried": total}
    assert sum(line.tokens for line in repo.published().values()) == total


def test_what_a_reply_grew_by_goes_into_coarse_lines_in_portions(tmp_path: Path) -> None:
    """No line says more than twice of its own claim, on behalf of another one either; the sum is true in the end."""
    repo = Hooked(tmp_path, precision="coarse", forks=True)
    commit_while_a_reply_is_written(repo)
    repo.work("Small")
    (small,) = repo.lines()
    assert REPLY / 2 <= small.tokens <= 2 * REPLY
    for output in (40_000, 200_000):
        repo.spend(output=output)
        repo.change()
        repo.hooked("-m", "Larger")
        own = REPLY - 1000 + output
        (line,) = repo.lines()
        assert own / 2 <= line.tokens <= 2 * own
    total = repo.balance()["total"]
    assert repo.balance() == {"total": total, "carried": total}
    said = sum(line.tokens for line in repo.published().values())
    assert abs(said - total) < total // 4


def commit_while_a_reply_is_written(repo: Hooked) -> None:
    repo.spend(output=100, number=99)
    repo.change()
    repo.hooked("-m", "While the reply is still being written")
    repo.spend(output=90_000, number=99)


def test_two_commits_in_the_same_second(repo: Hooked) -> None:
    repo.spend()
    now = repo.now
    repo.change("one")
    repo.now = now
    repo.hooked("-m", "One")
    repo.spend()
    repo.change("two")
    repo.now = now
    repo.hooked("-m", "Two")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_clock_that_was_set_back(repo: Hooked) -> None:
    repo.work("One")
    repo.at(-5000)
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_commits_without_hooks_leave_the_spend_for_the_next_one(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "From a tool")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Hooked")
    assert repo.replies() == {"total": 2, "carried": 2}
    assert len(repo.lines()) == 1


def test_a_plumbing_commit_that_copies_a_message_carries_its_line(repo: Hooked) -> None:
    first = repo.work("One")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    copy = repo.git("commit-tree", tree, "-p", f"{first}~1", "-m", repo.message())
    repo.git("update-ref", "refs/heads/main", copy)
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_repository_named_by_git_dir_is_not_taken_for_the_one_around_the_folder(repo: Hooked, tmp_path: Path) -> None:
    other = Hooked(tmp_path / "other", enabled=False)
    other.ledger_home = repo.ledger_home
    other.enable()
    repo.spend()
    repo.hooked(
        "--allow-empty", "-m", "One", env={"GIT_DIR": str(other.path / ".git"), "GIT_WORK_TREE": str(repo.path)}
    )
    assert other.lines() == []
    assert repo.replies() == {"total": 1, "pending": 1}


def test_a_root_commit_carries_a_line(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    repo.work("First of all")
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.few
@pytest.mark.parametrize("name", ["with space", 'it\'s "quoted"', "new\nline", "-x", "$(id)", "ünïcödé"])
def test_a_repository_on_a_strange_path(tmp_path: Path, name: str) -> None:
    repo = Hooked(tmp_path / name)
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_repository_on_a_path_that_is_no_utf_8(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / b"caf\xe9".decode(errors="surrogateescape"))
    for name in ("One", "Two"):  # JSON has no way to write such a path: assistants write something else
        repo.spend()
        repo.change()
        repo.hooked("-m", name)
    assert repo.log().conservation.total[0] == repo.log().conservation.unplaced[0] == 0


def test_logs_whose_names_are_no_utf_8(repo: Hooked) -> None:
    repo.spend()
    projects = repo.home / ".claude/projects"
    (projects / "repo/session-1.jsonl").rename(projects / os.fsdecode(b"repo/s\xff.jsonl"))
    for number in range(2):  # more than one process reads alone
        write(projects / f"much/{number}.jsonl", {"type": "user", "message": {"content": "x" * (SIDE_BY_SIDE // 2)}})
    repo.change()
    repo.hooked("-m", "One")
    assert repo.replies() == {"total": 1, "carried": 1}
    for words in (["log"], ["log", "--json"], ["status"], ["why"], ["doctor"], ["export", "usage", "-o", "-"]):
        done = repo.tokcost(*words)
        assert done.returncode == 0, (words, done.stderr)


ODD_BRANCHES = ["feat/x", "a'b", 'q"q', "ü", "%s", "-x", "$(id)", "a;b", "a|b", "x{y}", "HEAD2", "a&b"]


@pytest.mark.few
@pytest.mark.parametrize("branch", ODD_BRANCHES)
def test_a_branch_of_any_legal_name(repo: Hooked, branch: str) -> None:
    repo.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_message_in_latin_1_keeps_its_bytes(repo: Hooked) -> None:
    repo.git("config", "i18n.commitEncoding", "latin1")
    repo.spend()
    repo.change()
    (repo.path / "message").write_bytes(b"caf\xe9\n")
    repo.hooked("-F", "message")
    raw = os.fsencode(repo.git("cat-file", "commit", "HEAD"))
    assert b"\n\ncaf\xe9\n\nAI-Cost: " in raw
    assert repo.replies() == {"total": 1, "carried": 1}


def test_what_was_spent_on_a_detached_head_follows_to_the_branch_created_from_it(repo: Hooked) -> None:
    repo.git("switch", "-q", "--detach")
    repo.spend()
    repo.change()
    repo.hooked("-m", "Detached")
    assert repo.lines() == []
    assert repo.replies() == {"total": 1, "unplaced": 1}
    repo.git("switch", "-q", "-c", "feat/x")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("On a branch")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_switching_off_for_one_commit_publishes_nothing(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-m", "Quiet", env={"TOKCOST": "off"})
    assert repo.lines() == []
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.work("Loud")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}


def test_switching_off_keeps_what_a_commit_that_never_happened_had_proposed(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    assert not repo.attempt("commit", "-q", env={"GIT_EDITOR": "false"})
    repo.hooked("-m", "Quiet", env={"TOKCOST": "off"})
    assert repo.replies() == {"total": 1, "withheld": 1}


@pytest.mark.few
@everywhere
def test_the_line_of_the_next_commit_alone_is_left_out(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    omit_line(repo.ledger_home, repo.worktree)
    repo.hooked("-m", "Quiet")
    assert repo.lines() == []
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.git("reset", "-q", "--soft", "HEAD~")
    repo.work("Loud, from where it was asked for")
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}


def test_leaving_out_waits_for_a_commit_that_happens(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    omit_line(repo.ledger_home, repo.worktree)
    assert not repo.attempt("commit", "-q", env={"GIT_EDITOR": "false"})
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.hooked("-m", "Quiet")
    assert repo.replies() == {"total": 1, "withheld": 1}


@pytest.mark.few
@everywhere
@pytest.mark.parametrize("how", ["omitted", "off"])
@pytest.mark.parametrize("failing", ["the first hook", "the second hook", "both hooks"])
def test_what_is_left_out_is_kept_also_when_there_was_no_time(repo: Hooked, how: str, failing: str, way: str) -> None:
    repo.work("Before")
    repo.spend()
    if how == "omitted":
        omit_line(repo.ledger_home, repo.worktree)
    repo.change()
    in_a_hurry = {"TOKCOST_DEADLINE": AT_ONCE} | ({"TOKCOST": "off"} if how == "off" else {})
    if failing == "the first hook":
        unhurried(repo, "post-commit")
    elif failing == "the second hook":
        unhurried(repo, "prepare-commit-msg")
    repo.grumble("commit", "-q", "-m", "Quiet", env=in_a_hurry)
    if failing == "the first hook":
        assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}
    repo.work("Soon after")
    repo.work("Later")
    # When unsure nothing is published: what was spent until both hooks could do their work is kept.
    kept = [1] if failing != "both hooks" else [2]
    if (way, failing) == ("served", "both hooks"):
        kept = [1, 2]  # a server may do in no time what git did not wait for
    found = repo.replies()
    assert found["withheld"] in kept
    assert found == {"total": 4, "withheld": found["withheld"], "carried": 4 - found["withheld"]}


@pytest.mark.few
@pytest.mark.parametrize("branch", ["feat/x", "next\x85line", "separator\u2028", os.fsdecode(b"latin-\xe9")], ids=ascii)
def test_what_is_left_out_is_kept_whatever_its_branch_is_called(repo: Hooked, branch: str, way: str) -> None:
    repo.work("Before")
    repo.git("switch", "-q", "-c", branch)
    repo.spend()
    repo.change()
    hurried = {"TOKCOST_DEADLINE": AT_ONCE, "TOKCOST": "off"}
    repo.grumble("commit", "-q", "-m", "Quiet", env=hurried)
    repo.git("switch", "-q", "main")
    repo.work("After")
    found = repo.replies()
    # As above: a server may still be at work, and is unsure once another branch is checked out.
    assert found["withheld"] in ([1, 2] if way == "served" else [1])
    assert found == {"total": 3, "withheld": found["withheld"], "carried": 3 - found["withheld"]}


def test_a_commit_that_is_switched_off_says_once_that_there_was_no_time(repo: Hooked) -> None:
    repo.work("Before")
    repo.spend()
    hurried = {"TOKCOST_DEADLINE": AT_ONCE, "TOKCOST": "off"}
    said = repo.grumble("commit", "-q", "--allow-empty", "-m", "Quiet", env=hurried)
    assert [line.split()[1] for line in said.splitlines() if "tokcost: " in line] == ["post-commit"]
    repo.run("commit", "-q", "--allow-empty", "-m", "Later")
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}


def test_a_commit_that_is_switched_off_says_nothing_where_the_second_hook_has_the_time(repo: Hooked) -> None:
    repo.spend()
    unhurried(repo, "post-commit")
    repo.hooked("--allow-empty", "-m", "Quiet", env={"TOKCOST": "off", "TOKCOST_DEADLINE": AT_ONCE})
    assert repo.replies() == {"total": 1, "withheld": 1}


OFF = {"TOKCOST": "off", "GIT_EDITOR": "true"}


def off_on_a_detached_head(repo: Hooked) -> None:
    repo.run("switch", "-q", "--detach")
    repo.spend()
    repo.run("commit", "-q", "--allow-empty", "-m", "Quiet", env=OFF)
    repo.run("switch", "-q", "-c", "from-there")


def off_at_a_stop_of_a_rebase(repo: Hooked) -> None:
    repo.work("To edit")
    repo.run("rebase", "-q", "-i", "HEAD~1", env={"GIT_SEQUENCE_EDITOR": "sed -i s/^pick/edit/"})
    repo.spend()
    repo.run("commit", "-q", "--amend", "--no-edit", env=OFF)
    repo.run("rebase", "--continue", env=OFF)


def off_in_a_revert(repo: Hooked) -> None:
    repo.work("To revert")
    repo.spend()
    repo.run("revert", "--no-edit", "HEAD", env=OFF)


def off_in_a_pick_that_stopped(repo: Hooked) -> None:
    repo.run("switch", "-q", "-c", "side")
    repo.change()
    repo.run("commit", "-q", "-m", "Side", env={"TOKCOST": "off"})
    repo.run("switch", "-q", "main")
    repo.work("Main")
    assert not repo.attempt("cherry-pick", "side")
    repo.spend()
    repo.change()
    repo.run("cherry-pick", "--continue", env=OFF)


def off_without_a_message(repo: Hooked) -> None:
    repo.spend()
    repo.run("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "", env=OFF)


@pytest.mark.few
@pytest.mark.parametrize(
    "story",
    [
        off_on_a_detached_head,
        off_at_a_stop_of_a_rebase,
        off_in_a_revert,
        off_in_a_pick_that_stopped,
        off_without_a_message,
    ],
)
def test_what_is_left_out_is_kept_in_commits_that_carry_no_line_of_their_own(
    repo: Hooked, story: Callable[[Hooked], None]
) -> None:
    repo.work("Before")
    story(repo)
    assert repo.replies()["withheld"] == 1
    repo.work("Loud")
    found = repo.replies()
    assert found == {"total": found["total"], "withheld": 1, "carried": found["total"] - 1}


@pytest.mark.parametrize("switch", [["side"], ["-c", "new"]])
def test_what_is_left_out_on_one_branch_is_kept_there_and_nothing_of_another(
    repo: Hooked, switch: list[str], way: str
) -> None:
    repo.run("branch", "side")
    repo.spend()
    repo.grumble("commit", "-q", "--allow-empty", "-m", "Quiet", env={"TOKCOST": "off", "TOKCOST_DEADLINE": AT_ONCE})
    # A server goes on without git, and keeps what it finds: until then nothing else is spent here.
    piped(["status"], repo.path, repo.environ)
    repo.run("switch", "-q", *switch)
    repo.work("Elsewhere")
    assert len(repo.lines()) == 1
    repo.run("switch", "-q", "main")
    repo.work("Loud")
    assert repo.replies() == {"total": 3, "withheld": 1, "carried": 2}


@pytest.mark.slow
def test_all_is_left_out_however_much_it_is(repo: Hooked) -> None:
    for number in range(1, MOST_USAGE + 2):
        repo.spend(number=number)
    repo.log()  # a server that still imports it holds the ledger
    repo.run("commit", "-q", "--allow-empty", "-m", "Quiet", env={"TOKCOST": "off"})
    assert repo.replies() == {"total": MOST_USAGE + 1, "withheld": MOST_USAGE + 1}


def test_a_line_removed_by_hand_is_kept_also_when_there_was_no_time_to_see_that(repo: Hooked) -> None:
    repo.work("Before")
    repo.spend()
    repo.change()
    unhurried(repo, "prepare-commit-msg")
    quiet = repo.editor("sed -i '/^AI-/d' \"$1\"")
    repo.grumble("commit", "-q", "-e", "-m", "Quiet", env={"TOKCOST_DEADLINE": AT_ONCE} | quiet)
    repo.work("Soon after")
    assert repo.replies() == {"total": 3, "withheld": 1, "carried": 2}


@pytest.mark.few
@pytest.mark.parametrize("kind", ["new", "amend", "root"])
def test_a_line_removed_by_hand_is_kept_also_when_the_hook_after_the_commit_was_gone(repo: Hooked, kind: str) -> None:
    repo.work("Before")
    if kind == "root":
        repo.run("switch", "-q", "--orphan", "unborn")
    repo.spend()
    hook = repo.common_dir / "hooks" / "post-commit"
    mode = hook.stat().st_mode
    hook.chmod(0o644)
    quiet = repo.editor("sed -i '/^AI-/d' \"$1\"")
    amend = ["--amend"] if kind == "amend" else []
    repo.hooked("--allow-empty", "-e", "-m", "Quiet", *amend, env=quiet)
    hook.chmod(mode)
    assert repo.lines() == []
    repo.run("switch", "-q", "-c", "elsewhere")
    repo.work("Loud")
    # The amend has a message of its own: what its commit carried before waits for the next commit of its branch.
    before = {"pending": 1, "carried": 1} if kind == "amend" else {"carried": 2}
    assert repo.replies() == {"total": 3, "withheld": 1} | before


def test_a_line_removed_on_a_branch_with_another_name_for_it_is_kept(repo: Hooked) -> None:
    repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    repo.run("switch", "-q", "alias")
    repo.work("Before")
    repo.spend()
    repo.hooked("--allow-empty", "-e", "-m", "Quiet", env=repo.editor("sed -i '/^AI-/d' \"$1\""))
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}
    repo.work("Loud")
    assert repo.replies() == {"total": 3, "withheld": 1, "carried": 2}


@pytest.mark.parametrize("back", ["elsewhere", "here"])
def test_a_commit_that_was_given_up_keeps_nothing(repo: Hooked, back: str) -> None:
    repo.work("Before")
    repo.spend()
    repo.change()
    repo.attempt("commit", "-q", "-e", "-m", "Quiet", env={"TOKCOST": "off"} | repo.editor('printf "" >"$1"'))
    if back == "elsewhere":
        repo.hooked("--no-verify", "-m", "By hand", env={"TOKCOST": ""})
    repo.work("Loud")
    assert "withheld" not in repo.replies()


def unhurried(repo: Hooked, hook: str) -> None:
    """Give one hook all the time it needs."""
    path = repo.common_dir / "hooks" / hook
    path.write_text(path.read_text().replace("TOKCOST_PATH=", "TOKCOST_DEADLINE=30 TOKCOST_PATH="))


@pytest.mark.few
@pytest.mark.parametrize("value", ["", "on", "1"])
def test_only_off_is_off(repo: Hooked, value: str) -> None:
    repo.spend()
    repo.change()
    repo.grumble("commit", "-q", "-m", "Slow", env={"TOKCOST": value, "TOKCOST_DEADLINE": AT_ONCE})
    repo.work("Loud")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_leaving_out_from_another_commit_keeps_nothing(repo: Hooked) -> None:
    repo.work("First")
    repo.work("Second")
    omit_line(repo.ledger_home, repo.worktree)
    repo.run("switch", "-q", "-c", "elsewhere", "HEAD~")
    repo.work("Loud")
    repo.work("Louder")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_leaving_out_is_over_with_a_commit_that_had_nothing_to_carry(repo: Hooked) -> None:
    omit_line(repo.ledger_home, repo.worktree)
    repo.change()
    repo.hooked("-m", "Nothing was spent")
    repo.work("Loud")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_leaving_out_can_be_taken_back_and_is_not_asked_of_another_worktree(repo: Hooked) -> None:
    omit_line(repo.ledger_home, repo.worktree)
    keep_line(repo.worktree)
    repo.work("Loud")
    omit_line(repo.ledger_home, repo.worktree)
    repo.git("worktree", "add", "-q", "-b", "feat/y", "../other")
    repo.work("Elsewhere", cwd=repo.path.parent / "other")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_repository_that_never_said_yes_is_left_alone(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    repo.work("One")
    assert repo.message() == "One"
    assert repo.replies() == {"total": 1, "pending": 1}
    assert not [path for path in (repo.path / ".git").rglob("*") if "tokcost" in path.name.lower()]


def test_consent_in_the_global_configuration_is_no_consent(repo: Hooked, tmp_path: Path) -> None:
    repo.git("config", "--unset", "tokcost.enabled")
    settings = tmp_path / "gitconfig"
    settings.write_text("[tokcost]\n\tenabled = true\n")
    repo.spend()
    repo.change()
    repo.hooked("-m", "One", env={"GIT_CONFIG_GLOBAL": str(settings)})
    assert repo.lines() == []


def test_a_policy_that_forbids_lets_nothing_be_written(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text('[trailers]\npolicy = "forbid"\n')
    repo.spend()
    repo.change()
    repo.hooked("-m", "One")
    assert repo.lines() == []


@pytest.mark.parametrize("text", ["[trailers]\npolicy = 3\n", "[trailers\n"])
def test_a_policy_that_is_damaged_lets_nothing_be_written_and_says_so(repo: Hooked, text: str) -> None:
    path = repo.path / ".tokcost.toml"
    path.write_text(text)
    repo.spend()
    repo.change()
    said = repo.grumble("commit", "-q", "-m", "One")
    sentence, hint = said.splitlines()
    assert str(path) in sentence
    assert "left this commit without a cost line" in sentence
    assert hint.startswith("hint: ")
    assert repo.lines() == []
    path.unlink()
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_policy_makes_lines_coarser(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text('[trailers]\nprecision = "coarse"\nmodels = false\n')
    repo.work("One")
    (line,) = repo.lines()
    assert (line.exact, line.models) == (False, ())


@pytest.mark.few
@pytest.mark.parametrize(
    ("models", "published"),
    [
        (("ft:gpt-4o:acme:custom:abc123",), ("ft:gpt-4o",)),
        (("acme-gpt4-deployment", "acme/acme-llama"), ("other",)),
        (("claude-3-opus-acme", "claude-3-opus-acme-2"), ("claude-3-opus-latest",)),
    ],
)
def test_a_line_names_no_model_that_tells_an_organisation(
    tmp_path: Path, models: tuple[str, ...], published: tuple[str, ...]
) -> None:
    repo = Hooked(tmp_path)
    for model in models:
        repo.spend(model=model)
    shown = repo.tokcost("preview").stdout + repo.tokcost("preview", "--json").stdout
    repo.change()
    repo.hooked("-m", "Add login")
    assert [line.models for line in repo.lines()] == [published]
    repo.spend(model=models[-1])
    repo.hooked("--amend", "--no-edit")
    assert [line.models for line in repo.lines()] == [published]
    assert f"; {published[0]}; " in shown
    assert "acme" not in f"{shown}{repo.message()}{repo.message('HEAD@{1}')}"
    assert models[0] in repo.tokcost("log", "--by", "model", "--json").stdout, "on this machine everything is told"


def test_a_price_of_ones_own_does_not_make_a_name_public(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    repo.ledger_home.mkdir(parents=True, exist_ok=True)
    (repo.ledger_home / "prices.toml").write_text('[[price]]\nmatch = "acme-*"\ninput = "1"\noutput = "2"\n')
    repo.spend(model="acme-llama")
    repo.change()
    repo.hooked("-m", "Add login")
    assert [line.models for line in repo.lines()] == [("other",)]
