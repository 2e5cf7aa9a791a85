import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest

from support.machine import Machine
from support.terminal import on_terminal, piped

USD_PER_MILLION = {"input": 3, "cache_read": 0.3, "cache_write_5m": 3.75, "cache_write_1h": 6, "output": 15}
"""Public list price of claude-sonnet-4-5."""
BRANCHES = ["feat/a", "feat/b", "main"]


def _billed(machine: Machine) -> dict[str, int]:
    return machine.truth["expected"]["billed"]


def _list_cost(machine: Machine) -> str:
    micro_dollars = sum(count * USD_PER_MILLION[name] for name, count in _billed(machine).items())
    return f"{micro_dollars / 1e6:.9f}"


def test_a_pipe_gets_a_plain_table_that_closes_on_what_was_billed(machine: Machine) -> None:
    done = piped(["log"], machine.repo, machine.environ)
    assert (done.returncode, done.stderr) == (0, "")
    title, *rows, blank, closing = done.stdout.splitlines()
    assert title.split() == ["BRANCH", "LIST", "COST", "PENDING", "TOKENS", "LAST", "USED", "MODELS", "ASSISTANTS"]
    assert sorted(row[2:].split()[0] for row in rows) == BRANCHES
    assert [row[2:6] for row in rows if row.startswith("*")] == ["main"]
    assert blank == ""
    total = f"${float(_list_cost(machine)):.4f}"
    tokens = sum(_billed(machine).values())
    assert closing == f"branches {total} + unplaced $0.0000 = total {total} list, {tokens:,} tokens"


def test_a_pipe_never_waits_for_rich(machine: Machine) -> None:
    environ = {**machine.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    for args in (["log"], ["log", "--json"], ["status"]):
        done = piped(args, machine.repo, environ)
        assert "tokcost.cli.start" in done.stderr
        assert not re.search(r"\| +rich\b", done.stderr)


def test_json_sums_close_and_say_the_truth(machine: Machine) -> None:
    shown = json.loads(piped(["log", "--json"], machine.repo, machine.environ).stdout)
    assert shown["schema"] == "tokcost.log/1"
    assert sorted(row["branch"] for row in shown["branches"]) == BRANCHES
    billed = _billed(machine)
    assert {name: shown["totals"]["tokens"][name] for name in billed} == billed
    assert shown["totals"]["list_cost"] == shown["conservation"]["total"]["list_cost"] == _list_cost(machine)
    assert shown["looked_in"]


def test_csv_rows_add_up(machine: Machine) -> None:
    done = piped(["log", "--csv", "--by", "model"], machine.repo, machine.environ)
    rows = list(csv.DictReader(StringIO(done.stdout)))
    assert {row["model"] for row in rows} == {"claude-sonnet-4-5"}
    assert sum(int(row["tokens"]) for row in rows) == sum(_billed(machine).values())


def test_one_branch_shows_its_days_and_sessions(machine: Machine) -> None:
    text = piped(["log", "feat/a"], machine.repo, machine.environ).stdout
    assert text.startswith("feat/a  (")
    assert "2 responses in 1 session\n" in text
    assert "\nDAY " in text
    assert "feat/b" not in text


def test_a_branch_without_usage_is_said_and_is_no_failure(machine: Machine) -> None:
    done = piped(["log", "nosuch"], machine.repo, machine.environ)
    assert done.returncode == 0
    assert done.stdout.startswith("No usage on branch nosuch in ")


def test_a_span_without_usage_is_said(machine: Machine) -> None:
    assert " in that span of time; " in piped(["log", "--until", "2020-01-01"], machine.repo, machine.environ).stdout


def test_no_logs_says_where_it_looked_and_what_to_do(empty_machine: Machine) -> None:
    done = piped(["log"], empty_machine.repo, empty_machine.environ)
    assert done.returncode == 0
    said = done.stdout.replace("\n", " ")
    assert said.startswith("No logs were found on this machine of the AI assistants that tokcost reads: claude-code, ")
    assert f"  claude-code: {empty_machine.environ['HOME']}/.claude/projects and " in done.stdout
    assert "not read" not in said
    assert "CLAUDE_CONFIG_DIR" in done.stdout


def test_no_logs_names_assistants_that_were_seen_and_are_not_read(empty_machine: Machine) -> None:
    home = Path(empty_machine.environ["HOME"])
    seen = {"cursor": home / ".cursor/projects", "droid": home / ".factory/sessions"}
    for folder in seen.values():
        folder.mkdir(parents=True)
    done = piped(["log"], empty_machine.repo, empty_machine.environ)
    said = " ".join(done.stdout.split())
    assert "not read: " in said
    assert all(f"{assistant} ({folder})" in said for assistant, folder in seen.items())


def test_a_repository_without_usage_names_them_as_well(machine: Machine) -> None:
    (Path(machine.environ["HOME"]) / ".factory/sessions").mkdir(parents=True)
    assert "not read: droid (" in piped(["log", "nosuch"], machine.repo, machine.environ).stdout


def test_without_a_refresh_an_empty_ledger_says_that_nobody_looked(empty_machine: Machine) -> None:
    done = piped(["log", "--no-refresh"], empty_machine.repo, empty_machine.environ)
    assert "Without --no-refresh the logs are read first." in done.stdout


def test_outside_a_repository_is_a_sentence_and_exit_3(machine: Machine, tmp_path: Path) -> None:
    done = piped(["log"], tmp_path, machine.environ)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"tokcost: {tmp_path} is not in a git repository\n"
        "hint: Change to a repository, or use --all-repos to see every repository with usage.\n"
    )
    assert json.loads(piped(["log", "--all-repos", "--json"], tmp_path, machine.environ).stdout)


@pytest.mark.parametrize(
    "args",
    [
        ["--json", "--csv"],
        ["--by", "person"],
        ["--since", "gibberish"],
        ["--since", "today", "--until", "yesterday"],
        ["--bogus"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_exit_2_without_a_traceback(machine: Machine, args: list[str]) -> None:
    done = piped(["log", *args], machine.repo, machine.environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_terminal_gets_colour_and_bars_in_the_same_table(machine: Machine) -> None:
    text = on_terminal(["log", "--no-pager"], machine.repo, machine.environ, 75)
    assert "\x1b[1;32m* main" in text
    assert "█" in text
    assert "ASSISTANTS" not in text
    assert all(branch in text for branch in BRANCHES)


@pytest.mark.parametrize("declined", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "TERM=dumb"])
def test_who_declines_colour_gets_no_escape_code(machine: Machine, declined: dict[str, str]) -> None:
    text = on_terminal(["log", "--no-pager"], machine.repo, {**machine.environ, **declined})
    assert "\x1b" not in text
    assert "feat/a" in text


def test_the_pager_is_the_users_and_runs_on_terminals_alone(machine: Machine) -> None:
    environ = {**machine.environ, "PAGER": "false", "GIT_PAGER": "sed 's/^/paged: /'"}
    assert "paged: " in on_terminal(["log"], machine.repo, environ)
    assert "paged: " not in on_terminal(["log", "--no-pager"], machine.repo, environ)
    assert "paged: " not in piped(["log"], machine.repo, environ).stdout
    assert "mine: " in on_terminal(["log"], machine.repo, {**environ, "TOKCOST_PAGER": "sed 's/^/mine: /'"})


def test_a_pager_that_cannot_be_run_does_not_swallow_the_answer(machine: Machine) -> None:
    text = on_terminal(["log"], machine.repo, {**machine.environ, "PAGER": "no-such-pager-4711"})
    assert "feat/a" in text
