"""Records of Kimi's wire (`wire.jsonl`).

Kimi Code writes a `usage.record` after each step and each compaction: all of them are increments
(`packages/agent-core/src/agent/usage/index.ts`). Its `model` is the user's own name for one; the provider's name is in
the preceding `llm.request`. Its predecessor Kimi CLI writes a `StatusUpdate` after each step, without a model, and
copies the events of sub-agents into the file of their parent (`src/kimi_cli/subagents/runner.py`).

The classes are disjoint (`packages/kosong/src/usage.ts`). For Google's models it uses `candidatesTokenCount` as the
output, which excludes thoughts: their output is a lower bound. A fork copies records with their times.
"""

import os
from collections.abc import Iterator
from hashlib import md5
from typing import Any

import msgspec

from tokcost.model.bounds import MAX_NAME, is_path
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.beside import facts_beside, name_of
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.readers.sources.numbers import count_of, text_in
from tokcost.readers.sources.records import KeptFolder

NAME = "kimi"
_PROVIDERS = {
    "anthropic": "anthropic",
    "google-genai": "google",
    "vertexai": "google",
    "kimi": "moonshotai",
    "openai": "",
    "openai_responses": "openai",
}
"""The providers by Kimi's kinds; `openai` is any compatible one."""
_WITHOUT_THOUGHTS = "google"
_DEEPEST = 8
"""Sub-agents of sub-agents."""


def read_wire(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New responses in the file of one agent. Raises `OSError` if it cannot be read."""
    return _Wire(source.path).read(source, cursor)


class _Wire(JsonlReader):
    """The file of one agent, in one read."""

    name = NAME
    words = (b'"usage.record"', b'"llm.request"', b'"token_usage"', b'"config.update"')

    def __init__(self, path: str) -> None:
        self._session, self._cwd = _place(path)

    def usage(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
        """The response in a record; the model of a request and the agent's folder are remembered for it."""
        if record.get("type") == "llm.request":
            _remember(record, session)
        elif record.get("type") == "config.update":
            _remember_folder(record, session)
        elif record.get("type") == "usage.record":
            return self._of_code(record, session)
        elif "type" not in record:  # the older CLI
            return self._of_cli(record)
        return None

    def _of_code(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
        said, alias, time_ms = record["usage"], text_in(record, "model"), record["time"]
        tokens = Tokens(
            count_of(said, "inputOther"),
            count_of(said, "inputCacheRead"),
            count_of(said, "inputCacheCreation"),
            output=count_of(said, "output"),
        )
        model, provider = session.get("models", {}).get(alias) or (alias, "")
        key = f"kimi:{time_ms}.{alias}.{'.'.join(map(str, tokens[:5]))}"
        if not tokens.total:
            return None  # the provider reported nothing
        return Usage(
            NAME,
            key,
            time_ms,
            model,
            tokens,
            self._session,
            session.get("cwd") or self._cwd,
            provider=provider,
            lower_bound=provider == _WITHOUT_THOUGHTS,
        )

    def _of_cli(self, record: dict[str, Any]) -> Usage | None:
        event: dict[str, Any] = record["message"]
        for _ in range(_DEEPEST):
            payload: dict[str, Any] = event["payload"]
            if event["type"] != "SubagentEvent" or payload.get("agent_id"):
                break  # a sub-agent with an id has a separate file
            event = payload["event"]
        said: dict[str, Any] | None = event["payload"].get("token_usage")
        if event["type"] != "StatusUpdate" or not said:
            return None
        tokens = Tokens(
            count_of(said, "input_other"),
            count_of(said, "input_cache_read"),
            count_of(said, "input_cache_creation"),
            output=count_of(said, "output"),
        )
        time_ms = round(record["timestamp"] * 1000)
        known = event["payload"].get("message_id") or f"{time_ms}.{'.'.join(map(str, tokens[:5]))}"
        if not tokens.total:
            return None
        # The user's own server may give all responses one id; copies keep their time.
        return Usage(NAME, f"kimi:{known}", time_ms, "", tokens, self._session, self._cwd, weak_key=True)


def _remember(record: dict[str, Any], session: dict[str, Any]) -> None:
    model, provider = record["model"], _PROVIDERS.get(record["provider"], "")
    alias = record.get("modelAlias") or model
    if not all(isinstance(one, str) and len(one) <= MAX_NAME and is_path(one) for one in (model, alias)):
        raise ValueError("no model")
    models: dict[str, Any] = session.setdefault("models", {})
    if len(models) < _MOST_MODELS or alias in models:
        models[alias] = (model, provider)


def _remember_folder(record: dict[str, Any], session: dict[str, Any]) -> None:
    """Remember an agent's folder; other changed settings are irrelevant."""
    folder = record.get("cwd")
    if isinstance(folder, str) and os.path.isabs(folder):
        if not is_path(folder):
            raise ValueError("no folder")
        session["cwd"] = folder


_MOST_MODELS = 100


class _WorkFolder(msgspec.Struct, gc=False):
    path: KeptFolder | None = None


class _Folders(msgspec.Struct, gc=False):
    work_dirs: list[_WorkFolder] = []


class _Custom(msgspec.Struct, gc=False):
    cwd: KeptFolder | None = None


class _State(msgspec.Struct, gc=False, rename="camel"):
    work_dir: KeptFolder | None = None
    cwd: KeptFolder | None = None
    custom: _Custom | None = None


_state, _folders = msgspec.json.Decoder(_State), msgspec.json.Decoder(_Folders)


def _place(path: str) -> tuple[str, str]:
    """The session of a file and its initial folder: `SESSION/agents/AGENT/wire.jsonl` of Kimi Code,
    `DIGEST/SESSION[/subagents/AGENT]/wire.jsonl` of the CLI."""
    folder = os.path.dirname(path)
    above, kind = os.path.split(os.path.dirname(folder))
    if kind in ("agents", "subagents"):
        folder = above
    session = name_of(folder)
    if kind == "agents":
        state = facts_beside(os.path.join(folder, "state.json"), _state)
        told = None if state is None else state.work_dir or state.cwd or (state.custom.cwd if state.custom else None)
        return session, told or ""
    digest = os.path.basename(os.path.dirname(folder))
    share = os.path.dirname(os.path.dirname(os.path.dirname(folder)))
    known = facts_beside(os.path.join(share, "kimi.json"), _folders)
    folders = [] if known is None else [one.path for one in known.work_dirs if one.path]
    return session, next((one for one in folders if _digest(one) == digest), "")


def _digest(folder: str) -> str:
    # Kimi names folders by this digest. Some systems permit MD5 only if it does not serve security.
    return md5(folder.encode(errors="replace"), usedforsecurity=False).hexdigest()
