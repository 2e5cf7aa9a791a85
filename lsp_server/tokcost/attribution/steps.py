"""A history as the steps in which its branch came about, and what each step brought.

A step is a commit of the first-parent line: a merge brings what its other parents reach and its first does not,
anything else brings itself. An octopus merge brings the commits of all its branches.
"""

import re
from collections.abc import Iterable

from tokcost.model.changes import Graph, Head, Revert

_MERGE = re.compile(r"Merge pull request #(\d+)\b")
_SQUASH = re.compile(r"\((?:#|!)(\d+)\)\s*$")
_GITLAB = re.compile(r"^\s*See merge request (?:[\w./-]*)!(\d+)\s*$", re.MULTILINE)
_BITBUCKET = re.compile(r"\(pull request #(\d+)\)")
_FORGE_SUBJECT = re.compile(r"Merge (?:pull request #\d+ |branch '|remote-tracking branch ')")
_ID = r"[0-9a-f]{7,64}"
_BY_ID = re.compile(
    rf"\b(?P<part>part(?:ial)?ly\s+)?reverts\s+(?:commits?\s+)?(?P<ids>{_ID}(?:(?:,\s*|\s+)(?:and\s+)?{_ID})*)", re.I
)
_BY_NUMBER = re.compile(
    r"\b(?P<part>part(?:ial)?ly\s+)?reverts\s+(?:merge\s+request\s+|pull\s+request\s+)?(?:[\w.-]+/[\w./-]+)?(?P<n>[#!]\d+)",
    re.I,
)


def steps_of(graph: Graph, tips: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Every step, oldest first, with the commits it brought; commits that no step of the first tip reaches belong to
    those of the next one."""
    brought: set[str] = set()
    steps: list[tuple[str, list[str]]] = []
    for tip in tips:
        line: list[str] = []
        at = tip
        while at in graph and at not in brought:
            line.append(at)
            brought.add(at)
            at = graph[at][0] if graph[at] else ""
        steps.extend((at, _brought(graph, at, brought) if len(graph[at]) > 1 else [at]) for at in reversed(line))
    return steps


def _brought(graph: Graph, step: str, taken: set[str]) -> list[str]:
    """The step itself and what only its other parents reach. Oldest steps go first, so all that the first parent
    reaches is taken already; the line's own later commits are, too, but nothing older reaches those."""
    found = [step]
    todo = list(graph[step][1:])
    while todo:
        commit = todo.pop()
        if commit in graph and commit not in taken:
            taken.add(commit)
            found.append(commit)
            todo += graph[commit]
    found[1:] = reversed(found[1:])
    return found


def read_head(message: str, time: int) -> Head:
    """What a change is called: its subject, or where that only says `Merge …` the title that a forge put below it."""
    subject, _, body = message.lstrip("\n").partition("\n")
    for pattern, text in ((_MERGE, subject), (_SQUASH, subject), (_BITBUCKET, subject), (_GITLAB, body)):
        if found := pattern.search(text):
            return Head(_title(subject, body), int(found[1]), time)
    return Head(_title(subject, body), None, time)


def squash_number(subject: str) -> int | None:
    """The request that a forge squashed into one commit, where its subject says so: `Add login (#123)`."""
    found = _SQUASH.search(subject)
    return int(found[1]) if found else None


def _title(subject: str, body: str) -> str:
    if not _FORGE_SUBJECT.match(subject):
        return subject.strip()
    first = next((line.strip() for line in body.splitlines() if line.strip()), "")
    is_title = first and not re.match(r"(?:See merge request|AI-|Signed-off-by:|\*|-|#|[A-Za-z-]+: )", first)
    return first if is_title else subject.strip()


def read_reverts(message: str) -> tuple[Revert, ...]:
    """What a message says it takes back. `reversing changes made to …` names what is kept, not what is taken back."""
    if "reverts" not in message.lower():
        return ()
    found = [
        Revert(name, bool(match["part"]))
        for match in _BY_ID.finditer(message)
        for name in re.findall(rf"\b{_ID}\b", match["ids"].lower())
    ]
    found += [Revert(match["n"], bool(match["part"])) for match in _BY_NUMBER.finditer(message)]
    return tuple(dict.fromkeys(found))
