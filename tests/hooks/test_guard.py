"""`tokcost guard` as it is run: settings that stay as they were, and answers to the hooks of assistants."""

import json
import os
import shlex
import sqlite3
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from support.hooked import Hooked, alone
from support.tables import few
from support.terminal import piped
from support.trouble import make_packages

ASSISTANTS = {
    "claude-code": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini-cli": ".gemini/settings.json",
    "copilot-cli": ".copilot/hooks/tokcost-guard.json",
    "opencode": ".config/opencode/plugin/tokcost-guard.js",
}


def guard(repo: Hooked, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return piped(["guard", *words], repo.path, repo.environ | more)


def everything(home: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(home)): path.read_bytes() if path.is_file() else None for path in home.rglob("*")}


def answer(repo: Hooked, name: str, moment: str, *words: str, **more: str) -> Any:
    done = guard(repo, "check", name, moment, *words, **more)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def budget(repo: Hooked, dollars: str) -> None:
    repo.git("config", "tokcost.budgetBranch", dollars)


@pytest.mark.few
@pytest.mark.parametrize("name", ASSISTANTS)
def test_uninstalling_leaves_no_trace(repo: Hooked, name: str) -> None:
    before = everything(repo.home)
    done = guard(repo, "install", name, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    text = (repo.home / ASSISTANTS[name]).read_text()
    assert f"guard check {name} prompt" in text
    assert f"guard check {name} tool" in text
    assert name in json.dumps(json.loads(guard(repo, "status", "--json").stdout)["guards"])
    assert guard(repo, "uninstall", name).returncode == 0
    assert everything(repo.home) == before
    assert json.loads(guard(repo, "status", "--json").stdout)["guards"] == []


@pytest.mark.parametrize("name", ["claude-code", "codex", "gemini-cli"])
def test_settings_that_are_there_stay_to_the_byte(repo: Hooked, name: str) -> None:
    path = repo.home / ASSISTANTS[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = '{"model":"x",\n   "hooks" : { "Stop":[ ] , "PreToolUse": [{"matcher":"Bash","hooks":[]}]}\n\n}'
    path.write_text(text)
    path.chmod(0o640)
    assert guard(repo, "install", name, "--block", "--yes").returncode == 0
    assert json.loads(path.read_text())["model"] == "x"
    assert path.stat().st_mode & 0o777 == 0o640
    assert guard(repo, "uninstall", name).returncode == 0
    assert path.read_text() == text


def test_uninstalling_tokcost_names_the_guards_that_are_left(repo: Hooked) -> None:
    guard(repo, "install", "codex", "--yes")
    said = piped(["uninstall", "--dry-run"], repo.path, repo.environ).stdout
    assert "the guard of Codex CLI" in said
    assert "tokcost guard uninstall codex" in said


OFF = {
    "claude-code": (".claude/settings.json", '{"disableAllHooks": true}', "disableAllHooks is true"),
    "codex": (".codex/config.toml", "[features]\nhooks = false\n", "features.hooks is false"),
    "codex before": (".codex/config.toml", "features.codex_hooks = false\n", "features.codex_hooks is false"),
    "gemini-cli": (
        ".gemini/settings.json",
        '{"hooksConfig": {"enabled": false}} // mine',
        "hooksConfig.enabled is false",
    ),
    "gemini-cli alone": (
        ".gemini/settings.json",
        '{"hooksConfig": {"disabled": ["tokcost-guard-prompt"]}}',
        "it is in hooksConfig.disabled",
    ),
}


@pytest.mark.few
@pytest.mark.parametrize("case", OFF)
def test_a_guard_whose_assistant_runs_no_hooks_is_told_and_named(repo: Hooked, case: str) -> None:
    path, settings, said = repo.home / OFF[case][0], OFF[case][1], OFF[case][2]
    name = case.split()[0]
    assert guard(repo, "install", name, "--yes").returncode == 0
    guard(repo, "uninstall", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(settings)
    done = guard(repo, "install", name, "--yes")
    assert done.returncode == 1
    assert f"does not call it: {said} in {path}" in done.stdout
    status = guard(repo, "status")
    assert (status.returncode, f"is not called: {said} in {path};" in status.stdout) == (1, True)
    shown = json.loads(guard(repo, "status", "--json").stdout)
    assert shown["guards"][0]["problem"] == f"{said} in {path}"
    assert said in repo.tokcost("doctor").stdout


@pytest.mark.parametrize("settings", ["{}", '{"disableAllHooks": false}', '{"disableAllHooks": "true"}'])
def test_a_setting_that_turns_nothing_off_is_not_told(repo: Hooked, settings: str) -> None:
    path = repo.home / ".claude/settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(settings)
    assert guard(repo, "install", "claude-code", "--yes").returncode == 0
    assert guard(repo, "status").returncode == 0
    off = guard(repo, "status", TOKCOST_GUARD="off")
    assert off.returncode == 1
    assert "TOKCOST_GUARD=off is set in this environment" in off.stdout


def test_settings_behind_a_link_are_changed_where_they_are(repo: Hooked) -> None:
    dotfiles = repo.home / "dotfiles.json"
    (repo.home / ".claude").mkdir(parents=True, exist_ok=True)
    dotfiles.write_text("{}\n")
    (repo.home / ".claude" / "settings.json").symlink_to(dotfiles)
    assert guard(repo, "install", "claude-code", "--yes").returncode == 0
    assert (repo.home / ".claude" / "settings.json").is_symlink()
    assert "guard check" in dotfiles.read_text()


def test_what_somebody_laid_out_anew_is_taken_out_all_the_same(repo: Hooked) -> None:
    guard(repo, "install", "claude-code", "--yes")
    path = repo.home / ASSISTANTS["claude-code"]
    told = json.loads(path.read_text())
    told["hooks"]["PreToolUse"].insert(0, {"matcher": "Bash", "hooks": []})
    path.write_text(json.dumps(told))
    assert guard(repo, "uninstall", "claude-code").returncode == 0
    left = json.loads(path.read_text())["hooks"]
    assert left == {"UserPromptSubmit": [], "PreToolUse": [{"matcher": "Bash", "hooks": []}]}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["install", "emacs", "--yes"], 2, "there is no guard for"),
        (["install", "claude-code"], 2, "nobody can be asked"),
        (["check"], 2, "the assistant and the moment are missing"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(repo: Hooked, words: list[str], code: int, said: str) -> None:
    done = guard(repo, *words)
    assert done.returncode == code
    assert said in done.stderr
    assert not (repo.home / ".claude" / "settings.json").exists()


def test_settings_that_the_assistant_does_not_read_are_left_alone_and_the_entry_is_shown(repo: Hooked) -> None:
    path = repo.home / ASSISTANTS["claude-code"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{\n  // mine\n  "hooks": {}\n}\n')
    done = guard(repo, "install", "claude-code", "--yes")
    assert done.returncode == 3
    said = " ".join(done.stderr.split())
    assert f"{path} was not changed: it has a comment in line 2, and Claude Code cannot read such a file" in said
    assert "guard check claude-code prompt" in done.stderr
    assert path.read_text() == '{\n  // mine\n  "hooks": {}\n}\n'


def test_a_second_guard_of_one_assistant_is_refused(repo: Hooked) -> None:
    guard(repo, "install", "codex", "--yes")
    text = (repo.home / ASSISTANTS["codex"]).read_text()
    assert guard(repo, "install", "codex", "--block", "--yes").returncode == 3
    assert (repo.home / ASSISTANTS["codex"]).read_text() == text


@pytest.mark.parametrize("name", ASSISTANTS)
def test_a_guard_of_which_the_note_was_lost_is_not_put_in_twice_and_is_taken_out(repo: Hooked, name: str) -> None:
    path = repo.home / ASSISTANTS[name]
    guard(repo, "install", name, "--block", "--yes")
    text = path.read_text()
    (repo.ledger_home / "guards.json").unlink()
    refused = guard(repo, "install", name, "--yes")
    assert (refused.returncode, path.read_text()) == (3, text)
    assert f"tokcost guard uninstall {name}" in refused.stderr
    assert guard(repo, "uninstall", name).returncode == 0
    assert not path.exists() or "guard check" not in path.read_text()


@pytest.mark.parametrize("name", ["claude-code", "opencode"])
def test_who_was_killed_between_the_note_and_the_settings_says_it_again(repo: Hooked, name: str) -> None:
    before = everything(repo.home)
    guard(repo, "install", name, "--yes")
    text = (repo.home / ASSISTANTS[name]).read_text()
    (repo.home / ASSISTANTS[name]).unlink()
    assert json.loads(guard(repo, "status", "--json").stdout)["guards"] == []
    assert guard(repo, "install", name, "--yes").returncode == 0
    assert (repo.home / ASSISTANTS[name]).read_text() == text
    assert guard(repo, "uninstall", name).returncode == 0
    assert everything(repo.home) == before


def test_settings_that_are_read_only_stay_as_they_are(repo: Hooked) -> None:
    path = repo.home / ASSISTANTS["claude-code"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    path.chmod(0o444)
    done = guard(repo, "install", "claude-code", "--yes")
    assert (done.returncode, path.read_text()) == (3, "{}")
    assert "is read-only" in done.stderr
    assert guard(repo, "status").stdout.startswith("No assistant has a guard")
    path.chmod(0o644)
    guard(repo, "install", "claude-code", "--yes")
    path.chmod(0o444)
    assert guard(repo, "uninstall", "claude-code").returncode == 3
    path.chmod(0o644)
    assert guard(repo, "uninstall", "claude-code").returncode == 0
    assert path.read_text() == "{}"


def test_the_command_says_nothing_once_tokcost_is_gone(repo: Hooked) -> None:
    guard(repo, "install", "claude-code", "--yes")
    told = json.loads((repo.home / ASSISTANTS["claude-code"]).read_text())
    command = told["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    program = shlex.split(command.split(" || ")[1])[0]
    gone = command.replace(program, str(repo.home / "gone" / "tokcost"))
    done = subprocess.run(["sh", "-c", gone], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.few
@pytest.mark.parametrize("name", ASSISTANTS)
def test_near_the_person_is_told_and_over_with_block_the_run_stops(repo: Hooked, name: str) -> None:
    repo.spend()
    budget(repo, "1000")
    assert answer(repo, name, "prompt", "--block") == {}
    budget(repo, "0.000001")
    stop = json.dumps(answer(repo, name, "prompt", "--block"))
    assert "over the branch budget" in stop
    assert "tokcost budget set AMOUNT --branch" in stop
    assert "over the branch budget" in json.dumps(answer(repo, name, "tool", "--block"))
    warned = answer(repo, name, "prompt")
    assert "stop" not in json.dumps(warned) or name == "opencode"
    assert warned.get("continue") is None
    assert warned.get("stop", False) is False
    assert answer(repo, name, "prompt", "--block", TOKCOST_GUARD="off") == {}


def test_the_figure_has_what_was_spent_a_moment_ago(repo: Hooked) -> None:
    repo.spend()
    budget(repo, "0.000001")
    first = answer(repo, "claude-code", "prompt")["systemMessage"]
    repo.spend(number=2)
    assert answer(repo, "claude-code", "prompt")["systemMessage"] != first


def test_what_a_repository_recommends_never_stops(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text('[budget]\nbranch = "0.000001"\nblock = true\n')
    repo.spend()
    said = answer(repo, "claude-code", "prompt", "--block")
    assert said.keys() == {"systemMessage"}


def own_rules(repo: Hooked, text: str) -> None:
    repo.ledger_home.mkdir(exist_ok=True)
    (repo.ledger_home / "config.toml").write_text(text)


RULE = '[[rules]]\nname = "small"\nsay = "think first"\nover = "{}"\n'


@pytest.mark.few
@pytest.mark.parametrize("name", ASSISTANTS)
def test_a_rule_of_ones_own_that_is_exceeded_stops_the_run_too(repo: Hooked, name: str) -> None:
    repo.spend()
    own_rules(repo, RULE.format("1000"))
    assert answer(repo, name, "prompt", "--block") == {}
    own_rules(repo, RULE.format("0.000001"))
    for moment in ("prompt", "tool"):
        said = json.dumps(answer(repo, name, moment, "--block"))
        assert "rule small: 1 response, $" in said
        assert "think first; stopped, to go on: a higher amount in that rule of yours, or TOKCOST_GUARD=off" in said
    assert "stopped" not in json.dumps(answer(repo, name, "prompt"))


def test_what_nobody_set_an_amount_for_is_told_and_stops_nothing(repo: Hooked) -> None:
    repo.spend()
    own_rules(repo, '[[rules]]\nname = "any"\nmodel = "claude-*"\n')
    assert answer(repo, "claude-code", "prompt", "--block").keys() == {"systemMessage"}
    assert answer(repo, "claude-code", "tool", "--block") == {}


def test_a_rule_of_a_repository_is_told_and_stops_nothing(repo: Hooked) -> None:
    repo.spend()
    (repo.path / ".tokcost.toml").write_text(RULE.format("0.000001"))
    said = answer(repo, "claude-code", "prompt", "--block")
    assert said.keys() == {"systemMessage"}
    assert "rule small: " in said["systemMessage"]
    assert answer(repo, "claude-code", "tool", "--block") == {}


def test_a_rule_that_is_near_its_amount_is_told_to_the_person(repo: Hooked) -> None:
    repo.spend()
    spent = json.loads(piped(["status", "--json"], repo.path, repo.environ).stdout)["list_cost"]
    own_rules(repo, RULE.format(spent))
    said = answer(repo, "claude-code", "prompt", "--block")
    assert said.keys() == {"systemMessage"}
    assert ", near $" in said["systemMessage"]
    assert piped(["check"], repo.path, repo.environ).returncode == 0
    status = json.loads(piped(["status", "--json"], repo.path, repo.environ).stdout)
    assert (len(status["rules"]), len(status["rules_near"])) == (0, 1)


@pytest.mark.parametrize("text", ["[[rules]]\nname = 3\n", "[[rules", '[[rules]]\nname = "x"\nbranch = "exp/*"\n'])
def test_a_rule_that_is_broken_or_of_another_branch_says_nothing_here(repo: Hooked, text: str) -> None:
    repo.spend()
    own_rules(repo, text)
    assert answer(repo, "claude-code", "prompt", "--block") == {}


def test_a_budget_and_a_rule_are_told_in_one_sentence(repo: Hooked) -> None:
    repo.spend()
    budget(repo, "0.000001")
    own_rules(repo, RULE.format("0.000001"))
    reason = answer(repo, "claude-code", "prompt", "--block")["stopReason"]
    assert reason.count("tokcost: ") == 1
    assert "over the branch budget; rule small: " in reason
    assert "to go on: tokcost budget set AMOUNT --branch and a higher amount in that rule of yours, or " in reason


def test_without_a_budget_a_repository_or_sense_the_assistant_goes_on(repo: Hooked, tmp_path: Path) -> None:
    repo.spend()
    assert answer(repo, "claude-code", "prompt", "--block") == {}
    assert answer(repo, "nobody", "prompt", "--block") == {}
    done = piped(["guard", "check", "claude-code", "prompt"], tmp_path, repo.environ)
    assert (done.returncode, done.stdout) == (0, "{}\n")
    budget(repo, "0.000001")


@pytest.mark.parametrize("name", ASSISTANTS)
def test_a_budget_that_cannot_be_checked_stops_nothing_and_the_person_is_told(repo: Hooked, name: str) -> None:
    repo.spend()
    budget(repo, "0.000001")
    for path in repo.ledger_home.glob("ledger.db*"):
        path.unlink()
    (repo.ledger_home / "ledger.db").mkdir()
    said = json.dumps(answer(repo, name, "prompt", "--block"))
    assert "the budget was not checked (" in said or name == "copilot-cli"  # which has no way to show it
    assert '"stop": true' not in said
    assert "stopped" not in said
    assert answer(repo, name, "tool", "--block") == {} or name == "opencode"  # whose plug-in shows it at the prompt


def test_a_budget_that_nobody_understands_is_told(repo: Hooked) -> None:
    repo.spend()
    budget(repo, "much")
    said = answer(repo, "claude-code", "prompt", "--block")
    assert said.keys() == {"systemMessage"}
    assert "the budget was not checked in full: " in said["systemMessage"]
    assert answer(repo, "claude-code", "tool", "--block") == {}


SLOW = "end = time.monotonic() + 4\nwhile time.monotonic() < end: pass"


@alone
@pytest.mark.parametrize("served", [False, True], ids=["alone", "served"])
@pytest.mark.parametrize("trouble", few(["time.sleep(60)", SLOW], 1), ids=["stuck", "slow"])
def test_a_check_that_takes_too_long_stops_nothing_and_the_person_is_told(
    repo: Hooked, tmp_path: Path, served: bool, trouble: str
) -> None:
    repo.spend()
    budget(repo, "0.000001")
    repo.more_environ["PYTHONPATH"] = f"{make_packages(tmp_path / 'more-packages')}:{os.environ.get('PYTHONPATH', '')}"
    late = {"TROUBLE": trouble, "TOKCOST_DEADLINE": ""}
    said: Any = {}
    with repo.serve() if served else nullcontext():
        for _ in range(20):  # on a very busy machine the time may be over before it is known that there is a budget
            said = asked_late(repo, late)
            if said != {}:
                break
    assert said.keys() == {"systemMessage"}
    assert said["systemMessage"] == "tokcost: the budget was not checked (it took too long); the assistant continues"


def asked_late(repo: Hooked, late: dict[str, str]) -> Any:
    command = [sys.executable, "-P", "-m", "tokcost", "guard", "check", "claude-code", "prompt", "--block"]
    done = subprocess.run(
        command, cwd=repo.path, env=repo.environ | late, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_a_ledger_that_stays_locked_does_not_keep_the_assistant_waiting(repo: Hooked) -> None:
    repo.spend()
    budget(repo, "0.000001")
    answer(repo, "claude-code", "prompt")
    repo.spend(number=2)
    other = sqlite3.connect(repo.ledger_home / "ledger.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    start = time.monotonic()
    answer(repo, "claude-code", "prompt", "--block", TOKCOST_DEADLINE="")
    took = time.monotonic() - start
    other.execute("ROLLBACK")
    other.close()
    assert took < 2.5  # 0.3 s and the start of two programs, on a machine that may be busy


def test_a_prompt_is_not_read(repo: Hooked) -> None:
    budget(repo, "1")
    read, write = os.pipe()
    os.write(write, b"a prompt")
    command = [sys.executable, "-P", "-m", "tokcost", "guard", "check", "claude-code", "prompt"]
    done = subprocess.run(
        command, cwd=repo.path, env=repo.environ, stdin=read, capture_output=True, text=True, check=False
    )
    os.close(write)
    assert (done.stdout, os.read(read, 99)) == ("{}\n", b"a prompt")
    os.close(read)
