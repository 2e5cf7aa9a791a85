"""The digest that identifies a repository in a dataset: equal in every clone, without revealing the name.

It is derived from the address that the repository was cloned from, in any notation, or without one from its root
commits. It prevents a name from being read, but not from being guessed: with a list of addresses, anyone can calculate
all digests. With a key, only those who have the key can. (Claim ids identify a repository to everyone who may read it
anyway.)
"""

import re
from collections.abc import Iterable
from hashlib import blake2b

DIGITS = 32
_MOST_KEY = 64
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SCP = re.compile(r"^(?:[^/@:]+@)?([^/:]+):(?!//)(.*)$")


def repository_digest(address: str, first_commits: Iterable[str], key: bytes = b"") -> str:
    """The digest of a repository. `address` is that of the remote, empty if there is none; keys of more than 64
    bytes are hashed."""
    text = f"address {plain_address(address)}" if address else "commits " + " ".join(sorted(first_commits))
    used = key if len(key) <= _MOST_KEY else blake2b(key).digest()
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=DIGITS // 2, key=used).hexdigest()


def plain_address(address: str) -> str:
    """An address without what differs between clones of one repository: scheme, user, password, port, `.git`.

    >>> plain_address("git@github.com:acme/Shop.git") == plain_address("https://token@github.com/acme/Shop/")
    True
    """
    text = address.strip()
    if scheme := _SCHEME.match(text):
        rest = text[scheme.end() :]
        # Case does not matter in the name of a host. In a path it may.
        host, slash, path = rest.partition("/")
        host = re.sub(r":\d*$", "", host.rpartition("@")[2]).lower()
        text = f"{host}{slash}{path}"
    elif found := _SCP.match(text):
        text = f"{found[1].lower()}/{found[2].lstrip('/')}"
    return text.rstrip("/").removesuffix(".git").rstrip("/")
