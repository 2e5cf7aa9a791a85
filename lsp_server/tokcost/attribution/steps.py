"""What messages say about the steps in which a branch came about: what they are called, and what they take back."""

import re

from tokcost.model.changes import Head, Revert

_AFTER = r"(?:\s*\[[^\]]*\])*\s*$"
"""What people put behind a subject: `[skip ci]`."""
_SQUASH = re.compile(rf"\((?:#|!)(\d+)\){_AFTER}")
_TITLED = re.compile(r"(?:Merged PR (?P<azure>\d+)|Pull request #(?P<bitbucket>\d+)): +(?P<title>.*\S)", re.DOTALL)
"""Azure DevOps and Bitbucket Server: the title is behind the number."""
_GITEA = re.compile(r"Merge pull request '(?P<title>.+)' \(#(\d+)\) from .+", re.DOTALL)
_MERGE = re.compile(r"Merge pull request #(\d+)\b")
_BITBUCKET = re.compile(rf"Merged in .*\(pull request #(\d+)\){_AFTER}")
_FOOTERS = re.compile(
    r"^[ \t]*(?:See merge request [\w./-]*!|Reviewed-on: https?://\S*/|Differential Revision: *(?:https?://\S*/)?D)(\d+)/?\s*$",
    re.MULTILINE,
)
"""GitLab, Gerrit (and Gitea), Phabricator. A change that was picked to another branch of Gerrit's has its own below."""
_FORGE_SUBJECT = re.compile(
    r"Merged? (?:pull request #\d+ |branch '|remote-tracking branch '|in .*\(pull request #\d+\))"
)
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
    subject, _, body = message.lstrip("\r\n").partition("\n")
    subject = subject.strip()
    if found := _TITLED.match(subject):
        return Head(found["title"], int(found["azure"] or found["bitbucket"]), time)
    if found := _GITEA.match(subject):
        return Head(found["title"], int(found[2]), time)
    found = _MERGE.match(subject) or _SQUASH.search(subject) or _BITBUCKET.match(subject)
    numbers = [found[1]] if found else _FOOTERS.findall(body)
    return Head(_title(subject, body), int(numbers[-1]) if numbers else None, time)


def squash_number(subject: str) -> int | None:
    """The request that a forge squashed into one commit, where its subject says so: `Add login (#123)`."""
    if titled := _TITLED.match(subject):
        return int(titled["azure"] or titled["bitbucket"])
    found = _SQUASH.search(subject) or _BITBUCKET.match(subject)
    return int(found[1]) if found else None


def _title(subject: str, body: str) -> str:
    if not _FORGE_SUBJECT.match(subject):
        return subject
    first = next((line.strip() for line in body.splitlines() if line.strip()), "")
    is_title = first and not re.match(r"(?:See merge request|AI-|Signed-off-by:|\*|-|#|[A-Za-z-]+: )", first)
    return first if is_title else subject


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
