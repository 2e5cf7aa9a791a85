"""How every hook begins and ends.

Whatever happens in here, git goes on: a problem is one line on standard error. The one exception is a hook that says on
purpose, by answering True, that the commit is to be stopped. The work is done in a process of its own, watched by the
one that git waits for (`watch.py`): nothing that the work does can keep git waiting beyond the deadline.
"""

import os
import sys

from tokcost_hooks.console import say
from tokcost_hooks.watch import Limits, run_beside_timer, run_watched

TYPE_CHECKING = False
"""`typing` takes longer to import than all that the watching process needs."""
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tokcost.services.clone_state import CloneState

LONGEST_SECONDS = 2.0
"""A hook that is slow ends after this time."""
STUCK_SECONDS = {"pre-commit": 0.1}
"""A hook that waits for one and the same thing (a disk, a lock, another process) ends after this time; together those
in front of a commit cost it 300 ms at most."""
USUAL_STUCK_SECONDS = 0.2
STOP = 79
"""Exit code of a commit that is stopped on purpose: Python never leaves with it by itself, nor does a shell."""


def main() -> None:
    """Run one hook and leave with 0, or with `STOP`."""
    hook, code = _Hook((sys.argv[1:] or ["tokcost-hook"])[0]), 0
    try:
        run = run_watched if hasattr(os, "fork") else run_beside_timer
        code = run(hook.work, _limits(hook.name), hook.fail)
    except BaseException as problem:
        hook.fail(_words(problem), 0)
    finally:
        os._exit(code)  # nothing that is still open may keep git waiting


def _limits(name: str) -> Limits:
    """`TOKCOST_DEADLINE` stands for both limits, in seconds."""
    chosen = os.environ.get("TOKCOST_DEADLINE")
    if chosen:
        return Limits(float(chosen), float(chosen))
    return Limits(LONGEST_SECONDS, STUCK_SECONDS.get(name, USUAL_STUCK_SECONDS))


class _Hook:
    """The hook that git runs now."""

    def __init__(self, name: str) -> None:
        self.name = name

    def work(self, promise: "Callable[[int], None]") -> int:
        """Do what it is for; the exit code."""
        import gc

        gc.disable()  # over before there is anything to collect
        code = 0
        try:
            from tokcost.services.clone_state import state_of_hook

            here = state_of_hook(os.getcwd(), os.environ)
            if here is None:
                return 0
            code = _unless_done(self.name, here)
            if code:
                promise(code)
            return STOP if self._run(here) else 0
        except BaseException as problem:
            self.fail(_words(problem), code)
            return code

    def _run(self, here: "CloneState") -> bool:
        """Whether the commit is to be stopped."""
        from importlib import import_module

        hook = import_module(f"tokcost_hooks.{self.name.replace('-', '_')}")
        return hook.run(_home(), dict(os.environ), here, _arguments(self.name)) is True

    def fail(self, reason: str, code: int) -> None:
        """Say what did not happen, and why; with what exit code the hook ends."""
        if self.name == "prepare-commit-msg":
            lost = f"{self.name} left this commit without a cost line ({reason}); the spend stays pending"
        elif self.name == "pre-commit":
            lost = f"the budget was not checked ({reason})"
        else:
            lost = f"{self.name} could not finish ({reason}); the commit is not touched, and the next one catches up"
        say(f"tokcost: {lost}{_STOPPED if code == STOP else '.'}")


_STOPPED = """; the commit was stopped, as tokcost.budgetUnchecked asks.
hint: try again, or once: git commit --no-verify; from now on: git config tokcost.budgetUnchecked pass"""


def _unless_done(name: str, here: "CloneState") -> int:
    """The exit code of a hook that comes to no end: `STOP` where a budget that cannot be checked is to stop the
    commit."""
    if name != "pre-commit":
        return 0
    from tokcost.services.clone_state import stops_unchecked

    return STOP if stops_unchecked(here) else 0


def _words(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__


def _home() -> "Path":
    from pathlib import Path

    from tokcost.settings import tokcost_home

    return Path(tokcost_home(os.environ))


def _arguments(name: str) -> list[str]:
    """As git gives them. The pre-commit framework passes the file alone and the rest in the environment; lefthook
    leaves `{2}` as it is where git gave nothing."""
    arguments = [argument for argument in sys.argv[2:] if argument not in ("{1}", "{2}", "{3}")]
    if name == "prepare-commit-msg" and len(arguments) == 1:
        names = ("PRE_COMMIT_COMMIT_MSG_SOURCE", "PRE_COMMIT_COMMIT_OBJECT_NAME")
        arguments += [os.environ.get(name, "") for name in names]
    return arguments
