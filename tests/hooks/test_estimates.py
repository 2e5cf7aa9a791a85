"""Usage whose counts no provider told: seen everywhere, published nowhere, unless the clone's owner asks for it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.guesser import COST, TOKENS, Guesser, installed
from support.hooked import REPLY, Hooked
from tokcost.policy.clone_state import read_state
from tokcost.services.read_status import status_of


@pytest.fixture
def guesser(repo: Hooked, tmp_path: Path) -> Iterator[Guesser]:
    with installed(tmp_path, repo) as found:
        yield found


def ask(repo: Hooked, value: str = "true") -> None:
    """Set the clone's own setting."""
    repo.git("config", "--local", "tokcost.estimates", value)


def commit(repo: Hooked, *args: str, env: dict[str, str] | None = None) -> None:
    repo.change()
    repo.hooked(*(args or ("-m", "Work")), env=env)


def parts(repo: Hooked) -> dict[str, int]:
    """The balance in replies of the guesser, once the messages say the same."""
    found = repo.balance()
    assert sum(line.tokens for line in repo.published().values()) == found.get("carried", 0)
    return {name: tokens // TOKENS for name, tokens in found.items()}


def test_an_estimate_alone_makes_no_line(repo: Hooked, guesser: Guesser) -> None:
    guesser.guess()
    commit(repo)
    assert repo.lines() == []
    assert parts(repo) == {"total": 1, "pending": 1}


def test_a_commit_takes_what_was_told_and_leaves_what_was_estimated(repo: Hooked, guesser: Guesser) -> None:
    guesser.guess()
    guesser.reply()
    guesser.guess()
    commit(repo)
    (line,) = repo.lines()
    assert (line.tokens, line.cost) == (TOKENS, COST)
    assert parts(repo) == {"total": 3, "carried": 1, "pending": 2}


def test_with_the_setting_the_next_commit_takes_all_that_waited(repo: Hooked, guesser: Guesser) -> None:
    guesser.guess()
    guesser.reply()
    commit(repo)
    ask(repo)
    commit(repo)
    assert [line.tokens for line in repo.lines()] == [TOKENS]
    assert parts(repo) == {"total": 2, "carried": 2}


def test_switched_off_again_what_was_published_stays_so_and_nothing_new_comes(repo: Hooked, guesser: Guesser) -> None:
    ask(repo)
    guesser.guess()
    commit(repo)
    ask(repo, "false")
    guesser.guess()
    commit(repo)
    assert repo.lines() == []
    assert parts(repo) == {"total": 2, "carried": 1, "pending": 1}


def test_an_amend_raises_its_claim_by_what_was_told_alone(repo: Hooked, guesser: Guesser) -> None:
    guesser.reply()
    commit(repo)
    guesser.guess()
    commit(repo, "--amend", "--no-edit")
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (1, TOKENS)
    guesser.reply()
    commit(repo, "--amend", "--no-edit")
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (2, 2 * TOKENS)
    assert parts(repo) == {"total": 3, "carried": 2, "pending": 1}
    ask(repo)
    commit(repo, "--amend", "--no-edit")
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (3, 3 * TOKENS)
    assert parts(repo) == {"total": 3, "carried": 3}


def test_what_became_exact_counts_as_exact_with_its_own_counts(repo: Hooked, guesser: Guesser) -> None:
    number = guesser.guess(3 * TOKENS)
    commit(repo)
    assert repo.lines() == []
    guesser.reply(2 * TOKENS, number=number)
    commit(repo)
    assert [line.tokens for line in repo.lines()] == [2 * TOKENS]
    assert parts(repo) == {"total": 2, "carried": 2}


def test_a_guess_read_after_the_exact_record_changes_nothing(repo: Hooked, guesser: Guesser) -> None:
    number = guesser.reply(2 * TOKENS)
    repo.log()
    guesser.reply(3 * TOKENS, estimated=True, number=number)
    commit(repo)
    assert [line.tokens for line in repo.lines()] == [2 * TOKENS]
    assert parts(repo) == {"total": 2, "carried": 2}


def test_a_squash_keeps_the_lines_and_adds_no_estimate(repo: Hooked, guesser: Guesser) -> None:
    repo.git("switch", "-q", "-c", "feat")
    guesser.reply()
    commit(repo)
    guesser.guess()
    repo.git("switch", "-q", "main")
    guesser.guess()
    repo.run("merge", "-q", "--squash", "feat")
    repo.hooked("-m", "Squashed")
    assert [line.tokens for line in repo.lines()] == [TOKENS]
    assert parts(repo) == {"total": 3, "carried": 1, "pending": 2}


def test_a_rebase_and_a_lost_line_bring_no_estimate_along(repo: Hooked, guesser: Guesser) -> None:
    guesser.reply()
    guesser.guess()
    commit(repo)
    repo.git("reset", "-q", "--soft", "HEAD~1")
    commit(repo, "-m", "Again")
    assert [line.tokens for line in repo.lines()] == [TOKENS]
    assert parts(repo) == {"total": 2, "carried": 1, "pending": 1}


def test_no_single_command_can_ask_for_estimates_but_one_can_leave_them(repo: Hooked, guesser: Guesser) -> None:
    guesser.guess()
    repo.change()
    repo.run("-c", "tokcost.estimates=true", "commit", "-q", "-m", "Work")
    assert repo.lines() == []
    ask(repo)
    repo.change()
    repo.run("-c", "tokcost.estimates=false", "commit", "-q", "-m", "Work")
    assert parts(repo) == {"total": 1, "pending": 1}


def test_a_global_setting_asks_for_nothing(repo: Hooked, guesser: Guesser) -> None:
    repo.home.mkdir(exist_ok=True)
    (repo.home / ".gitconfig").write_text("[tokcost]\n\testimates = true\n")
    guesser.guess()
    commit(repo)
    assert parts(repo) == {"total": 1, "pending": 1}


def test_what_a_silent_commit_keeps_is_never_published_later(repo: Hooked, guesser: Guesser) -> None:
    guesser.guess()
    guesser.reply()
    commit(repo, env={"TOKCOST": "off"})
    assert parts(repo) == {"total": 2, "withheld": 2}
    guesser.guess()
    commit(repo, env={"TOKCOST": "off"})
    ask(repo)
    commit(repo)
    assert repo.lines() == []
    assert parts(repo) == {"total": 3, "withheld": 3}


def test_a_line_taken_out_by_hand_keeps_what_it_stood_for_alone(repo: Hooked, guesser: Guesser) -> None:
    guesser.guess()
    guesser.reply()
    repo.change()
    repo.hooked(env=repo.editor('echo Work > "$1"'))
    assert parts(repo) == {"total": 2, "withheld": 1, "pending": 1}


def test_without_cost_lines_an_estimate_is_bound_like_any_other(repo: Hooked, guesser: Guesser) -> None:
    repo.disable()
    guesser.guess()
    commit(repo)
    assert parts(repo) == {"total": 1, "bound": 1}


def test_an_estimate_on_no_branch_is_unplaced(repo: Hooked, guesser: Guesser) -> None:
    repo.git("checkout", "-q", "--detach")
    guesser.guess()
    assert parts(repo) == {"total": 1, "unplaced": 1}


def test_an_estimate_follows_to_a_new_branch_and_still_waits(repo: Hooked, guesser: Guesser) -> None:
    guesser.guess()
    repo.git("switch", "-q", "-c", "feat")
    commit(repo)
    assert parts(repo) == {"total": 1, "pending": 1}
    (row,) = [row for row in repo.log().branches if row.split.total.usage]
    assert (row.branch, row.split.total.estimates.pending_tokens) == ("feat", TOKENS)


@pytest.mark.parametrize(("asked", "counted"), [("false", 1), ("true", 3)])
def test_budgets_count_estimates_only_where_asked(repo: Hooked, guesser: Guesser, asked: str, counted: int) -> None:
    for scope in ("Branch", "Commit", "Day"):
        repo.git("config", f"tokcost.budget{scope}", "9")
    ask(repo, asked)
    guesser.guess()
    guesser.reply()
    guesser.guess(model="no-such-model")
    guesser.guess()
    repo.log()
    status = status_of(repo.ledger_home, read_state(repo.worktree))
    assert [one.list_cost for one in status.budgets[:2]] == [counted * COST] * 2
    assert [one.unpriced_tokens for one in status.budgets[:2]] == [TOKENS * (asked == "true")] * 2
    assert (status.list_cost, status.unpriced_tokens) == (3 * COST, TOKENS)


def test_a_blocking_budget_is_not_reached_by_estimates(repo: Hooked, guesser: Guesser) -> None:
    done = repo.tokcost("budget", "set", "9", "--commit", "--block")
    assert done.returncode == 0, done
    guesser.guess()
    guesser.guess()
    commit(repo)
    assert parts(repo) == {"total": 2, "pending": 2}


def test_what_aider_rounds_or_guesses_waits_until_it_is_asked_for(repo: Hooked) -> None:
    at = datetime.fromtimestamp(repo.now, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    (repo.git_dir / "info").mkdir(exist_ok=True)
    (repo.git_dir / "info/exclude").write_text(".aider*\n")
    history = f"\n# aider chat started at {at}\n\n> Main model: gpt-4o with diff\n\n> Tokens: 91 sent, 9 received.\n"
    (repo.path / ".aider.chat.history.md").write_text(history)
    repo.work("Add login")
    assert repo.balance() == {"total": REPLY + 100, "carried": REPLY, "pending": 100}
    ask(repo)
    commit(repo)
    assert [line.tokens for line in repo.lines()] == [100]
    assert repo.balance() == {"total": REPLY + 100, "carried": REPLY + 100}
