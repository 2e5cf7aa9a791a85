"""The start of every hook: `python run.py HOOK ARGUMENTS…`, with the folders to import from in `TOKCOST_PATH`.

Whatever happens in here, git goes on: a problem is one line on standard error, after at most the deadline. The one
exception is a hook that says on purpose, by answering True, that the commit is to be stopped.
"""

import os
import sys

DEADLINE_SECONDS = 0.3
GRACE_SECONDS = 0.02
STOP = 79
"""Exit code of a commit that is stopped on purpose: Python never leaves with it by itself, nor does a shell."""


def main() -> None:
    """Run one hook and leave with 0, or with `STOP`."""
    sys.path[:0] = os.environ.pop("TOKCOST_PATH", "").split(os.pathsep)
    name, code = sys.argv[1], 0
    try:
        _limit(name)
        code = STOP if _run(name) else 0
    except BaseException as problem:
        code = 0
        _tell(name, problem)
    os._exit(code)  # nothing that is still open may keep git waiting


def _run(name: str) -> bool:
    """Whether the commit is to be stopped."""
    from importlib import import_module
    from pathlib import Path

    from tokcost.repo.worktree import worktree_of_hook
    from tokcost.settings import tokcost_home

    worktree = worktree_of_hook(os.getcwd(), os.environ)
    if worktree is None:
        return False
    hook = import_module(f"tokcost_hooks.{name.replace('-', '_')}")
    return hook.run(Path(tokcost_home(os.environ)), dict(os.environ), worktree, sys.argv[2:]) is True


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
    lost = f"{name} left this commit without a cost line ({text}); the spend stays pending"
    if name == "pre-commit":
        lost = f"the budget was not checked ({text})"
    try:
        sys.stderr.write(f"tokcost: {lost}.\n")
        sys.stderr.flush()
    except OSError:
        pass


if __name__ == "__main__":
    main()
