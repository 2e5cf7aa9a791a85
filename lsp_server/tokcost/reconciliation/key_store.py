"""Keys of providers in the keyring of the operating system: the only place where they are stored.

The package keyring can also be configured to store nothing (its null backend) or to write keys to a plain-text file
(keyrings.alt does so as soon as it is installed). Therefore only known encrypting keyrings are used, a key is read back
after it was written, and a keyring that does not answer is given up: a stopped gnome-keyring hangs for minutes.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.installation import installation
from tokcost.reconciliation.deadline import Late, within
from tokcost.reconciliation.providers import Provider

SERVICE = "tokcost"
_TRUSTED = {
    "keyring.backends.SecretService": "Secret Service",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.Windows": "Windows Credential Locker",
}
"""Modules of encrypting keyrings, and their names."""
_SECONDS = 10.0
_SECONDS_WITH_A_PERSON = 120.0
"""On a terminal, the user may have to unlock the keyring."""
_PATIENCE = 1.0
_LONGEST_KEY = 4096

_Answer = TypeVar("_Answer")


class Keyring(Protocol):
    """The methods used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None:
        """The secret; `None` if there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Delete a secret."""
        ...


class NoKeyring(EnvironmentProblem):
    """The keyring cannot be used, but the environment variable can."""


class KeyStore:
    """The keyring, with a message for a waiting user if it takes long."""

    def __init__(self, waiting: Callable[[], None] | None) -> None:
        self._waiting = waiting
        """Called once if a user is there to see it; `None` if there is no terminal."""

    def load(self, provider: Provider) -> str | None:
        """The key of a provider; `None` if there is none. Raises `NoKeyring`."""
        return self._ask(provider, lambda keyring: keyring.get_password(SERVICE, provider.name))

    def store(self, provider: Provider, key: str) -> str:
        """Store a key and verify it; returns the keyring's name. Raises `NoKeyring`."""

        def kept(keyring: Keyring) -> str:
            keyring.set_password(SERVICE, provider.name, key)
            if keyring.get_password(SERVICE, provider.name) != key:
                raise _problem(provider, "your keyring did not store the key")
            return _name_of(keyring)

        return self._ask(provider, kept)

    def forget(self, provider: Provider) -> bool:
        """Delete a key; returns whether there was one. Raises `NoKeyring`."""

        def gone(keyring: Keyring) -> bool:
            if keyring.get_password(SERVICE, provider.name) is None:
                return False
            keyring.delete_password(SERVICE, provider.name)
            if keyring.get_password(SERVICE, provider.name) is not None:
                raise _problem(provider, "your keyring still has the key")
            return True

        return self._ask(provider, gone)

    def _ask(self, provider: Provider, question: Callable[[Keyring], _Answer]) -> _Answer:
        seconds = _SECONDS if self._waiting is None else _SECONDS_WITH_A_PERSON
        try:
            return within(seconds, lambda: question(_keyring(provider)), patience=_PATIENCE, waiting=self._waiting)
        except NoKeyring:
            raise
        except Late:
            raise _problem(provider, f"your keyring did not answer within {seconds:g} seconds") from None
        except Exception as error:  # keyrings raise any error of the bus or the system, whose text may contain anything
            raise _problem(provider, _SAID.get(type(error).__name__, _failed(error))) from None


_SAID = {
    "NoKeyringError": "this machine has no keyring that tokcost uses",
    "InitError": "your keyring cannot be opened here",
    "KeyringLocked": "your keyring is locked",
    "PasswordSetError": "your keyring refuses to store the key",
    "PasswordDeleteError": "your keyring refuses to delete the key",
}


def _failed(error: Exception) -> str:
    return f"your keyring failed ({type(error).__name__})"


def _problem(provider: Provider, what: str) -> NoKeyring:
    return NoKeyring(
        what,
        f"Set the environment variable {provider.variable} to the key of {provider.title}; that needs no keyring.",
    )


def _keyring(provider: Provider) -> Keyring:
    try:
        # Here: it is an extra, takes a tenth of a second to load, and a key in the environment needs none.
        import keyring
        from keyring.backends.chainer import ChainerBackend
        from keyring.backends.fail import Keyring as NoBackend
    except ImportError:
        raise NoKeyring(
            "a keyring needs the package keyring, in the extra tokcost[reconcile]",
            f"Run `{installation().adding(['keyring'])}`, or set the environment variable {provider.variable}.",
        ) from None
    chosen = keyring.get_keyring()
    # The chainer would ask its backends in turn, also those that write plain text, so the trusted one is used directly.
    among = list(chosen.backends) if isinstance(chosen, ChainerBackend) else [chosen]
    found = next((one for one in among if type(one).__module__ in _TRUSTED), None)
    if found is not None:
        return cast(Keyring, found)
    if isinstance(chosen, NoBackend):
        raise _problem(provider, "this machine has no keyring that tokcost uses")
    raise _problem(
        provider, f"the keyring {type(among[0]).__module__} does not protect secrets, so tokcost does not use it"
    )


def _name_of(keyring: Keyring) -> str:
    return _TRUSTED[type(keyring).__module__]


def checked_key(text: str) -> str:
    """A typed or piped key. Raises `UsageError`, which does not quote it."""
    key = text.strip()
    if not key:
        raise UsageError("there is no key", "Type it, or pipe it into the command.")
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError("this is not a key: keys are one word of ASCII characters", "Copy it again, completely.")
    return key
