"""Work of others that may never come back: it is done beside us, and given up after its time."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

_Answer = TypeVar("_Answer")


class Late(Exception):
    """Work did not finish in time. It continues in a thread that does not delay the end of the process."""


def within(
    seconds: float, work: Callable[[], _Answer], *, patience: float = 0, waiting: Callable[[], None] | None = None
) -> _Answer:
    """The result of some work, or its exception. `waiting` is called once if it takes longer than `patience`
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
    except BaseException as error:  # raised again where the result is needed
        caught = error

        def fail() -> _Answer:
            raise caught

        return fail
    return lambda: answer
