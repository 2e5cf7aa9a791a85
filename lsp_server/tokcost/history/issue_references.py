"""Issues that a merged change refers to: `ABC-123` of Jira and Linear, `#12` of forges.

Issues that a message closes come first; without any, those that its subject mentions; without any, the name of the
merged branch. The number of a change's own pull request is no issue.
"""

import re

NO_ISSUE = "(no issue)"
SEVERAL = "(several)"
MOST_ISSUES = 20
"""A change that names more is a release or a list, and belongs to none of them."""
_MOST_CHARACTERS = 100_000
"""Of a message."""

_KEY = r"(?<![\w-])[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,6}(?!\w|-[0-9])"
_NUMBER = r"(?:(?<![\w#&/.-])[\w.-]{1,100}/[\w.-]{1,100}|(?<![\w#&]))#[1-9][0-9]{0,8}(?!\w)"
_LINK = r"https?://[\w.-]{1,200}/[\w./-]{1,300}/issues/[1-9][0-9]{0,8}(?!\w)"
_ANY = rf"(?:{_KEY}|{_NUMBER}|{_LINK})"
_REFERENCE = re.compile(rf"{_KEY}|{_NUMBER}|(?:https?://[^\s)>]{{1,500}})")
_CLOSING = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|refs?|relates to|part of)\b"
    rf":?\s{{1,3}}(?P<list>(?:issues?\s)?{_ANY}(?:(?:[\s,&]|and\b){{1,20}}+{_ANY})*+)",
    re.IGNORECASE,
)
"""In the syntax of GitHub, GitLab and Jira: `Fixes #12, #13`. Case is ignored for the verbs; `_named` checks the
case of keys."""
_IN_LINK = re.compile(r"/(?P<place>[\w.-]+/[\w.-]+?)(?:/-)?/issues/(?P<number>[1-9][0-9]{0,8})(?!\w)")
_IN_BRANCH = re.compile(r"(?:issues?[-_/]?)?(?P<number>[1-9][0-9]{0,8})(?:[-_]|$)", re.IGNORECASE)
"""The names that forges give to a branch for an issue: `12-add-login`, `issue-12`."""
_NO_TRACKERS = frozenset(
    {"AES", "ANSI", "BASE", "BIP", "CLAUDE", "COVID", "CP", "CVE", "CWE", "EIP", "GB", "GHSA", "GMT", "GPT", "HDR"}
    | {"HTTP", "IEC", "IEEE", "ISO", "JEP", "KOI", "LATIN", "MD", "MP", "PEP", "PSR", "PY", "RFC", "RSA", "SHA"}
    | {"SSE", "SSL", "TLS", "UCS", "USB", "UTC", "UTF", "WCAG", "WIN"}
)
"""Words with a number that are no projects of a tracker: `UTF-8`, `SHA-256`, `CVE-2024`, `RFC-2119`."""


def issues_of(message: str, subject: str, branch: str, own: int | None) -> tuple[str, ...]:
    """The issues of a change, each once, in the order of the text. `own` is the number of its own request, and
    `branch` the name of the merged branch; both are optional."""
    text = message[:_MOST_CHARACTERS]
    closed = [name for found in _CLOSING.finditer(text) for name in _named(found["list"], None)]
    found = closed or _named(subject, own) or _of_branch(branch)
    return tuple(dict.fromkeys(found))


def _named(text: str, own: int | None) -> list[str]:
    found: list[str] = []
    for reference in _REFERENCE.findall(text):
        project, _, number = reference.partition("-")
        if reference.startswith("http"):
            link = _IN_LINK.search(reference)
            found += [f"{link['place']}#{link['number']}"] if link else []
        elif "#" in reference or project == "GH":
            name = f"#{number}" if project == "GH" else reference
            found += [name] if name != f"#{own}" else []
        elif project not in _NO_TRACKERS:
            found.append(reference)
    return found


def _of_branch(branch: str) -> list[str]:
    if keys := _named(branch.replace("_", " ").replace("/", " "), None):
        return keys
    found = _IN_BRANCH.match(branch.rpartition("/")[2])
    return [f"#{found['number']}"] if found else []
