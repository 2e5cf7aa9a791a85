"""Threads of Amp.

Each response has its own counts, in disjoint classes (`totalInputTokens` is the sum of the three prompt classes). Older
threads also have them in `usageLedger`, with the time and without the cache; an event there names the message that it
counts. For models of OpenAI, which does not charge for cache writes, the complete uncached prompt is recorded as
written. The folder and the branch are those of the thread's beginning. Credits are no dollars, and are not recorded.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from tokcost.model.bounds import count
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.file_uri import local_path
from tokcost.readers.sources.records import milliseconds

NAME = "amp"
_HEADS = "refs/heads/"


def usages_of(thread: dict[str, Any], file: str) -> Iterator[Usage]:
    """The responses of a thread, which is named after its file if it has no id. Raises `KeyError` if it is none."""
    thread = {**thread, "id": thread["id"] or file}
    counted: set[str] = set()
    named = list(_named(_list(thread.get("messages"))))
    messages = dict(named)
    for event in _list(_dict(thread.get("usageLedger")).get("events")):
        name = str(event.get("toMessageId") or "")
        message = messages.get(name)
        # Several events may name one message, whose counts belong to one of them.
        is_first = message is not None and name not in counted
        counted.add(name)
        said = message["usage"] if message is not None and is_first else _of_ledger(_dict(event.get("tokens")))
        key = name if is_first else f"{name}.{event.get('id') or event.get('timestamp')}"
        model = event.get("model") or said.get("model")
        yield from _usage(thread, key, event.get("timestamp"), model, said)
    for name, message in named:
        if name not in counted and message.get("role") == "assistant":
            said = message["usage"]
            yield from _usage(thread, name, None, said.get("model"), said)


def _named(messages: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The messages with counts. A message without an id is identified by its position: a thread grows at its end."""
    for place, one in enumerate(messages):
        if _dict(one.get("usage")):
            name = one.get("messageId")
            yield f"at {place}" if name is None else str(name), one


def _dict(found: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _list(found: Any) -> list[dict[str, Any]]:
    return [_dict(one) for one in cast("list[Any]", found)] if isinstance(found, list) else []


def _of_ledger(tokens: dict[str, Any]) -> dict[str, Any]:
    return {**tokens, "inputTokens": tokens.get("input"), "outputTokens": tokens.get("output")}


def _usage(thread: dict[str, Any], key: str, time: Any, model: Any, said: dict[str, Any]) -> Iterator[Usage]:
    """The usage of a response, nothing without counts. Its time is its own, else that of another record of it."""
    own = said.get("timestamp")
    names = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens")
    fresh, cached, written, output = (_count(said.get(name)) for name in names)
    model = str(model or "")
    if model.startswith("gpt-"):
        # The mark of an invalid count, -1, must not vanish in a sum.
        fresh, written = (fresh + written if min(fresh, written) >= 0 else -1), 0
    if not any((fresh, cached, written, output)):
        return
    initial = _dict(_dict(thread.get("env")).get("initial"))
    tree: dict[str, Any] = next(iter(_list(initial.get("trees"))), dict[str, Any]())
    ref = str(_dict(tree.get("repository")).get("ref") or "")
    yield Usage(
        NAME,
        f"amp:{thread['id']}:{key}",
        _first_time(own, time) if own or time else thread["created"],
        model,
        Tokens(fresh, cached, written, output=output),
        str(thread["id"]),
        local_path(str(tree.get("uri") or "")),
        ref.removeprefix(_HEADS) if not ref.startswith("refs/") or ref.startswith(_HEADS) else "",
        branch_stale=True,
        # A message that was edited is answered anew under the id that the answer before had.
        weak_key=bool(own),
    )


def _count(number: Any) -> int:
    """A count; an invalid one is -1, which exceeds the bounds, so that the record is dropped and counted, but not its
    thread."""
    try:
        return count(number)
    except ValueError:
        return -1


def _first_time(*told: Any) -> int:
    """The first of these that is a time; 0, which is no valid time, if none is."""
    for time in told:
        try:
            return milliseconds(datetime.fromisoformat(time))
        except (TypeError, ValueError):
            continue
    return 0
