"""Contributors: the people among the authors. Authors are passed in, counted, and never returned.

A bot is nobody. It commits what its program says, and everyone may know its amounts: subtracting them from a figure
leaves what people spent. So the rules must hold without bots, whose amounts are in the figures all the same.
"""

import re
from collections.abc import Iterable
from unicodedata import normalize

Author = tuple[str, str]
"""E-mail address and name."""
NOBODY = -1
"""The number of every bot."""

_BOT = "[bot]"
"""The end of a bot's name, and of the local part of its address, on GitHub and wherever people follow it."""
_ACCOUNT_OF_A_FORGE = re.compile(
    r"(?:project|group)_?\d+_bot_?\w*@.+"  # GitLab's access tokens
    r"|service_account_(?:(?:project|group)_?\d+_)?[0-9a-f]+@.+"  # GitLab's service accounts
    r"|.+@bots\.bitbucket\.org"  # Bitbucket's access tokens
)
_AGENTS = {"198982749+copilot@users.noreply.github.com", "cursoragent@cursor.com", "noreply@anthropic.com"}
"""Addresses with which agents commit under a name that does not say what they are."""
_NOREPLY = re.compile(r"^\d+[+-](?=[^@]*@users\.noreply\.git(?:hub|lab)\.com$)")
"""The user's number in an address assigned by a forge: older addresses, and those typed by hand, have the name
alone."""


def count_people(authors: Iterable[Author]) -> int:
    """The number of contributors, without bots."""
    return len({*count_heads(authors).values()} - {NOBODY})


def count_heads(authors: Iterable[Author]) -> dict[Author, int]:
    """A bare number for each contributor, `NOBODY` for a bot. People who share an e-mail address or a name are the
    same contributor; what they share with a bot does not make them one."""
    every = set(authors)
    known: dict[str, int] = {}
    people = sorted(author for author in every if not is_bot(author))
    parent = list(range(len(people)))

    def root(one: int) -> int:
        while parent[one] != one:
            one = parent[one]
        return one

    for number, (mail, name) in enumerate(people):
        for word in (f"mail {_NOREPLY.sub('', _plain(mail))}", f"name {_plain(name)}"):
            parent[root(known.setdefault(word, number))] = root(number)
    return dict.fromkeys(every, NOBODY) | {author: root(number) for number, author in enumerate(people)}


def is_bot(author: Author) -> bool:
    """Whether an author is an account of a program: by the conventions of forges, or as one of the known agents."""
    mail, name = map(_plain, author)
    is_marked = name.endswith(_BOT) or mail.rpartition("@")[0].endswith(_BOT)
    return is_marked or mail in _AGENTS or _ACCOUNT_OF_A_FORGE.fullmatch(mail) is not None


def _plain(text: str) -> str:
    """A name without differences of keyboard, program and day: case, blanks, composed accents."""
    # Case folding decomposes 26 characters such as U+01F0, so the normal form is made once more after it.
    return " ".join(normalize("NFKC", normalize("NFKC", text).casefold()).split())
