"""Keys of providers: kept in the keyring, told of, taken away. None is ever shown."""

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


def find_keys(names: Iterable[str], environ: Mapping[str, str], say: Say, is_terminal: bool) -> list[KeyPlace]:
    """The places of some providers' keys. A keyring that fails is not asked again: each time may take its deadline."""
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
                failed, problem = str(error), f"{error}. {error.hint}"
        found.append(KeyPlace(one.title, one.variable, place, problem))
    return found
