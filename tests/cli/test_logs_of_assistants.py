"""`tokcost log --json` against the truth: what each real assistant spent, by branch."""

import json
import os
from pathlib import Path

import pytest

from support import samples, warm
from support.claude_lines import iso, write
from support.git_sandbox import T0, GitSandbox
from support.opencode_store import StoreOf, message

PROGRAM = "from tokcost.cli.start import main; main()"
NAMES = [name for name in samples.names() if name.startswith(("gemini", "opencode", "copilot", "qwen", "cline"))]


def tokcost(sample: samples.Sample, ledger: Path, *words: str) -> str:
    """What a command prints, in a repository where an assistant worked."""
    environ = {"PATH": os.environ["PATH"], **sample.environ, "TOKCOST_HOME": str(ledger), "TZ": "UTC"}
    done = warm.tokcost(*words, cwd=sample.repo, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.few
@pytest.mark.parametrize("name", NAMES)
def test_each_branch_has_what_was_spent_on_it_also_where_the_agent_switched_itself(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    told = json.loads(tokcost(sample, tmp_path / "ledger", "log", "--json"))
    spent = {row["branch"]: row["tokens"] for row in told["branches"] if row["usage"]}
    totals = {branch: tokens.pop("total") for branch, tokens in spent.items()}
    by_branch = {branch: {**tokens, "reasoning": 0} for branch, tokens in spent.items()}
    assert totals == {branch: sum(tokens.values()) for branch, tokens in by_branch.items()}
    wanted = [
        {branch: {**tokens, "reasoning": 0} for branch, tokens in way["held"].items()}
        for way in sample.truth["expected"]["ways"]
    ]
    assert by_branch in wanted
    assert told["unplaced"]["usage"] == 0
    held = sample.truth["expected"]["held"]
    assert {one: sum(tokens[one] for tokens in by_branch.values()) for one in held} == held


@pytest.mark.parametrize("name", [name for name in samples.names() if name.startswith("aider")])
def test_what_an_assistant_estimated_is_on_its_branch_as_near_as_it_is_written(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    told = json.loads(tokcost(sample, tmp_path / "ledger", "log", "--json"))
    (way,) = sample.truth["expected"]["ways"]
    spent = {row["branch"]: row["tokens"] for row in told["branches"] if row["usage"]}
    assert spent.keys() == way["held"].keys()
    for branch, tokens in spent.items():
        for one, least in way["lower"][branch].items():
            assert least <= tokens[one] <= way["upper"][branch][one]
    assert told["unplaced"]["usage"] == 0


def test_the_doctor_says_what_the_logs_that_are_there_tell(tmp_path: Path) -> None:
    shown = tokcost(samples.unpack("opencode-1.18.33/S1-single", tmp_path), tmp_path / "ledger", "doctor")
    lines = [line.split(None, 1)[1] for line in shown.splitlines() if line.startswith("  opencode ")]
    assert lines[0].endswith("opencode.db: a store, 0.3 MB")
    assert lines[1].startswith(
        "logs count input, cache read, cache write 5m, output, reasoning; name the folder of each"
    )
    assert "and no branch; checked with 1.18; billed but not logged: the request for a" in lines[1]
    assert "gemini-cli" in shown
    assert "name the folder of each project" not in shown


def _logs_of_the_others(home: Path, repo: str, at_ms: int) -> None:
    """One response of each assistant that no sample is of, as its source writes it; they say 100 tokens each."""
    steps = {"inputOther": 60, "output": 40, "inputCacheRead": 0, "inputCacheCreation": 0}
    kimi = home / ".kimi-code/sessions/wd_shop_057f5c09ee3f/session_1"
    write(kimi / "agents/main/wire.jsonl", {"type": "usage.record", "model": "m", "usage": steps, "time": at_ms})
    (kimi / "state.json").write_text(json.dumps({"workDir": repo}))
    usage = [{"model": "m", "inputTokens": 60, "outputTokens": 40}]
    told = {"kind": "LlmResponseMetadataEvent", "currentDirectory": repo, "modelUsage": usage}
    event = {"kind": "SessionA2uxEvent", "event": {"agentEvent": told}, "timestampMs": at_ms}
    write(home / ".junie/sessions/session-1/events.jsonl", event)
    turn = {"sessionUpdate": "turn_completed", "prompt_id": "p", "usage": {"modelUsage": {"m": usage[0]}}}
    grok = home / ".grok/sessions/x/s-1"
    write(grok / "updates.jsonl", {"timestamp": at_ms // 1000, "params": {"update": turn}})
    (grok / "summary.json").write_text(json.dumps({"info": {"cwd": repo}}))
    metadata = {"timestamp": at_ms, "model": "m", "usage": usage[0]}
    write(home / ".mux/sessions/ws/chat.jsonl", {"id": "a", "role": "assistant", "metadata": metadata})
    workspaces = {"workspaces": [{"id": "ws", "path": repo}]}
    (home / ".mux/config.json").write_text(json.dumps({"projects": [[repo, workspaces]]}))
    head = {"type": "session", "id": "s", "timestamp": iso(at_ms - 1000), "cwd": repo}
    counts = {"input": 60, "output": 40, "cacheRead": 0, "cacheWrite": 0}
    reply = {"role": "assistant", "model": "m", "usage": counts, "timestamp": at_ms}
    write(home / ".omp/agent/sessions/x/s.jsonl", head, {"type": "message", "id": "e", "message": reply})
    store = StoreOf(home / ".local/share/kilo/kilo.db")
    store.session()
    tokens = {"input": 60, "output": 40, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    store.say("m", message(at_ms, tokens=tokens, path={"cwd": repo, "root": repo}))


def test_what_assistants_without_a_sample_spent_is_on_the_branch_that_was_checked_out(tmp_path: Path) -> None:
    git = GitSandbox(tmp_path / "shop")
    git.commit()
    git.at(1000).switch("-c", "feat/a")
    _logs_of_the_others(tmp_path / "home", str(git.path), (T0 + 2000) * 1000)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "TOKCOST_HOME": str(tmp_path / "ledger")}
    for _ in range(2):
        done = warm.tokcost("log", "--json", cwd=git.path, env=environ)
        told = json.loads(done.stdout)
        (branch,) = (row for row in told["branches"] if row["branch"] == "feat/a")
        spent = {name: of["tokens"]["total"] for name, of in branch["assistants"].items()}
        assert spent == dict.fromkeys(("kimi", "junie", "grok", "mux", "omp", "kilo"), 100)
        assert told["unplaced"]["usage"] == told["skipped"]["records"] == 0
