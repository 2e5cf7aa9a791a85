"""Keys of providers: kept in the keyring, told of, taken away. None is ever shown."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.reconciliation.key_store import NoKeyring, checked_key
from tokcost.reconciliation.providers import PROVIDERS
from tokcost.services.reconcile import Say, key_store


class KeyPlace(NamedTuple):
    """The place of a provider's key."""

    title: str
    variable: str
    place: str
    """`environment`, `keyring`, or empty where there is no key."""
    problem: str = ""
    """The reason why the keyring could not be asked, and what helps; empty where it could."""


def which_key(provider: str) -> str:
    """The kind of key that a provider wants, in a sentence for whoever is asked for it."""
    one = PROVIDERS[provider]
    return f"{one.title}: {one.key}"


def keep_key(provider: str, text: str, say: Say, is_terminal: bool) -> str:
    """Keep a key and tell the keyring's name. Raises `UsageError`, `EnvironmentProblem`."""
    return key_store(say, is_terminal).store(PROVIDERS[provider], checked_key(text))


def forget_key(provider: str, say: Say, is_terminal: bool) -> bool:
    """Take a key out of the keyring; whether there was one. Raises `EnvironmentProblem`."""
    return key_store(say, is_terminal).forget(PROVIDERS[provider])


def find_key(provider: str, environ: Mapping[str, str], say: Say, is_terminal: bool) -> KeyPlace:
    """The place of a provider's key."""
    one = PROVIDERS[provider]
    if environ.get(one.variable, ""):
        return KeyPlace(one.title, one.variable, "environment")
    try:
        key = key_store(say, is_terminal).load(one)
    except NoKeyring as problem:
        return KeyPlace(one.title, one.variable, "", f"{problem}. {problem.hint}")
    return KeyPlace(one.title, one.variable, "" if key is None else "keyring")
