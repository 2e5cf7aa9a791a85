"""The notice to whoever waits for the code of another package: it may wait for a network or a lock, or never return.

An alarm of the operating system rings, since another thread would keep this process from being copied to read side by
side. It interrupts nothing for good: what it waits for goes on. Where there are no alarms (Windows, threads of a
server), or another package has set its own, nobody is told.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import NamedTuple

USUAL_SECONDS = 5.0

Tell = Callable[[str, str], None]
"""Called with a sentence, and what to do."""


class _Listener(NamedTuple):
    tell: Tell
    seconds: float
    told: set[str]
    """The packages that were named: once is enough."""


_LISTENER: ContextVar[_Listener | None] = ContextVar("listener", default=None)


@contextmanager
def told_of_waiting(tell: Tell, seconds: float = USUAL_SECONDS) -> Generator[None]:
    """Within this, `tell` is called when a reader of another package takes longer than `seconds`."""
    token = _LISTENER.set(_Listener(tell, seconds, set()))
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextmanager
def waiting_for(package: str) -> Generator[None]:
    """Run code of a package inside: whoever listens is told when it takes long."""
    listener = _LISTENER.get()
    if listener is None or package in listener.told or not _may_ring():
        yield
        return
    import signal  # mostly there are no other packages

    def ring(number: int, frame: object) -> None:  # noqa: ARG001 (Python's signature)
        listener.told.add(package)
        with suppress(RuntimeError):  # the package is writing to the same stream just now
            listener.tell(
                f"a reader of the package {package} has been running for {listener.seconds:g} seconds",
                f"Ctrl-C stops the command. If the reader never finishes, uninstall {package}: all other logs are"
                f" read without it.",
            )

    try:
        before = signal.signal(signal.SIGALRM, ring)
    except ValueError:  # in another thread than the first
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, listener.seconds)
    try:
        yield
    finally:
        # The package may have set a handler of its own meanwhile, which is left alone.
        if signal.getsignal(signal.SIGALRM) is ring:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _may_ring() -> bool:
    """Whether there are alarms, and nobody else uses them."""
    import signal

    if not hasattr(signal, "setitimer"):
        return False
    return signal.getsignal(signal.SIGALRM) == signal.SIG_DFL and not any(signal.getitimer(signal.ITIMER_REAL))
