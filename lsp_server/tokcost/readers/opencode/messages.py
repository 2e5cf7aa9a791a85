"""Messages of opencode, in its database and in the JSON files of versions before 1.2.

`input` excludes cache reads and writes, and each message has its own counts. Forks of opencode, and some of its
versions with some providers, write an input that includes them: a `total` of input and output alone shows that. Whether
`output` includes `reasoning` depends on the version: with a `total` the sum shows it, without one versions below 1.3
include it. The stored cost of those versions charges reasoning twice; it is kept as the reported cost, and never
counted.

A fork copies messages under new ids and leaves everything else unchanged, so a response is identified by its content:
its time, model, agent and counts.
"""

from hashlib import blake2b

import msgspec

from tokcost.model.bounds import MAX_NAME, MAX_PATH, whole
from tokcost.model.usage import MAX_TOKENS, Tokens, Usage
from tokcost.readers.sources.json_file import MOST_BYTES
from tokcost.readers.sources.numbers import nano_dollars
from tokcost.readers.sources.records import decoded

NAME = "opencode"

_OUTPUT_WITHOUT_REASONING = (1, 3)
"""From this version on `output` excludes reasoning, if there is no `total` (AI SDK 6)."""


class _Cache(msgspec.Struct, gc=False):
    read: int | float | None = None
    write: int | float | None = None


class _Counts(msgspec.Struct, gc=False):
    total: int | float | None = None
    input: int | float | None = None
    output: int | float | None = None
    reasoning: int | float | None = None
    cache: _Cache | None = None


class _Time(msgspec.Struct, gc=False):
    created: int | float | None = None
    completed: int | float | None = None


class _Path(msgspec.Struct, gc=False):
    cwd: str | None = None
    root: str | None = None


class _Model(msgspec.Struct, gc=False):
    id: str | None = None
    model_id: str | None = msgspec.field(default=None, name="modelID")
    provider: str | None = msgspec.field(default=None, name="providerID")


class Message(msgspec.Struct, gc=False):
    """The fields of a message that concern usage."""

    id: str | None = None
    session: str | None = msgspec.field(default=None, name="sessionID")
    role: str | None = None
    type: str | None = None
    model_id: str | None = msgspec.field(default=None, name="modelID")
    provider: str | None = msgspec.field(default=None, name="providerID")
    model: _Model | str | None = None
    agent: str | None = None
    mode: str | None = None
    path: _Path | None = None
    time: _Time | None = None
    cost: float | None = None
    tokens: _Counts | None = None


class Session(msgspec.Struct, gc=False):
    """The facts about a session that apply to all its messages."""

    id: str = ""
    directory: str = ""
    version: str = ""
    time: _Time | None = None
    parent: str | None = msgspec.field(default=None, name="parentID")
    """The session whose `task` tool began this one; a fork has none."""

    def began_after(self, created: int) -> bool:
        """Whether a message is older than its session: then a fork copied it."""
        return self.time is not None and (whole(self.time.created) or 0) > created


_message = msgspec.json.Decoder(Message)
_session = msgspec.json.Decoder(Session)


def is_name(text: str) -> bool:
    """Whether a text is a plausible id, so that the remembered state stays small."""
    return 0 < len(text) <= MAX_NAME


def read_message(raw: bytes | str) -> Message | None:
    """A message; `None` if it is damaged."""
    return decoded(_message, raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace"), MOST_BYTES)


def read_session(raw: bytes | str) -> Session | None:
    """A session file; `None` if it is damaged."""
    return decoded(_session, raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace"), MOST_BYTES)


def session_of_row(name: str, directory: str, version: str, created: object, parent: object) -> Session:
    """A session from a row of a store."""
    began = _Time(created if isinstance(created, int) else None)
    return Session(name, directory, version, began, parent if isinstance(parent, str) else None)


def is_response(message: Message) -> bool:
    """Whether a message is a model's response with counts; one that is still streaming has none yet."""
    if "assistant" not in (message.role, message.type) or message.tokens is None:
        return False
    counts, cache = message.tokens, message.tokens.cache or _Cache()
    return any((counts.input, counts.output, counts.reasoning, cache.read, cache.write))


def is_finished(message: Message) -> bool:
    """Whether a message's counts are final."""
    return message.time is not None and bool(message.time.completed)


def completed_ms(message: Message) -> int:
    """The time at which a message was complete, in milliseconds UTC; 0 while it is not."""
    return whole(message.time.completed if message.time else None) or 0


def usage_of(message: Message, session: Session) -> Usage | None:
    """The usage of a response; `None` for impossible or missing values."""
    tokens = _tokens(message.tokens or _Counts(), session.version)
    created = whole(message.time.created if message.time else None)
    if tokens is None or not created or not session.id:
        return None
    model = message.model if isinstance(message.model, _Model) else _Model()
    name = message.model_id or model.model_id or model.id or ""
    provider = message.provider or model.provider or ""
    cwd = (message.path.cwd if message.path else None) or session.directory
    if max(len(name), len(provider)) > MAX_NAME or len(cwd) > MAX_PATH:
        return None
    return Usage(
        NAME,
        _key(message, created, provider, name),
        created,
        name,
        tokens,
        session.id,
        cwd,
        provider=provider,
        copy_rank=2 if session.began_after(created) else 0,
        reported_cost=nano_dollars(message.cost),
        subagent=bool(session.parent),
    )


def _tokens(counts: _Counts, version: str) -> Tokens | None:
    cache = counts.cache or _Cache()
    numbers = [whole(one) for one in (counts.input, cache.read, cache.write, counts.output, counts.reasoning)]
    if any(one is None for one in numbers):
        return None
    read, cached, written, said, thought = (one or 0 for one in numbers)
    if counts.total in (read + said, read + said + thought) and 0 < cached + written <= read:
        shown, read = read + said, read - cached - written  # a total of input and output: the cache is included
    else:
        shown = read + cached + written + said
    if thought and not _contains_reasoning(counts.total, shown, thought, version):
        said += thought
    found = (read, cached, written, 0, said)
    if min(*found, thought) < 0 or max(found) >= MAX_TOKENS:
        return None
    return Tokens(*found, min(thought, said))


def _contains_reasoning(total: float | None, shown: int, reasoning: int, version: str) -> bool:
    if total is not None and total in (shown, shown + reasoning):
        return total == shown
    return _version(version) < _OUTPUT_WITHOUT_REASONING


def _key(message: Message, created: int, provider: str, model: str) -> str:
    counts = message.tokens or _Counts()
    cache = counts.cache or _Cache()
    parts = (created, provider, model, message.agent or message.mode or "", counts.input, counts.output)
    content = "\n".join(map(str, (*parts, counts.reasoning, cache.read, cache.write)))
    return f"opencode:{created}:{blake2b(content.encode('utf-8', 'replace'), digest_size=10).hexdigest()}"


def _version(text: str) -> tuple[int, ...]:
    """Major and minor number; a version that cannot be parsed counts as new."""
    parts = text.split(".")[:2]
    return tuple(int(part) for part in parts) if parts and all(p.isdecimal() and len(p) < 9 for p in parts) else (99,)
