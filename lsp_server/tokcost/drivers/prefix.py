"""Compares each prompt with the previous ones of its conversation: which part had been in the cache and was not read
from it, and why.

docs/drivers.md has the rules in words, with their errors and sources. A conversation is a session, or a sub-agent of
it. Each model has a separate cache in it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tokcost.model.drivers import Cause

SHORT_MS, LONG_MS = 5 * 60_000, 60 * 60_000
"""The lifetimes of Anthropic's caches, counted from the last use
(platform.claude.com/docs/en/build-with-claude/prompt-caching). Caches that a provider manages automatically count as
short: OpenAI drops them after 5 to 10 minutes without use (developers.openai.com/docs/guides/prompt-caching)."""

_SLOW = ("deepseek",)
"""Models whose provider keeps unused caches for hours (api-docs.deepseek.com/guides/kv_cache)."""

_LOOKS_AHEAD = 200
"""Requests of one model within which an older prompt has to recur."""


class Prompt(NamedTuple):
    """The prompt of one request."""

    model: str
    time_ms: int
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int

    @property
    def tokens(self) -> int:
        """The complete prompt."""
        return self.input + self.cache_read + self.written

    @property
    def written(self) -> int:
        """The part that was written to a cache."""
        return self.cache_write_5m + self.cache_write_1h


class Lost(NamedTuple):
    """A part of a prompt that had been in the cache, and was written to it again or sent as plain input."""

    tokens: int
    cause: Cause
    pause_ms: int
    """The time since the conversation's last request."""
    long: bool = False
    """Whether it was in a one-hour cache."""


class _Cached(NamedTuple):
    """The beginning of the conversation in one model's cache."""

    tokens: int
    long: int
    """The part with a lifetime of one hour; it comes first, as the provider requires."""
    time_ms: int


def losses(prompts: Sequence[Prompt]) -> list[tuple[Lost, ...]]:
    """For each prompt of a conversation, oldest first, the parts that had been cached and were not read, in the
    order of the prompt, directly after the part that was read."""
    found = _Conversation(prompts)
    return [found.next(at, prompt) for at, prompt in enumerate(prompts)]


class _Conversation:
    """The caches of a conversation after each request."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self._prompts = prompts
        self._cached: dict[str, _Cached] = {}
        self._last_model = ""
        self._last_tokens = 0
        self._last_ms = 0

    def next(self, at: int, prompt: Prompt) -> tuple[Lost, ...]:
        """The losses of the next prompt."""
        if not prompt.tokens:
            return ()  # a reply that broke off before anything was counted says nothing about a cache
        own = self._cached.get(prompt.model)
        if own is not None and own.tokens == prompt.cache_read and prompt.model == self._last_model:
            # Nearly all requests read exactly what the previous one left in the cache.
            cached = own.tokens + prompt.written
            self._cached[prompt.model] = _Cached(cached, own.long + prompt.cache_write_1h, prompt.time_ms)
            self._last_tokens, self._last_ms = cached, prompt.time_ms
            return ()
        # Nothing is remembered of a side request: it uses only the beginning of the prompt, and the rest of the
        # conversation's cache ages meanwhile.
        if own is not None and own.tokens >= 2 * prompt.tokens and self._is_aside(at, prompt, own.tokens):
            return ()
        found = self._losses(own, prompt)
        self._remember(own, prompt)
        # A small call of another model stands beside the conversation and does not take it over.
        if prompt.model == self._last_model or self._last_tokens < 2 * prompt.tokens:
            self._last_model, self._last_tokens = prompt.model, self._cached[prompt.model].tokens
            self._last_ms = prompt.time_ms
        return found

    def _losses(self, own: _Cached | None, prompt: Prompt) -> tuple[Lost, ...]:
        read, fresh = prompt.cache_read, prompt.written or prompt.input
        found: list[Lost] = []
        if own is not None and own.tokens > read and fresh:
            count = min(own.tokens - read, fresh)
            found += self._own_losses(own, prompt, count)
            fresh -= count
        begin = max(read, own.tokens if own is not None else 0)
        has_changed = self._last_model not in ("", prompt.model) and self._last_tokens < 2 * prompt.tokens
        if has_changed and self._last_tokens > begin and fresh:
            found.append(Lost(min(self._last_tokens - begin, fresh), "model_switch", prompt.time_ms - self._last_ms))
        return tuple(found)

    def _own_losses(self, own: _Cached, prompt: Prompt, count: int) -> list[Lost]:
        """The losses of this model's own cache: parts with a lifetime of one hour come first."""
        of_long = max(0, min(own.long, prompt.cache_read + count) - prompt.cache_read)
        parts = [(of_long, LONG_MS, True), (count - of_long, _life(prompt.model), False)]
        return [Lost(part, *self._cause(own, prompt, life), is_long) for part, life, is_long in parts if part]

    def _cause(self, own: _Cached, prompt: Prompt, life_ms: int) -> tuple[Cause, int]:
        # The pause of the conversation, which may have gone on with another model: then this cache expired because of
        # the switch (below) and not because nobody worked.
        pause = prompt.time_ms - max(own.time_ms, self._last_ms)
        if own.tokens >= 2 * prompt.tokens:
            return "compaction", pause
        if pause > life_ms:
            return "pause", pause
        if self._last_model != prompt.model and prompt.time_ms - own.time_ms > life_ms:
            return "model_switch", pause
        # Shorter by less than a tenth, it began differently: a real log has a prompt that is 0.5 % shorter because of
        # another set of tools.
        return ("compaction" if own.tokens * 9 >= prompt.tokens * 10 else "other"), pause

    def _remember(self, own: _Cached | None, prompt: Prompt) -> None:
        cached = prompt.cache_read + prompt.written
        long = (min(own.long, prompt.cache_read) if own is not None else 0) + prompt.cache_write_1h
        if own is not None and own.tokens < 2 * prompt.tokens:
            # What was cached once stays part of the conversation, whether or not this request was served from the
            # cache.
            kept = min(own.tokens, prompt.tokens)
            if kept > cached:
                cached, long = kept, min(own.long, kept)
        self._cached[prompt.model] = _Cached(cached, long, prompt.time_ms)

    def _is_aside(self, at: int, prompt: Prompt, cached: int) -> bool:
        """Whether a much shorter prompt is a side request (a side question, an agent in the same log) and not the
        conversation's new beginning.

        In that case a later request suddenly has the conversation's earlier length, and reads its cache or writes it
        anew. A conversation that grows again does so step by step; since some steps are missing in the log, the later
        request has to read a quarter more than the longest prompt since, or be twice as long.
        """
        most = prompt.tokens
        later = (one for one in self._prompts[at + 1 : at + 1 + _LOOKS_AHEAD] if one.model == prompt.model)
        for one in later:
            if one.tokens >= cached and (one.cache_read >= max(cached, most * 5 // 4) or one.tokens >= 2 * most):
                return True
            most = max(most, one.tokens)
        return False


def _life(model: str) -> int:
    return LONG_MS if model.rpartition("/")[2].lower().startswith(_SLOW) else SHORT_MS
