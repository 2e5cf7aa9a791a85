"""The process that git waits for while its child does the work of a hook.

Whatever the child does, git goes on after a fixed time: a busy regular expression that holds Python's lock, a disk that
does not answer (such a process cannot even be killed), a crash.

Being slow and being blocked are different things. On a busy machine, work that takes 50 ms may take a second, but a
process that has been in one and the same wait for a while, together with its children, is unlikely to finish soon. Only
the first is given time.

The parent imports next to nothing, so that all this costs a hook about two milliseconds.
"""

import faulthandler
import os
import select
import time

TYPE_CHECKING = False
"""`typing` takes longer to import than everything here."""
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Work: TypeAlias = Callable[[Callable[[int], None]], int]
    GiveUp: TypeAlias = Callable[[str, int | None], int]

_STEP_SECONDS = 0.02
_LOOKS = 4
"""The number of consecutive checks that must give the same result: the parent may have to wait for a processor
itself."""
_SIGKILL = 9
"""`signal.SIGKILL`: the module `signal` takes four milliseconds to import."""
_GRACE_SECONDS = 3


class Limits:
    """Seconds that a hook may take, and seconds that it may be blocked."""

    def __init__(self, longest: float, stuck: float) -> None:
        self.longest = longest
        self.stuck = stuck


def run_watched(work: "Work", limits: Limits, give_up: "GiveUp") -> int:
    """Do `work` in a child process and return its exit code.

    `work` receives a function with which it can promise an exit code in case it does not finish. In that case,
    `give_up` is called with the reason and the promised code (`None` without a promise), and returns the exit code.
    Raises `OSError` if no process can be started.
    """
    open_standard_streams()
    heard, spoken = os.pipe()
    promised, promise = os.pipe()
    # Nothing is open yet, such as the ledger: connections of SQLite must not cross a fork
    # (sqlite.org/howtocorrupt.html).
    child = os.fork()
    if not child:
        _be_child(work, limits, spoken, promise)
    watch = _Watch(child, heard, limits)
    try:
        os.close(spoken)
        os.close(promise)
        code, reason = watch.until_done()
        if reason:
            watch.end()  # first, so that nothing more can happen afterwards
            code = give_up(reason, _promised(promised))
        return code
    finally:
        watch.end()


def run_beside_timer(work: "Work", limits: Limits, give_up: "GiveUp") -> int:
    """Do `work` as `run_watched` does, on systems without fork (Windows): a thread ends this process, unless
    something holds Python's lock."""
    from threading import Timer

    promises: list[int] = []

    def end() -> None:
        os._exit(give_up(_too_long(limits), promises[-1] if promises else None))

    timer = Timer(limits.longest, end)
    timer.daemon = True
    timer.start()
    try:
        return work(promises.append)
    finally:
        timer.cancel()


def open_standard_streams() -> None:
    """Open the standard streams that were closed before we started: otherwise a pipe would get the number of one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number


def standard_input(seconds: float | None = None) -> bytes:
    """All of standard input. With `seconds`, raises `OSError` if it does not end in time."""
    until, read = time.monotonic() + (seconds or 0), list[bytes]()
    while seconds is None or select.select([0], [], [], max(0.0, until - time.monotonic()))[0]:
        data = os.read(0, 65536)
        if not data:
            return b"".join(read)
        read.append(data)
    raise OSError("standard input does not end")


def _be_child(work: "Work", limits: Limits, spoken: int, promise: int) -> None:
    """Never returns. The child writes only to the parent, because readers of a hook's output wait for all processes
    that could write to it."""
    code = 1
    try:
        # A group of its own, so that the watching process can also end what the child has started (git).
        os.setpgid(0, 0)
        for stream in (1, 2):
            os.dup2(spoken, stream)
        # The child ends by itself when the parent is gone. (The module `signal` takes a millisecond to import.)
        nobody = os.open(os.devnull, os.O_WRONLY)
        faulthandler.dump_traceback_later(limits.longest + _GRACE_SECONDS, exit=True, file=nobody)
        code = work(lambda kept: write_all(promise, bytes([kept])))
    finally:
        os._exit(code)


class Patience:
    """The time for which it makes sense to wait for another process's work."""

    def __init__(self, limits: Limits, waits: "Callable[[], str]") -> None:
        self._limits = limits
        self._waits = waits
        self._begun = self._since = time.monotonic()
        self._same, self._looks = "", 0

    def left(self) -> float:
        """Seconds until the time limit."""
        return self._begun + self._limits.longest - time.monotonic()

    def spent(self) -> str:
        """The reason to stop waiting; empty while waiting makes sense. To be called every few hundredths of a
        second."""
        now = time.monotonic()
        if self.left() <= 0:
            return _too_long(self._limits)
        seen = self._waits()
        if not seen or seen != self._same:
            self._same, self._since, self._looks = seen, now, 0
        elif now - self._since >= self._limits.stuck and self._looks >= _LOOKS:
            return f"for {_ms(self._limits.stuck)} it waited for the disk or for another process"
        self._looks += 1
        return ""


class _Watch:
    """Waits for a child, as long as that makes sense."""

    def __init__(self, child: int, heard: int, limits: Limits) -> None:
        self._child = child
        self._heard = heard
        self._patience = Patience(limits, lambda: waits(child))
        self._is_open = True
        self._is_gone = False

    def until_done(self) -> "tuple[int, str]":
        """The child's exit code, or the reason why there is none."""
        while True:
            self._pass_on()
            status = self._status()
            if status is not None:
                return status
            if reason := self._patience.spent():
                return 0, reason

    def end(self) -> None:
        """Leave no process behind, as far as the system can end it."""
        if self._is_gone:
            return
        for kill in (os.killpg, os.kill):  # its own children too; at first there is no group
            try:
                kill(self._child, _SIGKILL)
            except OSError:
                continue

    def _pass_on(self) -> None:
        """Pass on the child's output, until it pauses or ends."""
        while self._is_open:
            left = self._patience.left()
            # Short steps: the child's exit code and its waits are looked at in between.
            ready, _, _ = select.select([self._heard], [], [], max(0.0, min(_STEP_SECONDS, left)))
            if not ready:
                return
            data = os.read(self._heard, 65536)
            write_all(2, data)
            self._is_open = bool(data)
            if left <= 0:
                return
        time.sleep(_STEP_SECONDS / 40)  # it has closed its streams, usually because it ends

    def _status(self) -> "tuple[int, str] | None":
        found, status = os.waitpid(self._child, os.WNOHANG)
        if not found:
            return None
        self._is_gone = True
        code = os.waitstatus_to_exitcode(status)
        return (code, "") if code >= 0 else (0, f"its process was ended by signal {-code}")


def waits(process: int) -> str:
    """The waits of a process and its children: as long as the answer stays the same, none of them has run. Empty if
    one runs or is about to, and on systems that do not show it (only Linux does)."""
    try:
        found = [waits_of_thread(process, int(thread)) for thread in os.listdir(f"/proc/{process}/task")]
    except OSError:
        return ""
    return " ".join(found) if all(found) else ""


def waits_of_thread(process: int, thread: int) -> str:
    """The waits of one thread and of the processes that it has started; otherwise as `waits`."""
    folder = f"/proc/{process}/task/{thread}"
    try:
        seen = _switches(f"{folder}/status")
        below = [waits(int(child)) for child in _read(f"{folder}/children").split()] if seen else []
    except OSError:
        return ""
    return " ".join((f"{thread}{seen}", *below)) if seen and all(below) else ""


def _switches(path: str) -> str:
    """The numbers of voluntary and involuntary context switches of a thread; empty while it runs. Raises `OSError`."""
    said = ""
    for line in _read(path).splitlines():
        # A running thread is busy, however rarely it was switched.
        if line.startswith(b"State:") and b"R" in line.partition(b"(")[0]:
            return ""
        if line.startswith((b"voluntary_ctxt_switches:", b"nonvoluntary_ctxt_switches:")):
            # Each wait adds a switch: equal counts mean that it is still the same wait (proc(5)).
            said += f":{int(line.rpartition(b':')[2])}"
    return said


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _promised(pipe: int) -> int | None:
    # The child may still have the other end open.
    os.set_blocking(pipe, False)
    try:
        promises = os.read(pipe, 64)
    except BlockingIOError:
        return None
    # A later promise replaces an earlier one.
    return promises[-1] if promises else None


def write_all(stream: int, data: bytes) -> None:
    """Write all of the data; nobody may be listening."""
    try:
        while data:
            data = data[os.write(stream, data) :]
    except OSError:
        pass  # nobody listens


def _too_long(limits: Limits) -> str:
    return f"it took longer than {_ms(limits.longest)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
