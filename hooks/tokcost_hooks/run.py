"""The start of every hook: `python run.py HOOK ARGUMENTS…`, with the folders to import from in `TOKCOST_PATH`.

Whatever happens in here, git goes on: a problem is one line on standard error, after at most the deadline.
"""

import os
import sys

DEADLINE_SECONDS = 0.3
GRACE_SECONDS = 0.02


def main() -> None:
    """Run one hook and leave with 0, always."""
    sys.path[:0] = os.environ.pop("TOKCOST_PATH", "").split(os.pathsep)
    name = sys.argv[1]
    try:
        _limit(name)
        _run(name)
    except BaseException as problem:
        _tell(name, problem)
    os._exit(0)  # nothing that is still open may keep git waiting


def _run(name: str) -> None:
    from importlib import import_module
    from pathlib import Path

    from tokcost.repo.worktree import worktree_of_hook
    from tokcost.settings import tokcost_home

    worktree = worktree_of_hook(os.getcwd(), os.environ)
    if worktree is not None:
        hook = import_module(f"tokcost_hooks.{name.replace('-', '_')}")
        hook.run(Path(tokcost_home(os.environ)), dict(os.environ), worktree, sys.argv[2:])


def _limit(name: str) -> None:
    """Give up at the deadline, also in the middle of a call that waits for a disk or a lock: Python sees a signal only
    between its own steps, so a thread leaves in its place when the signal is not answered."""
    import _thread
    import signal
    import time

    seconds = float(os.environ.get("TOKCOST_DEADLINE") or DEADLINE_SECONDS)
    late = TimeoutError(f"it took longer than {seconds * 1000:.0f} ms")
    answered: list[bool] = []

    def stop(*_: object) -> None:
        answered.append(True)
        raise late

    def watch() -> None:
        time.sleep(seconds + GRACE_SECONDS)
        if not answered:
            _tell(name, late)
            os._exit(0)

    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    _thread.start_new_thread(watch, ())


def _tell(name: str, problem: BaseException) -> None:
    text = str(problem) or type(problem).__name__
    try:
        sys.stderr.write(f"tokcost: {name} left this commit without a cost line ({text}); the spend stays pending.\n")
        sys.stderr.flush()
    except OSError:
        pass


if __name__ == "__main__":
    main()
