"""Work of others that may never come back: it is done beside us, and given up after its time."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

_Answer = TypeVar("_Answer")


class Late(Exception):
    """Something did not come back in its time. It goes on in a thread that no end of the process waits for."""


def within(
    seconds: float, work: Callable[[], _Answer], *, patience: float = 0, waiting: Callable[[], None] | None = None
) -> _Answer:
    """The answer of some work, or its exception. `waiting` is called once when it takes longer than `patience`
    seconds. Raises `Late`."""
    answers: SimpleQueue[Callable[[], _Answer]] = SimpleQueue()
    Thread(target=lambda: answers.put(_done(work)), daemon=True).start()
    if waiting is not None and patience < seconds:
        try:
            return answers.get(timeout=patience)()
        except Empty:
            waiting()
            seconds -= patience
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise Late from None
    return answer()


def _done(work: Callable[[], _Answer]) -> Callable[[], _Answer]:
    try:
        answer = work()
    except BaseException as error:  # raised again where the answer is wanted
        caught = error

        def fail() -> _Answer:
            raise caught

        return fail
    return lambda: answer
