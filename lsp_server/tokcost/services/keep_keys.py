"""Keys of providers: stored in the keyring, located, removed. No key is ever shown."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tokcost.reconciliation.key_store import NoKeyring, checked_key
from tokcost.reconciliation.providers import PROVIDERS
from tokcost.services.reconcile import Say, key_store


class KeyPlace(NamedTuple):
    """The place of a provider's key."""

    title: str
    variable: str
    place: str
    """`environment`, `keyring`, or empty if there is no key."""
    problem: str = ""
    """The reason why the keyring could not be asked, and a remedy; empty if it could."""


def which_key(provider: str) -> str:
    """The kind of key that a provider needs, as a sentence for the user who is asked for it."""
    one = PROVIDERS[provider]
    return f"{one.title}: {one.key}"


def keep_key(provider: str, text: str, say: Say, is_terminal: bool) -> str:
    """Store a key; returns the keyring's name. Raises `UsageError`, `EnvironmentProblem`."""
    return key_store(say, is_terminal).store(PROVIDERS[provider], checked_key(text))


def forget_key(provider: str, say: Say, is_terminal: bool) -> bool:
    """Remove a key from the keyring; returns whether there was one. Raises `EnvironmentProblem`."""
    return key_store(say, is_terminal).forget(PROVIDERS[provider])


def find_keys(names: Iterable[str], environ: Mapping[str, str], say: Say, is_terminal: bool) -> list[KeyPlace]:
    """The places of some providers' keys. A failing keyring is not asked again, because each time may take as long
    as its timeout."""
    found: list[KeyPlace] = []
    store, failed = key_store(say, is_terminal), ""
    for one in map(PROVIDERS.__getitem__, names):
        place, problem = "", ""
        if environ.get(one.variable, ""):
            place = "environment"
        elif failed:
            problem = f"{failed}. The environment variable {one.variable} works without a keyring."
        else:
            try:
                place = "" if store.load(one) is None else "keyring"
            except NoKeyring as error:
                failed, problem = str(error), error.told
        found.append(KeyPlace(one.title, one.variable, place, problem))
    return found
