"""Tasks of the extensions for VS Code: Cline before 4, Roo Code, Kilo Code.

`tasks/TASK/ui_messages.json` has the messages shown to the user, a list that is rewritten completely. A request is a
message with JSON inside its text. Its counts are added while the answer arrives, so it is reported repeatedly, and its
time is that of the request. A task that the user rewound lacks paid requests: Cline records their sum
(`deleted_api_reqs`), of which only the unread part counts.

The recorded prompt differs. Roo Code and Kilo Code record all of it, including the cache; for Anthropic's API, old
versions recorded the uncached part, and then the cache is usually larger than that. Cline records what its class for
the provider made of the answer: the uncached part, except for the providers named below.
"""

import os
from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple

import msgspec

from tokcost.model.bounds import whole
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import NO_TOKENS, Tokens, Usage
from tokcost.readers.cline_family.task_facts import Facts, Model, facts_of
from tokcost.readers.sources.git_commands import before_moves, moves_of_head
from tokcost.readers.sources.json_file import MOST_BYTES, read_whole
from tokcost.readers.sources.numbers import disjoint, nano_dollars
from tokcost.readers.sources.records import KeptName, decoded

_WITH_CACHE = frozenset(
    (
        *("doubao", "fireworks", "hicap", "litellm", "lmstudio", "oca"),
        *("openai", "openai-codex", "qwen", "requesty", "xai", "zai"),
    )
)
"""The providers for which Cline (before 4) records the complete prompt (`src/core/api/providers`)."""
_MISSES = frozenset(("deepseek", "doubao", "fireworks", "hicap", "litellm", "openai", "qwen", "xai"))
"""Those for which it records uncached prompt tokens (`prompt_cache_miss_tokens`) as cache writes."""
_COUNTED_HERE = frozenset(("vscode-lm",))
"""Those for which it counts tokens itself."""

# Older versions add the counts in a second message, `api_req_finished`.
_REQUESTS = frozenset(("api_req_started", "api_req_finished", "subagent_usage"))
_COMMAND = "command"
_LONGEST_COMMAND = 8192
_GONE = "gone"
_MOST_REMEMBERED = 10_000


class _Model(msgspec.Struct, gc=False):
    model: KeptName | None = msgspec.field(default=None, name="modelId")
    provider: KeptName | None = msgspec.field(default=None, name="providerId")


class _Message(msgspec.Struct, gc=False):
    ts: int | float | None = None
    say: str | None = None
    ask: str | None = None
    text: str | None = None
    model: _Model | None = msgspec.field(default=None, name="modelInfo")


class _Request(msgspec.Struct, gc=False):
    read: int | float | None = msgspec.field(default=None, name="tokensIn")
    output: int | float | None = msgspec.field(default=None, name="tokensOut")
    written: int | float | None = msgspec.field(default=None, name="cacheWrites")
    cached: int | float | None = msgspec.field(default=None, name="cacheReads")
    cost: int | float | None = None
    cancelled: str | None = msgspec.field(default=None, name="cancelReason")


class _Told(NamedTuple):
    """A request in the list."""

    time_ms: int
    said: _Request
    model: Model | None
    moves: int
    """The number of moves of HEAD by the commands in the answer."""
    is_of_subagent: bool


_messages = msgspec.json.Decoder(list[msgspec.Raw])
_message = msgspec.json.Decoder(_Message)
_request = msgspec.json.Decoder(_Request)
_remembered = msgspec.json.Decoder(dict[str, list[int]])


def read_task(name: str, source: Source, cursor: bytes | None) -> Batch:
    """All requests of a task of the assistant `name`. The cursor has the counts reported before. Raises `OSError` if
    it cannot be read."""
    content = read_whole(source)
    messages = decoded(_messages, content, MOST_BYTES)
    if messages is None:
        skipped = {"damaged document": 1} if content.strip() else {}
        # The cursor stays: without it, a later sum of deleted requests would count in full.
        return Batch(cursor or b"", skipped=skipped, restarted=True, position=len(content))
    task = _Task(name, source.path, decoded(_remembered, cursor) if cursor else None)
    for raw in messages:
        task.take(raw)
    usage = task.usage()
    return Batch(task.cursor(), usage, skipped=task.skipped, restarted=True, position=len(content))


class _Task:
    """The usage of one task, collected message by message."""

    def __init__(self, name: str, path: str, before: dict[str, list[int]] | None) -> None:
        self.skipped: dict[str, int] = {}
        self._name, self._path = name, path
        self._id = os.path.basename(os.path.dirname(path))
        self._told: list[_Told] = []
        self._deleted: list[_Told] = []
        known = (before or {}).items()
        self._before = {key: Tokens(*counts) for key, counts in known if len(counts) == len(NO_TOKENS)}
        self._found: dict[str, Tokens] = {}
        self._gone = NO_TOKENS

    def take(self, raw: msgspec.Raw) -> None:
        """Read one message."""
        message = decoded(_message, bytes(raw), MOST_BYTES)
        if message is None:
            if b'"api_req_' in bytes(raw):
                self._skip("damaged record")
        elif _COMMAND in (message.say, message.ask):
            self._command((message.text or "")[:_LONGEST_COMMAND])
        elif message.say in _REQUESTS or message.say == "deleted_api_reqs":
            self._request(message, message.text or "")

    def _command(self, text: str) -> None:
        command = text.encode("utf-8", "replace")
        if self._told and (moves := moves_of_head(command, 0, len(command))):
            last = self._told[-1]
            self._told[-1] = last._replace(moves=max(last.moves, moves))  # the message follows when it runs

    def _request(self, message: _Message, text: str) -> None:
        said = decoded(_request, text.encode("utf-8", "replace"))
        time_ms = whole(message.ts)
        if said is None or not time_ms:
            self._skip("damaged record")
            return
        model = message.model and Model(message.model.model or "", message.model.provider or "")
        into = self._deleted if message.say == "deleted_api_reqs" else self._told
        into.append(_Told(time_ms, said, model, 0, message.say == "subagent_usage"))

    def usage(self) -> list[Usage]:
        """One usage for each request that has counts by now, and one for each sum of deleted requests."""
        facts = facts_of(self._path, [one.time_ms for one in self._told])
        found: dict[str, Usage] = {}
        model = Model()
        for at, one in enumerate(self._told):
            model = one.model or facts.models[at]
            usage = self._usage(one, facts, model)
            if usage is not None:
                found.setdefault(usage.key, usage)
        self._found = {usage.key: usage.tokens for usage in found.values()}
        deleted = (self._usage(one, facts, one.model or model) for one in self._deleted)
        return [*found.values(), *self._never_told([one for one in deleted if one is not None])]

    def _never_told(self, deleted: list[Usage]) -> Iterator[Usage]:
        """The usage in sums of deleted requests that was not reported while the requests existed."""
        # As `unlogged` usage it is priced as short prompts: a sum says nothing of the length of each.
        deleted = [one._replace(key=f"{one.key}:deleted", kind="unlogged") for one in deleted]
        known = self._found.keys() | {one.key for one in deleted}
        told = [tokens for key, tokens in self._before.items() if key not in known]
        gone = reduce(Tokens.plus, told, NO_TOKENS)
        for one in deleted:
            left = self._before.get(one.key)
            if left is None:
                left, gone = _without(one.tokens, gone), _without(gone, one.tokens)
            self._found[one.key] = left
            if left.total:
                yield one._replace(tokens=left)
        self._gone = gone

    def _usage(self, one: _Told, facts: Facts, model: Model) -> Usage | None:
        tokens = self._tokens(one.said, model.provider)
        if tokens is None:
            self._skip("usage record with impossible or missing values")
            return None
        if not tokens.total:
            return None
        broken = one.said.cancelled is not None
        usage = Usage(
            self._name,
            f"{self._name}:{self._id}:{one.time_ms}",
            one.time_ms,
            model.name,
            tokens,
            self._id,
            facts.folder,
            provider=model.provider,
            kind="partial" if broken else "response",
            lower_bound=broken,
            estimated=model.provider in _COUNTED_HERE,
            reported_cost=nano_dollars(one.said.cost),
            subagent=one.is_of_subagent,
        )
        return before_moves(usage, one.moves) if one.moves else usage

    def _tokens(self, said: _Request, provider: str) -> Tokens | None:
        read, written, cached = said.read or 0, said.written or 0, said.cached or 0
        has_cache = self._name != "cline" or provider in _WITH_CACHE
        if self._name == "cline" and provider in _MISSES:
            if has_cache:
                written = 0 if written == read - cached else written
            else:
                read, written = read + written, 0
        return disjoint(read, cached, written, said.output, has_cache=has_cache)

    def cursor(self) -> bytes:
        """The counts of all reported and existing requests, and of those that vanished without a sum."""
        known = list(self._found.items())[-_MOST_REMEMBERED:]
        if self._gone.total:
            known.append((_GONE, self._gone))
        return msgspec.json.encode(dict(known))

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def _without(tokens: Tokens, others: Tokens) -> Tokens:
    """The difference of counts, class by class; none is below 0."""
    return Tokens(*(max(0, count - other) for count, other in zip(tokens, others, strict=True)))
