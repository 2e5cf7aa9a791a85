"""Work of others that may never come back: it is done beside us, and given up after its time."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Late(Exception):
    """Work did not finish in time. It continues in a thread that does not delay the end of the process."""


def within(
    seconds: float,
    work: Callable[[], _Answer],
    *,
    patience: float = 0,
    waiting: Callable[[], None] | None = None,
    late: Callable[[], None] = lambda: None,
) -> _Answer:
    """The result of some work, or its exception. `waiting` is called once if it takes longer than `patience`
    seconds; `late` once the work comes back although it was given up, in its own thread: only then does nobody use any
    more what it was given, and it can be put away. Raises `Late`."""
    done = _Done[_Answer](late)
    # A daemon thread, not an executor: Python joins an executor's threads before it exits.
    Thread(target=lambda: done.came_back(_result(work)), daemon=True).start()
    if waiting is not None and patience < seconds:
        try:
            return done.wait(patience)()
        except Empty:
            waiting()
            seconds -= patience
    try:
        answer = done.wait(seconds)
    except Empty:
        answer = done.give_up()
    return answer()


class _Done(Generic[_Answer]):
    """The end of some work: either its answer is taken, or it is given up; never both, and never neither."""

    def __init__(self, late: Callable[[], None]) -> None:
        self._late = late
        self._answers: SimpleQueue[Callable[[], _Answer]] = SimpleQueue()
        self._deciding = Lock()
        self._is_given_up = False

    def came_back(self, answer: Callable[[], _Answer]) -> None:
        """Take the answer; called in the thread of the work."""
        with self._deciding:
            self._answers.put(answer)
        if self._is_given_up:
            self._late()

    def wait(self, seconds: float) -> Callable[[], _Answer]:
        """The answer, once it is there. Raises `Empty`."""
        return self._answers.get(timeout=seconds)

    def give_up(self) -> Callable[[], _Answer]:
        """The answer where it has come in the last moment. Raises `Late`."""
        with self._deciding:
            try:
                return self._answers.get_nowait()
            except Empty:
                self._is_given_up = True
                raise Late from None


def _result(work: Callable[[], _Answer]) -> Callable[[], _Answer]:
    try:
        answer = work()
    except BaseException as error:  # raised again where the result is needed
        caught = error

        def fail() -> _Answer:
            raise caught

        return fail
    return lambda: answer
