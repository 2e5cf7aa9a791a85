"""P2 from the side of the logs: of all texts that a real assistant wrote, only names and ids ever leave its reader.

Every kind of text in the logs of real assistants is replaced by a marked word, one after the other; what the reader
then hands over, and what it asks the ledger to remember of a log, must not hold the word. A kind that is needed stands
in the list below: an id, a folder, a branch, a model, a provider. Nothing that people or models said is among them.
Where there is no recording of a real run, homes are written with words wherever such logs have them.
"""

from collections import defaultdict
from pathlib import Path

import pytest

from privacy.homes import HOMES
from privacy.tainting import CANARY, Home, Way, told
from support import samples
from tokcost.readers.registry import readers

NEEDED = {
    "claude-code": {
        "cwd", "gitBranch", "message.id", "message.model", "requestId", "sessionId",
    },
    "cline": {
        "cwd", "messages.*.id", "messages.*.modelInfo.id", "messages.*.modelInfo.provider", "metadata.git.branch",
        "sessionId",
    },
    "codex": {
        "payload.cwd", "payload.git.branch", "payload.id", "payload.model", "payload.rate_limits.limit_id",
        "payload.response_id", "payload.thread_id", "payload.thread_settings.model",
        "payload.thread_settings.model_provider_id", "payload.turn_id",
    },
    "copilot-cli": {
        "assistant_usage_events.session_id", "data.context.branch", "data.context.cwd", "data.usage.model",
    },
    "gemini-cli": {
        "$set.sessionId", "id", "model", "projectHash", "sessionId",
    },
    "opencode": {
        "message.data.modelID", "message.data.path.cwd", "message.data.providerID", "message.session_id",
    },
    "qwen-code": {
        "cwd", "gitBranch", "sessionId", "systemPayload.uiEvent.model", "systemPayload.uiEvent.response_id",
    },
    "kimi": {"model", "modelAlias", "workDir"},
    "junie": {"event.agentEvent.currentDirectory", "event.agentEvent.modelUsage.*.model"},
    "grok": {"info.cwd", "params.update.prompt_id"},
    "amp": {
        "env.initial.trees.*.repository.ref", "id", "messages.*.usage.model", "usageLedger.events.*.id",
        "usageLedger.events.*.model",
    },
    "pi": {"cwd", "id", "message.model", "message.provider", "message.responseId"},
    "goose": {
        "sessions.provider_name", "sessions.working_dir", "usage_ledger.model", "usage_ledger.session_id",
    },
    "copilot-chat": {
        "spans.chat_session_id", "spans.provider_name", "spans.response_model", "spans.span_id",
    },
}  # fmt: skip
"""Kinds of text that come out of each reader, by the way to them in a record."""

SAMPLES = defaultdict[str, list[str]](list)
for _name in samples.exact_names():
    SAMPLES[_name.partition("-")[0]].append(_name)


@pytest.mark.slow
@pytest.mark.parametrize("assistant", sorted(SAMPLES))
def test_of_a_real_assistants_texts_only_names_and_ids_leave_the_reader(assistant: str, tmp_path: Path) -> None:
    found, tried = defaultdict[str, set[str]](set), defaultdict[str, set[Way]](set)
    for name in SAMPLES[assistant]:
        sample = samples.unpack(name, tmp_path)
        home = Home(sample.home)
        used = [one for one in readers() if any(list(one.discover(at)) for at in one.locations(sample.environ))]
        for way in sorted(home.ways()):
            new = [reader for reader in used if way not in tried[reader.name]]
            if not new:
                continue
            home.put(way)
            for reader in new:
                tried[reader.name].add(way)
                if CANARY in told(reader, sample.environ):
                    found[reader.name].add(".".join(way))
            home.restore()
    assert sum(map(len, tried.values())) > 30
    assert found == {name: NEEDED[name] for name in found}
    assert found


@pytest.mark.parametrize("assistant", HOMES)
def test_of_a_written_homes_texts_only_names_and_ids_leave_the_reader(assistant: str, tmp_path: Path) -> None:
    HOMES[assistant](tmp_path)
    environ, home = {"HOME": str(tmp_path)}, Home(tmp_path)
    (reader,) = [one for one in readers() if one.name == assistant]
    found: set[str] = set()
    for way in sorted(home.ways()):
        home.put(way)
        found |= {".".join(way)} if CANARY in told(reader, environ) else set()
        home.restore()
    assert "time_ms=" in told(reader, environ), "nothing was read"
    assert found == NEEDED[assistant]
