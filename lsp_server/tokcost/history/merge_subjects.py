"""Subjects of merges and reverts: the title of a merged change, and the commit that a revert takes back."""

import re

from tokcost.model.changes import ChangeTitle, Revert

_NUMBER = r"([0-9]{1,9})"
"""Nobody has numbered a billion requests; more digits are something else."""
_SQUASH = re.compile(rf"\([#!]{_NUMBER}\)$")
_BITBUCKET = re.compile(rf"\(pull request #{_NUMBER}\)$")
_LONGEST_SUBJECT = 1_000
_LONGEST_NUMBER = len("(pull request #123456789)")
_TITLED = re.compile(
    r"(?:Merged PR (?P<azure>[0-9]{1,9})|Pull request #(?P<bitbucket>[0-9]{1,9})): ++(?P<title>.++)", re.DOTALL
)
"""Azure DevOps and Bitbucket Server: the title follows the number."""
_GITEA = re.compile(rf"Merge pull request '(?P<title>.+)' \(#{_NUMBER}\) from .", re.DOTALL)
_MERGE = re.compile(rf"Merge pull request #{_NUMBER}\b")
_FOOTERS = re.compile(
    r"^[ \t]*+(?:See merge request [\w./-]*!|Reviewed-on: https?://\S*/|Differential Revision: *+(?:https?://\S*/)?D)"
    rf"{_NUMBER}/?[^\S\n]*+$",
    re.MULTILINE,
)
"""GitLab, Gerrit (and Gitea), Phabricator. A change that was cherry-picked to another branch in Gerrit has its own
footer below."""
_FORGE_SUBJECT = re.compile(
    r"Merged? (?:pull request #[0-9]++ |branch '|remote-tracking branch '|in .*\(pull request #[0-9]++\))"
)
_BRANCH = re.compile(
    r"(?:Merge pull request #[0-9]{1,9} from [^\s/]++/(?P<github>\S++)"
    r"|Merged? (?:remote-tracking )?branch(?:es)? '(?:origin/)?(?P<git>[^']++)'"
    r"|Merged in (?P<bitbucket>\S++) \(pull request"
    r"|Merge pull request '.*' \(#[0-9]{1,9}\) from (?P<gitea>\S++))"
)
"""The branch named by a merge: GitHub, git and GitLab, Bitbucket, Gitea."""
_ID = r"[0-9a-f]{7,64}"
_BY_ID = re.compile(
    rf"\b(?P<part>part(?:ial)?ly\s++)?reverts\s++(?:commits?\s++)?(?P<ids>{_ID}(?:(?:,\s*+|\s++)(?:and\s++)?{_ID})*+)",
    re.I,
)
_BY_NUMBER = re.compile(
    r"\b(?P<part>part(?:ial)?ly\s++)?reverts\s++(?:(?:merge|pull)\s++request\s++)?"
    r"(?:[\w.-]++/[\w./-]++)?(?P<n>[#!][0-9]{1,9}+)(?![0-9])",
    re.I,
)


def read_title(message: str, time: int) -> ChangeTitle:
    """The title of a change: its subject, or, if that is only `Merge …`, the title that a forge put below it."""
    subject, _, body = message.lstrip("\r\n").partition("\n")
    subject = subject.strip()
    if found := _TITLED.match(subject):
        return ChangeTitle(found["title"], int(found["azure"] or found["bitbucket"]), time)
    if found := _GITEA.match(subject):
        return ChangeTitle(found["title"], int(found[2]), time)
    found = _MERGE.match(subject)
    number = int(found[1]) if found else _last_number(subject)
    if number is None and (footers := _FOOTERS.findall(body)):
        number = int(footers[-1])
    return ChangeTitle(_title(subject, body), number, time)


def merged_branch(message: str) -> str:
    """The name of the merged branch, if the subject names one; else empty."""
    subject = message.lstrip("\r\n").partition("\n")[0][:_LONGEST_SUBJECT]
    found = _BRANCH.match(subject)
    return next((name for name in found.groups() if name), "") if found else ""


def squash_number(subject: str) -> int | None:
    """The request that a forge squashed into one commit, if its subject names it: `Add login (#123)`."""
    if titled := _TITLED.match(subject):
        return int(titled["azure"] or titled["bitbucket"])
    return _last_number(subject)


def _last_number(subject: str) -> int | None:
    """The number at the end of a subject, whatever people put behind it: `(#12) [skip ci]`. Searched from the end,
    because trying each `(#1)` in turn takes quadratic time."""
    end = len(subject)
    while True:
        while end and subject[end - 1].isspace():
            end -= 1
        if not subject.endswith("]", 0, end):
            break
        opened = subject.rfind("[", 0, end)
        if opened < 0 or subject.find("]", opened, end - 1) >= 0:
            return None
        end = opened
    tail = subject[max(0, end - _LONGEST_NUMBER) : end]
    found = _SQUASH.search(tail) or (_BITBUCKET.search(tail) if subject.startswith("Merged in ") else None)
    return int(found[1]) if found else None


def _title(subject: str, body: str) -> str:
    if not _FORGE_SUBJECT.match(subject):
        return subject
    first = next((line.strip() for line in body.split("\n") if line.strip()), "")
    is_title = first and not re.match(r"(?:See merge request|AI-|Signed-off-by:|\*|-|#|[A-Za-z-]+: )", first)
    return first if is_title else subject


def read_reverts(message: str) -> tuple[Revert, ...]:
    """The commits that a message takes back. `reversing changes made to …` names the part that is kept."""
    # The same word selects messages in `repo/history.py`: git prints no others.
    if "reverts" not in message.lower():
        return ()
    found = [
        Revert(name, bool(match["part"]))
        for match in _BY_ID.finditer(message)
        for name in re.findall(rf"\b{_ID}\b", match["ids"].lower())
    ]
    found += [Revert(match["n"], bool(match["part"])) for match in _BY_NUMBER.finditer(message)]
    return tuple(dict.fromkeys(found))
