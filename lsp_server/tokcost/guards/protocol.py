"""A guard: the entry in an assistant's own settings that asks tokcost about budgets while it works."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Moment = Literal["prompt", "tool"]
"""The moment at which an assistant asks: before a prompt goes to a model, or before a tool runs."""

Extension = Literal["mark", "comment", "comma"]
"""A part of settings that JSON does not have: a mark of the byte order, comments, a comma behind the last element."""

Json = dict[str, Any]


class Verdict(NamedTuple):
    """The state of budgets and rules, for an assistant and the person in front of it."""

    text: str = ""
    """A sentence for the person; empty where all is well."""
    stops: bool = False
    """Whether the run is to be stopped."""


class Entry(NamedTuple):
    """An element that is added to a list in a JSON document."""

    path: tuple[str, ...]
    """The keys that lead to the list."""
    value: Json


class Guard(NamedTuple):
    """The hooks of one assistant."""

    name: str
    """The name of its reader."""
    title: str
    settings: Callable[[Mapping[str, str]], str]
    """The path of the file that the entry goes into, for an environment."""
    entries: Callable[[Callable[[Moment], str]], Sequence[Entry]] | None
    """Elements for a document that the assistant's other settings are in too, given the command for each moment."""
    whole: Callable[[Callable[[Moment], str]], str] | None
    """Text of a file that is the guard's alone. Either this or `entries`."""
    answer: Callable[[Verdict, Moment], Json]
    """The answer, as the assistant's hooks read it from standard output."""
    stopping: str
    """The reach of a stop: the end of the sentence `Over a budget, …`."""
    afterwards: str = ""
    """A sentence on what the person still has to do."""
    reads: frozenset[Extension] = frozenset()
    """Parts that JSON does not have and the assistant itself reads all the same: it was run with each."""


SECONDS = 5
"""Patience of the assistant with the hook; tokcost itself gives up after 0.3 s."""
