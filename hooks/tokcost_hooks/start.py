"""How every hook begins and ends.

Whatever happens in here, git goes on: a problem is one line on standard error, after at most the deadline. The one
exception is a hook that says on purpose, by answering True, that the commit is to be stopped.
"""

import os
import sys

from tokcost_hooks import bundle

DEADLINE_SECONDS = 0.2
BUDGET_SECONDS = 0.1
"""Both hooks in front of a commit may be stuck: together they cost it 300 ms at most."""
STOP = 79
"""Exit code of a commit that is stopped on purpose: Python never leaves with it by itself, nor does a shell."""


def main() -> None:
    """Run one hook and leave with 0, or with `STOP`."""
    name, code = (sys.argv[1:] or ["tokcost-hook"])[0], 0
    try:
        done = _limit(name)
        bundle.use()
        _lighten()
        code = STOP if _run(name) else 0
        done.append(True)
        if bundle.lacks_something():
            _complete_bundle()
    except BaseException as problem:
        code = 0
        _tell(name, problem)
    finally:
        os._exit(code)  # nothing that is still open may keep git waiting


def _lighten() -> None:
    """What a process that ends in a moment can do without."""
    import gc

    from tokcost_hooks import light

    gc.disable()
    light.install()


def _complete_bundle() -> None:
    """Once for each version, in a process that nobody waits for."""
    if not hasattr(os, "fork"):
        bundle.complete()
    elif os.fork() == 0:
        os.setsid()
        for number in range(3):
            os.close(number)
        bundle.complete()


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
    return hook.run(Path(tokcost_home(os.environ)), dict(os.environ), worktree, _arguments(name)) is True


def _arguments(name: str) -> list[str]:
    """As git gives them. The pre-commit framework passes the file alone and the rest in the environment; lefthook
    leaves `{2}` as it is where git gave nothing."""
    arguments = [argument for argument in sys.argv[2:] if argument not in ("{1}", "{2}", "{3}")]
    if name == "prepare-commit-msg" and len(arguments) == 1:
        names = ("PRE_COMMIT_COMMIT_MSG_SOURCE", "PRE_COMMIT_COMMIT_OBJECT_NAME")
        arguments += [os.environ.get(name, "") for name in names]
    return arguments


def _limit(name: str) -> list[bool]:
    """Leave at the deadline, whatever is being waited for. A thread does it: a signal is seen only between Python's
    own steps, and its exception could be taken for an error of the file that was being read. Leaving like this is
    what a `kill -9` would do, and is as safe. Whoever is done in time says so in the list."""
    import _thread
    import time

    usual = BUDGET_SECONDS if name == "pre-commit" else DEADLINE_SECONDS
    seconds = float(os.environ.get("TOKCOST_DEADLINE") or usual)

    done: list[bool] = []

    def watch() -> None:
        time.sleep(seconds)
        if done:
            return
        _tell(name, TimeoutError(f"it took longer than {seconds * 1000:.0f} ms"))
        os._exit(0)

    _thread.start_new_thread(watch, ())
    return done


def _tell(name: str, problem: BaseException) -> None:
    text = str(problem) or type(problem).__name__
    lost = {
        "prepare-commit-msg": f"{name} left this commit without a cost line ({text}); the spend stays pending",
        "pre-commit": f"the budget was not checked ({text})",
    }.get(name, f"{name} could not finish ({text}); the commit is not touched, and the next one catches up")
    try:
        sys.stderr.write(f"tokcost: {lost}.\n")
        sys.stderr.flush()
    except (OSError, AttributeError):
        pass  # nobody listens: standard error is broken, or was closed before we started
