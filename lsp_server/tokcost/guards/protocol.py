"""A guard: the entry in an assistant's settings that asks tokcost about budgets while the assistant works."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Moment = Literal["prompt", "tool"]
"""The moment at which an assistant asks: before a prompt goes to a model, or before a tool runs."""

Extension = Literal["mark", "comment", "comma"]
"""A part of settings that is no standard JSON: a byte order mark, comments, a trailing comma."""

Json = dict[str, Any]


class Verdict(NamedTuple):
    """The state of budgets and rules, for an assistant and the person in front of it."""

    text: str = ""
    """A sentence for the user; empty if all is well."""
    stops: bool = False
    """Whether the run is to be stopped."""


class Entry(NamedTuple):
    """An element that is added to a list in a JSON document."""

    path: tuple[str, ...]
    """The keys that lead to the list."""
    value: Json


class Switch(NamedTuple):
    """A setting by which a user turns hooks of an assistant off."""

    file: str
    """Beside the guard's own file."""
    keys: tuple[str, ...]
    """The keys that lead to the value."""
    off: bool | None
    """The value that turns off all hooks; `None` for a list of those that are off."""


class Guard(NamedTuple):
    """The hooks of one assistant."""

    name: str
    """The name of its reader."""
    title: str
    settings: Callable[[Mapping[str, str]], str]
    """The path of the settings file, for an environment."""
    entries: Callable[[Callable[[Moment], str]], Sequence[Entry]] | None
    """Elements for a document with the assistant's other settings, given the command for each event."""
    whole: Callable[[Callable[[Moment], str]], str] | None
    """Text of a file that belongs to the guard alone. Either this or `entries`."""
    answer: Callable[[Verdict, Moment], Json]
    """The answer that the assistant's hooks read from standard output."""
    stopping: str
    """The effect of a stop: the end of the sentence `Over a budget, …`."""
    afterwards: str = ""
    """A sentence about what the user still has to do."""
    reads: frozenset[Extension] = frozenset()
    """Non-standard JSON that the assistant itself accepts, as verified by running it."""
    switches: tuple[Switch, ...] = ()


SECONDS = 5
"""The assistant's timeout for the hook; tokcost itself gives up after 0.3 s."""
