"""Rules of a repository and of a user: where they speak, and that they can do nothing else."""

import json
import time
from typing import Any

import pytest

from support.claude_lines import append, assistant, counts
from support.hooked import Hooked
from support.tables import few
from support.terminal import piped

CHEAP = 'name = "anything"\n'


def check(repo: Hooked) -> tuple[int, list[str]]:
    done = piped(["check", "--json"], repo.path, repo.environ)
    return done.returncode, json.loads(done.stdout)["rules"]


def rules(repo: Hooked, text: str, *, own: bool = False) -> None:
    path = repo.ledger_home / "config.toml" if own else repo.path / ".tokcost.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def rule(**conditions: Any) -> str:
    return "[[rules]]\n" + "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in {"name": "R", **conditions}.items()
    )


@pytest.mark.parametrize("own", [False, True])
def test_a_rule_speaks_when_its_usage_costs_more_than_it_allows(repo: Hooked, own: bool) -> None:
    repo.spend()
    repo.spend(number=2)
    rules(repo, rule(over="1000", say="think first"), own=own)
    assert check(repo) == (0, [])
    rules(repo, rule(over="0.001", say="think first"), own=own)
    code, (said,) = check(repo)
    assert code == 1
    assert said.startswith("R: 2 responses, $0.")
    assert said.endswith(" list on this branch, more than $0.001; think first") or "think first" in said


@pytest.mark.parametrize(
    ("conditions", "speaks"),
    [
        ({}, True),
        ({"branch": "main"}, True),
        ({"branch": ["exp/*", "ma*"]}, True),
        ({"branch": "exp/*"}, False),
        ({"model": "claude-*"}, True),
        ({"model": "Claude-OPUS-*"}, False),
        ({"assistant": "claude-code"}, True),
        ({"assistant": ["codex", "gemini-*"]}, False),
        ({"subagent": False}, True),
        ({"subagent": True}, False),
        ({"context": 100}, True),
        ({"context": 10_000_000}, False),
        ({"kind": "compaction"}, False),
        ({"kind": "broken"}, False),
        ({"per": "session"}, True),
        ({"per": "day"}, False),
        ({"per": "session", "over": "1000"}, False),
    ],
)
def test_every_condition_holds_or_does_not(repo: Hooked, conditions: dict[str, Any], speaks: bool) -> None:
    repo.spend()
    rules(repo, rule(**conditions))
    assert bool(check(repo)[1]) is speaks


def test_a_day_has_all_branches_of_the_repository_since_midnight(repo: Hooked) -> None:
    repo.spend()
    log = next((repo.home / ".claude" / "projects").rglob("*.jsonl"))
    line = assistant("msg_now", "req_now", time.time_ns() // 1_000_000, usage=counts())
    append(log, line | {"cwd": str(repo.path), "gitBranch": "main"})
    rules(repo, rule(per="day"))
    (said,) = check(repo)[1]
    assert said.startswith("R: 1 response, $")
    assert said.endswith(" today")


def test_why_says_the_rules_that_speak_of_this_branch(repo: Hooked) -> None:
    repo.spend()
    rules(repo, rule(say="think first"))
    for words, speaks in ((["why"], True), (["why", "main"], True), (["why", "other"], False)):
        assert ("think first" in piped(words, repo.path, repo.environ).stdout) is speaks


def test_requests_of_sub_agents_are_told_from_others(repo: Hooked) -> None:
    repo.spend()
    folder = next((repo.home / ".claude" / "projects").iterdir())
    line = assistant("msg_agent", "req_agent", repo.now * 1000, usage=counts(), isSidechain=True)
    log = folder / "session-1" / "subagents" / "agent-1.jsonl"
    log.parent.mkdir(parents=True)
    append(log, line | {"cwd": str(repo.path), "gitBranch": "main"})
    rules(repo, rule(subagent=True))
    (said,) = check(repo)[1]
    assert "1 response," in said
    rules(repo, rule(subagent=False))
    (said,) = check(repo)[1]
    assert "1 response," in said


def test_a_rule_about_paths_goes_by_what_the_branch_changed(repo: Hooked) -> None:
    repo.work("Begin")
    repo.run("switch", "-q", "-c", "feat/x")
    repo.spend()
    rules(repo, rule(outside=["docs/architecture/**", "security/**"]))
    assert check(repo)[1]
    (repo.path / "security").mkdir()
    (repo.path / "security" / "keys.py").write_text("x\n")
    assert check(repo)[1]
    repo.git("add", "security")
    assert not check(repo)[1]
    rules(repo, rule(area="security/**"))
    assert check(repo)[1]
    rules(repo, rule(area="web/**"))
    assert not check(repo)[1]


def test_a_commit_says_all_rules_in_one_line_and_none_stops_it(repo: Hooked) -> None:
    repo.spend()
    rules(repo, rule(say="first") + rule(say="second"))
    repo.change()
    said = repo.grumble("commit", "-q", "-m", "Spent")
    (line,) = [line for line in said.splitlines() if "rule" in line]
    assert "first" in line
    assert "second" in line
    assert repo.message().startswith("Spent")


@pytest.mark.few
@pytest.mark.parametrize(
    ("text", "problem"),
    few(
        [
            ("[[rules]]\nsay = 'x'\n", "it has no name"),
            (rule(modle="x"), "did you mean model"),
            (rule(over=5), "must be in quotes"),
            (rule(over="-1"), "is negative"),
            (rule(per="year"), "is not one of branch, session, day"),
            (rule(branch="*" * 9), "stars"),
            (rule(context="much"), "not a number of tokens"),
            (rule(subagent="yes"), "neither true nor false"),
            ("rules = 5\n", "not a list"),
            ("[[rules]\n", "cannot be parsed"),
        ],
        4,
    ),
)
def test_a_rule_that_cannot_be_understood_is_named_by_doctor_and_silent_elsewhere(
    repo: Hooked, text: str, problem: str
) -> None:
    repo.spend()
    rules(repo, text, own=True)
    assert problem in piped(["doctor"], repo.path, repo.environ).stdout.replace("\n", " ").replace("  ", " ")
    assert check(repo) == (0, [])
    repo.work("Spent")


def test_one_broken_rule_makes_no_other_silent(repo: Hooked) -> None:
    repo.spend()
    rules(repo, rule(over=5) + rule(say="I hold"))
    assert len(check(repo)[1]) == 1
    said = " ".join(piped(["doctor"], repo.path, repo.environ).stdout.split())
    assert "docs/rules.md has every key. The other rules still apply." in said


def test_names_of_a_repository_cannot_reach_the_terminal(repo: Hooked) -> None:
    repo.spend()
    rules(repo, '[[rules]]\nname = "\\u001b[31mred"\nsay = "\\u202ereversed"\n')
    done = piped(["check"], repo.path, repo.environ)
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr
