"""The lines of a Claude Code transcript, in the shapes that versions 2.1.80 and 2.1.330 write, and older ones.

Only shapes: what happens in a session, and when, is decided in `sessions.py`. Bytes throughout, because a corpus has
gigabytes of them.
"""

import random
from datetime import UTC, datetime
from typing import NamedTuple

ASSISTANT = (
    b'{"parentUuid":"%(parent)s","isSidechain":%(sidechain)s,%(agent)s"message":{"id":"%(message)s","type":"message",'
    b'"role":"assistant","model":"%(model)s","stop_sequence":null,"content":[%(block)s],"stop_reason":%(stop)s,'
    b'"usage":{"input_tokens":%(input)d,"cache_creation_input_tokens":%(cache_write)d,'
    b'"cache_read_input_tokens":%(cache_read)d,"output_tokens":%(output)d,'
    b'"output_tokens_details":{"thinking_tokens":%(reasoning)d},'
    b'"server_tool_use":{"web_search_requests":0,"web_fetch_requests":0},"service_tier":"standard",'
    b'"cache_creation":{"ephemeral_1h_input_tokens":%(cache_write_1h)d,"ephemeral_5m_input_tokens":%(cache_write_5m)d},'
    b'"inference_geo":"","iterations":[],"speed":"standard","fallback_credit":null},"stop_details":null},'
    b'"apiBlockIndex":%(index)d,"requestId":"%(request)s","requestedModel":"%(model)s","promptCacheRequested":"5m",'
    b'"type":"assistant","uuid":"%(uuid)s","timestamp":"%(time)s","perTurnEffort":null,"madeBy":"model",%(context)s}\n'
)
PROMPT = (
    b'{"parentUuid":null,"isSidechain":%(sidechain)s,%(agent)s"promptId":"%(uuid)s","type":"user",'
    b'"message":{"role":"user","content":"%(text)s"},"uuid":"%(uuid)s","timestamp":"%(time)s",'
    b'"permissionMode":"default","promptSource":"cli","turnOrigin":"cli",%(context)s}\n'
)
TOOL_RESULT = (
    b'{"parentUuid":"%(parent)s","isSidechain":%(sidechain)s,%(agent)s"type":"user","message":{"role":"user",'
    b'"content":[{"tool_use_id":"%(tool)s","type":"tool_result","content":"%(text)s","is_error":false}]},'
    b'"uuid":"%(uuid)s","timestamp":"%(time)s","toolUseResult":{"stdout":"%(text)s","stderr":"","interrupted":false,'
    b'"isImage":false,"noOutputExpected":false},"sandboxed":false,"sourceToolAssistantUUID":"%(parent)s",%(context)s}\n'
)
AGENT_RESULT = (
    b'{"parentUuid":"%(parent)s","isSidechain":false,"type":"user","message":{"role":"user","content":'
    b'[{"tool_use_id":"%(tool)s","type":"tool_result","content":[{"type":"text","text":"%(text)s"}]}]},'
    b'"uuid":"%(uuid)s","timestamp":"%(time)s","toolUseResult":{"status":"completed","agentId":"%(agent_id)s",'
    b'"totalTokens":%(output)d,"totalToolUseCount":7,"usage":{"input_tokens":%(input)d,'
    b'"cache_creation_input_tokens":%(cache_write)d,"cache_read_input_tokens":%(cache_read)d,'
    b'"output_tokens":%(output)d,"service_tier":"standard"}},%(context)s}\n'
)
REMINDER = (
    b'{"parentUuid":"%(parent)s","isSidechain":%(sidechain)s,%(agent)s"attachment":{"type":"total_tokens_reminder",'
    b'"text":"<total_tokens>14988389 tokens left</total_tokens>"},"type":"attachment","uuid":"%(uuid)s",'
    b'"timestamp":"%(time)s","rendered":[{"content":"<system-reminder>\\n<total_tokens>14988389 tokens left'
    b'</total_tokens>\\n</system-reminder>"}],"renderedRole":"system",%(context)s}\n'
)
API_REQUEST = (
    b'{"type":"api-request","sessionId":"%(session)s","id":"%(uuid)s","timestamp":"%(time)s","version":"%(version)s",'
    b'"querySource":"cli","shapeHash":"%(hash)s","params":{"model":"%(model)s","betas":["claude-code-20250219",'
    b'"interleaved-thinking-2025-05-14","context-management-2025-06-27"],"max_tokens":32000,"thinking":'
    b'{"budget_tokens":31999,"type":"enabled","display":"omitted"},"context_management":{"edits":'
    b'[{"type":"clear_thinking_20251015","keep":"all"}]}},"base":"%(uuid)s","keep":5,"tail":["%(hash)s","%(hash)s"],'
    b'"cacheControl":[{"path":["system",0],"value":{"type":"ephemeral"}},{"path":["messages",6,"content",0],'
    b'"value":{"type":"ephemeral"}}],"requestDigest":"%(hash)s"}\n'
)
LAST_PROMPT = b'{"type":"last-prompt","lastPrompt":"%(text)s","leafUuid":"%(uuid)s","sessionId":"%(session)s"}\n'
CONTEXT = (
    b'"userType":"external","entrypoint":"cli","cwd":"%(cwd)s","sessionId":"%(session)s","version":"%(version)s",'
    b'"gitBranch":"%(branch)s"'
)
OLDER_CONTEXT = (
    b'"userType":"external","cwd":"%(cwd)s","sessionId":"%(session)s","version":"%(version)s",'
    b'"gitBranch":"%(branch)s","slug":"gliding-humming-otter"'
)
OLDER = {
    ASSISTANT: (
        b'{"parentUuid":"%(parent)s","isSidechain":%(sidechain)s,%(context)s,%(agent)s"message":'
        b'{"model":"%(model)s","id":"%(message)s","type":"message","role":"assistant","content":[%(block)s],'
        b'"stop_reason":%(stop)s,"stop_sequence":null,"usage":{"input_tokens":%(input)d,'
        b'"cache_creation_input_tokens":%(cache_write)d,"cache_read_input_tokens":%(cache_read)d,"cache_creation":'
        b'{"ephemeral_5m_input_tokens":%(cache_write_5m)d,"ephemeral_1h_input_tokens":%(cache_write_1h)d},'
        b'"output_tokens":%(output)d,"service_tier":"standard"}},"requestId":"%(request)s","type":"assistant",'
        b'"uuid":"%(uuid)s","timestamp":"%(time)s"}\n'
    ),
    PROMPT: (
        b'{"parentUuid":null,"isSidechain":%(sidechain)s,%(context)s,%(agent)s"type":"user","message":'
        b'{"role":"user","content":"%(text)s"},"uuid":"%(uuid)s","timestamp":"%(time)s"}\n'
    ),
    TOOL_RESULT: (
        b'{"parentUuid":"%(parent)s","isSidechain":%(sidechain)s,%(context)s,%(agent)s"type":"user","message":'
        b'{"role":"user","content":[{"tool_use_id":"%(tool)s","type":"tool_result","content":"%(text)s",'
        b'"is_error":false}]},"uuid":"%(uuid)s","timestamp":"%(time)s","toolUseResult":{"stdout":"%(text)s",'
        b'"stderr":"","interrupted":false,"isImage":false}}\n'
    ),
}
"""How versions before 2.1.59 write the same lines: what a line is about comes before its message."""

BLOCKS = {
    "thinking": b'{"type":"thinking","thinking":"%(text)s","signature":"%(hash)s%(hash)s%(hash)s%(hash)s"}',
    "text": b'{"type":"text","text":"%(text)s"}',
    "tool_use": (
        b'{"type":"tool_use","id":"%(tool)s","name":"Bash","input":{"command":"%(text)s","description":"Run it"}}'
    ),
}

WORDS = [
    "return",
    "self",
    "import",
    "value",
    "for",
    "in",
    "if",
    "not",
    "None",
    "range",
    "token",
    "branch",
    "commit",
    "ledger",
    "parse",
    "def",
    "class",
    "rate",
    "cache",
    "const",
    "let",
    "await",
    "async",
    "match",
    "struct",
    "fn",
    "impl",
    "pub",
    "use",
    "mod",
    "état",
    "größe",
    "価格",
    "→",
    "✓",
    "path",
    "file",
    "error",
    "test",
    "assert",
]
ESCAPED_LOOKALIKE = (
    '    {\\"type\\": \\"assistant\\", \\"usage\\": {\\"input_tokens\\": 999, \\"output_tokens\\": 999}},'
)
"""What a transcript shows when somebody reads transcripts: usage inside a text, which nobody may count."""


class Identifiers:
    """Seeded ids, in the lengths that the assistant and the API use."""

    def __init__(self, rng: random.Random) -> None:
        self._bits = rng.getrandbits

    def uuid(self) -> bytes:
        """A random UUID, as session ids and line ids are."""
        digits = b"%032x" % self._bits(128)
        return b"-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def prefixed(self, prefix: bytes) -> bytes:
        """An id of the API: `msg_`, `req_` or `toolu_` and 24 digits."""
        return prefix + b"01%022x" % self._bits(88)

    def digest(self) -> bytes:
        """64 hexadecimal digits."""
        return b"%064x" % self._bits(256)


class Texts:
    """Pieces of program-like text, already escaped for JSON, cut from one pool at line ends."""

    def __init__(self, rng: random.Random, lines: int = 40_000) -> None:
        self._rng = rng
        pool = [self._line(number).encode() for number in range(lines)]
        self._pool = b"".join(pool)
        self._starts = [0]
        for line in pool:
            self._starts.append(self._starts[-1] + len(line))
        self._mean = len(self._pool) / lines

    def _line(self, number: int) -> str:
        if number % 997 == 0:
            return ESCAPED_LOOKALIKE + "\\n"
        words = self._rng.choices(WORDS, k=self._rng.randint(2, 13))
        quoted = '\\"' + words[0] + '\\"' if number % 5 == 0 else words[0]
        return "  " * self._rng.randint(0, 5) + " ".join([quoted, *words[1:]]) + "\\n"

    def piece(self, size: int) -> bytes:
        """About `size` bytes, at least one line."""
        count = min(max(1, round(size / self._mean)), len(self._starts) - 2)
        first = self._rng.randrange(len(self._starts) - 1 - count)
        return self._pool[self._starts[first] : self._starts[first + count]]


class Cumulative(NamedTuple):
    """A session's running total of one model, as its `cost-state` record says it."""

    model: str
    tokens: dict[str, int]


def timestamp(time_ms: int) -> bytes:
    """RFC 3339 with milliseconds, as the assistant writes times."""
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return b"%sZ" % moment.isoformat(timespec="milliseconds").removesuffix("+00:00").encode()


def cost_state(session: bytes, started_ms: int, totals: list[Cumulative]) -> bytes:
    """The record of a session's own totals that newer versions append (its dollar amounts are left at zero)."""
    models = b",".join(
        b'"%s":{"inputTokens":%d,"outputTokens":%d,"thinkingTokens":%d,"cacheReadInputTokens":%d,'
        b'"cacheCreationInputTokens":%d,"cacheCreationEphemeral5mInputTokens":%d,'
        b'"cacheCreationEphemeral1hInputTokens":%d,"webSearchRequests":0,"costUSD":0}'
        % (
            total.model.encode(),
            total.tokens["input"],
            total.tokens["output"],
            total.tokens["reasoning"],
            total.tokens["cache_read"],
            total.tokens["cache_write_5m"] + total.tokens["cache_write_1h"],
            total.tokens["cache_write_5m"],
            total.tokens["cache_write_1h"],
        )
        for total in totals
    )
    return (
        b'{"type":"cost-state","sessionId":"%s","totalCostUSD":0,"totalAPIDuration":466,"totalToolDuration":46,'
        b'"totalLinesAdded":0,"totalLinesRemoved":0,"totalDuration":993,"startTime":%d,"modelUsage":{%s},'
        b'"hasUnknownModelCost":false}\n' % (session, started_ms, models)
    )
