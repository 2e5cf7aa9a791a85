"""What messages say about the steps in which a branch came about: what they are called, and what they take back."""

import re

from tokcost.model.changes import Head, Revert

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
