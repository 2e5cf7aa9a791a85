"""What happens in a session: prompts, responses of one to 24 lines, tool results, sub-agents. Seeded."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import claude_lines as lines

CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
MODELS = ("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5")
VERSIONS = {
    "recent": ("2.1.330", "2.1.330", "2.1.330", "2.1.80"),
    "older": ("2.1.20", "2.1.20", "2.1.20", "2.1.4"),
}
"""By kind of corpus. 2.1.330 repeats the final counts in every line of a response. 2.1.80 writes a placeholder of the
output count, without a `stop_reason`, until the last line. 2.1.4 does so too, but every second response never gets to
its final count; with 2.1.20 none does."""
LINES_PER_RESPONSE = (1, 2, 3, 4, 6, 9, 24)
LINES_WEIGHTS = (45, 27, 15, 7, 4, 1.6, 0.4)
"""2.2 lines on average."""
PLACEHOLDER = 2
"""Output tokens that a line says before the count is final."""
LONGEST_RESPONSE_MS = 180_000
"""No response is written across a switch of branches: whose it was would be a matter of opinion."""

Tokens = dict[str, int]
Bill = Callable[[int, str, Tokens], None]
"""Called once for each billed response with its time, model and tokens."""


def no_tokens() -> Tokens:
    """A zero of every class."""
    return dict.fromkeys(CLASSES, 0)


@dataclass
class Session:
    """One transcript file in the making."""

    rng: random.Random
    ids: lines.Identifiers
    texts: lines.Texts
    cwd: str
    branch_at: Callable[[int], str]
    bill: Bill
    session: bytes
    version: str
    time_ms: int
    agent_id: bytes = b""
    parent: bytes = b"00000000-0000-4000-8000-000000000000"
    cached: int = 18_000
    """Length of the conversation so far, in tokens: what the next response reads from the cache."""
    totals: dict[str, Tokens] = field(default_factory=dict[str, Tokens])

    def exchange(self) -> Iterator[bytes]:
        """One response with what surrounds it; one in six answers a new prompt."""
        self.time_ms += self.rng.randint(2_000, 45_000)
        if self.branch_at(self.time_ms) != self.branch_at(self.time_ms + LONGEST_RESPONSE_MS):
            self.time_ms += LONGEST_RESPONSE_MS
        if self.rng.random() < 1 / 6:
            text = self.texts.piece(self.rng.randint(60, 3_000))
            yield self._line(lines.PROMPT, {b"text": text})
            if not self.agent_id:
                last = {b"text": text[:160].rsplit(b"\\n", 1)[0], b"uuid": self.parent, b"session": self.session}
                yield lines.LAST_PROMPT % last
        model = self.rng.choices(MODELS, (3, 5, 2))[0]
        if self.version == "2.1.330":
            yield self._line(lines.REMINDER, {})
            yield self._line(lines.API_REQUEST, {b"model": model.encode(), b"hash": self.ids.digest()})
        tools: list[bytes] = []
        yield from self._response(model, self._tokens(), tools)
        for tool in tools:
            self.time_ms += self.rng.randint(20, 3_000)
            size = min(29_000, max(300, int(self.rng.lognormvariate(8.35, 1.05))))
            yield self._line(lines.TOOL_RESULT, {b"tool": tool, b"text": self.texts.piece(size)})

    def agent_result(self, agent: "Session", tokens: Tokens) -> bytes:
        """The line in which a sub-agent's last usage is repeated, which nobody may count again."""
        self.time_ms = max(self.time_ms, agent.time_ms)
        figures = {name.encode(): count for name, count in tokens.items()}
        figures[b"cache_write"] = tokens["cache_write_5m"] + tokens["cache_write_1h"]
        reply = {b"tool": self.ids.prefixed(b"toolu_"), b"text": self.texts.piece(1500), b"agent_id": agent.agent_id}
        return self._line(lines.AGENT_RESULT, figures | reply)

    def closing(self, started_ms: int) -> bytes:
        """The session's own total, where the version writes one."""
        if self.version != "2.1.330":
            return b""
        totals = [lines.Cumulative(model, tokens) for model, tokens in sorted(self.totals.items())]
        return lines.cost_state(self.session, started_ms, totals)

    def _tokens(self) -> Tokens:
        rng = self.rng
        write = int(rng.lognormvariate(7.2, 1.1))
        in_hour = write if rng.random() < 0.3 else 0
        output = max(3, int(rng.lognormvariate(5.6, 1.0)))
        read, self.cached = self.cached, self.cached + write + output
        if self.cached > 170_000:
            self.cached = 18_000
        return {
            "input": rng.randint(1, 12),
            "cache_read": read,
            "cache_write_5m": write - in_hour,
            "cache_write_1h": in_hour,
            "output": output,
            "reasoning": output // 3 if rng.random() < 0.5 and not self._is_older else 0,
        }

    def _response(self, model: str, tokens: Tokens, tools: list[bytes]) -> Iterator[bytes]:
        count = self.rng.choices(LINES_PER_RESPONSE, LINES_WEIGHTS)[0]
        first_final = self._first_final(count)
        shared = {name.encode(): amount for name, amount in tokens.items()} | {
            b"cache_write": tokens["cache_write_5m"] + tokens["cache_write_1h"],
            b"message": self.ids.prefixed(b"msg_"),
            b"request": self.ids.prefixed(b"req_"),
            b"model": model.encode(),
        }
        billed_at = 0
        for index in range(count):
            self.time_ms += self.rng.randint(80, 4_000)
            billed_at = billed_at or self.time_ms
            final = index >= first_final
            stop = b'"tool_use"' if final else b"null"
            placeholder = {} if final else {b"output": min(tokens["output"], PLACEHOLDER), b"reasoning": 0}
            block = self._block(index, count, tools)
            yield self._line(lines.ASSISTANT, shared | placeholder | {b"index": index, b"stop": stop, b"block": block})
        if first_final >= count:
            tokens = tokens | {"output": min(tokens["output"], PLACEHOLDER)}
        self._count(billed_at, model, tokens)

    @property
    def _is_older(self) -> bool:
        return self.version in VERSIONS["older"]

    def _first_final(self, count: int) -> int:
        """The first of `count` lines that has the final output and a `stop_reason`; `count` when none has."""
        if self.version == "2.1.330":
            return 0
        if self.version == "2.1.80" or (self.version == "2.1.4" and self.rng.random() < 0.5):
            return count - 1
        return count

    def _block(self, index: int, count: int, tools: list[bytes]) -> bytes:
        kind = "tool_use" if index == count - 1 or index > 3 else ("thinking", "text", "tool_use", "tool_use")[index]
        tool = self.ids.prefixed(b"toolu_")
        if kind == "tool_use":
            tools.append(tool)
        size = min(12_000, int(self.rng.lognormvariate(6.2, 1.2)))
        return lines.BLOCKS[kind] % {b"tool": tool, b"text": self.texts.piece(size), b"hash": self.ids.digest()}

    def _count(self, time_ms: int, model: str, tokens: Tokens) -> None:
        total = self.totals.setdefault(model, no_tokens())
        for name in CLASSES:
            total[name] += tokens[name]
        self.bill(time_ms, model, tokens)

    def _line(self, template: bytes, fields: dict[bytes, bytes | int]) -> bytes:
        place: dict[bytes, bytes | int] = {
            b"cwd": self.cwd.encode(),
            b"session": self.session,
            b"version": self.version.encode(),
            b"branch": self.branch_at(self.time_ms).encode(),
        }
        uuid = self.ids.uuid()
        context = lines.OLDER_CONTEXT if self._is_older else lines.CONTEXT
        common: dict[bytes, bytes | int] = {
            b"parent": self.parent,
            b"uuid": uuid,
            b"time": lines.timestamp(self.time_ms),
            b"sidechain": b"true" if self.agent_id else b"false",
            b"agent": b'"agentId":"%s",' % self.agent_id if self.agent_id else b"",
            b"context": context % place,
        }
        self.parent = uuid
        if self._is_older:
            template = lines.OLDER.get(template, template)
        return template % (place | common | fields)
