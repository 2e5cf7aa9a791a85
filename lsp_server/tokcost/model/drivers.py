"""The drivers of a list cost: its parts by the reason for which they were paid. docs/drivers.md explains each."""

from collections import Counter
from typing import Literal, NamedTuple, get_args

Driver = Literal[
    "new_input",
    "cache_written",
    "cache_rewritten_after_pause",
    "cache_rewritten_after_model_switch",
    "cache_rewritten_after_compaction",
    "cache_rewritten_other",
    "cache_read",
    "visible_output",
    "reasoning",
    "long_context_surcharge",
    "fast_surcharge",
    "priority_surcharge",
    "residency_surcharge",
    "web_searches",
    "request_fees",
    "estimated_counts",
    "not_known",
]

DRIVERS: tuple[Driver, ...] = get_args(Driver)

Cause = Literal["pause", "model_switch", "compaction", "other"]
"""The reasons why a prompt that had been in the cache was not read from it.

- `pause`: the conversation rested for longer than the cache lives.
- `model_switch`: another model had the conversation before; caches belong to one model.
- `compaction`: the conversation was shortened (compacted, cleared, rewound), so that its beginning is another one.
- `other`: none of these; the beginning of the prompt changed, or the provider dropped it.
"""

CAUSES: dict[Cause, Driver] = {
    "pause": "cache_rewritten_after_pause",
    "model_switch": "cache_rewritten_after_model_switch",
    "compaction": "cache_rewritten_after_compaction",
    "other": "cache_rewritten_other",
}

Share = Literal["subagents", "compaction_and_titles", "broken_and_refused"]
SHARES: tuple[Share, ...] = get_args(Share)
"""Parts of the list cost that cut across the drivers: each of their requests has drivers of its own."""


class Series(NamedTuple):
    """The facts that all requests of one model share if they were served in the same way and priced by the same
    cards."""

    assistant: str
    model: str
    provider: str
    kind: str
    speed: str
    tier: str
    geo: str
    price_state: str
    price: str | None
    """Id of the rate cards."""


class Request(NamedTuple):
    """One usage in its conversation. `session`, `source` and `series` are row ids."""

    session: int
    source: int
    """The log of a sub-agent, -1 for sub-agents in a session's own log; 0 for the conversation itself."""
    time_ms: int
    series: int
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    web_searches: int
    list_cost: int | None
    """Nano-dollars; `None` if unpriced."""
    lower_bound: int
    estimated: int
    """Whether its counts are estimated."""
    is_compaction: int
    """Whether it compacted a conversation, as far as its log records that."""
    counted: int
    """Whether it is part of the answer; other requests are only compared with."""

    @property
    def tokens(self) -> int:
        """All five classes together."""
        return self.prompt + self.output

    @property
    def prompt(self) -> int:
        """All tokens sent to the model."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


class Part(NamedTuple):
    """A part of a sum. The list cost is in nano-dollars."""

    list_cost: int = 0
    tokens: int = 0
    requests: int = 0
    lower_bound: int = 0
    """Requests whose output, which is or would be in it, is only a lower bound; so is the list cost then."""
    estimated: int = 0
    """Requests in it with estimated counts."""


NOTHING = Part()


class Repriced(NamedTuple):
    """The list cost of the same tokens under another condition."""

    name: str
    """The model, or `batch`, `one-hour-cache`, `cheapest-of-family`."""
    list_cost: int
    compared: int
    """The actual list cost of the requests that could be repriced. Nano-dollars, as is `list_cost`."""
    requests: int
    without_price: int
    """Requests that are left out because they have no known price under that condition."""
    otherwise_served: int = 0
    """Requests repriced at the standard price, because the other model has no price for their service level."""
    models: tuple[tuple[str, str], ...] = ()
    """For each model in use, the model that repriced it, if that differs by model."""
    lower_bound: int = 0
    """Requests in it whose output is only a lower bound."""
    estimated: int = 0
    """Requests in it with estimated counts."""

    def plus(self, other: "Repriced") -> "Repriced":
        """The sum of both, under this one's name."""
        return Repriced(
            self.name,
            self.list_cost + other.list_cost,
            self.compared + other.compared,
            self.requests + other.requests,
            self.without_price + other.without_price,
            self.otherwise_served + other.otherwise_served,
            lower_bound=self.lower_bound + other.lower_bound,
            estimated=self.estimated + other.estimated,
        )


class Explanation:
    """A list cost by its drivers. The tokens of the drivers add up as their list cost does: surcharges have no
    tokens of their own."""

    def __init__(self) -> None:
        self.drivers: dict[Driver, Part] = dict.fromkeys(DRIVERS, NOTHING)
        self.shares: dict[Share, Part] = dict.fromkeys(SHARES, NOTHING)
        self.total = NOTHING
        """Usage with a price; its drivers add up to it."""
        self.unpriced = NOTHING
        self.pauses: Counter[int] = Counter()
        """Requests that wrote a cache again after a pause, by whole minutes of the pause."""
        self.closest_price = NOTHING
        """The part at the closest known price."""
        self.as_other: list[Repriced] = []

    @property
    def closes(self) -> bool:
        """Whether the drivers add up to the total, to the last nano-dollar and token."""
        parts = self.drivers.values()
        sums = sum(part.list_cost for part in parts), sum(part.tokens for part in parts)
        return sums == self.total[:2]


class ScopedExplanation(NamedTuple):
    """An explanation, and its scope. Times are milliseconds UTC, the end excluded."""

    repository: str | None
    """The root of the repository; `None` for all repositories."""
    branch: str | None
    session: str | None
    """The complete session id."""
    since_ms: int | None
    until_ms: int | None
    explanation: Explanation
    notes: list[str]

    @property
    def scope(self) -> str:
        """The scope in words."""
        parts = [f"branch {self.branch}"] if self.branch is not None else []
        parts += [f"session {self.session}"] if self.session is not None else []
        if not parts:
            parts = ["this repository" if self.repository is not None else "all repositories"]
        return ", ".join(parts)
