"""How every hook begins and ends.

Whatever happens in here, git goes on: a problem is one line on standard error, after at most the deadline. The one
exception is a hook that says on purpose, by answering True, that the commit is to be stopped.
"""

import os
import sys

from tokcost_hooks import bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

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
        _tell_of_rescues()
        _tidy_up(name)
    except BaseException as problem:
        code = 0
        _tell(name, problem)
        if name != "tidy-up" and type(problem).__name__ in ("LedgerDamaged", "RestoreNeeded"):
            _prepare_the_next("catch-up")
    finally:
        os._exit(code)  # nothing that is still open may keep git waiting


def _lighten() -> None:
    """What a process that ends in a moment can do without."""
    import gc

    from tokcost import light

    gc.disable()
    light.install()
    from tokcost.readers import registry
    from tokcost_hooks import expressions

    for one in bundle.in_use():
        one.new_expressions = expressions.install(one.expressions)
        registry.KNOWN |= one.readers
    light.alone = registry.is_ours_alone()


def _tidy_up(name: str) -> None:
    """Once in a while, in a process that nobody waits for: complete the bundle, write back what is left of the
    ledger. The latter takes a program of its own: SQLite must not be used behind a fork."""
    from tokcost.ledger.open import has_much_left

    has_work = bundle.lacks_something() or has_much_left(_home())
    if name == "tidy-up" or not has_work or not hasattr(os, "fork") or os.fork():
        return
    os.setsid()
    for number in range(3):
        os.close(number)
        os.open(os.devnull, os.O_RDWR)
    from tokcost_hooks.bundling import complete

    complete()
    os.execve(sys.executable, *_program_tidy_up())


def _tell_of_rescues() -> None:
    """One line, once, that the ledger was damaged."""
    path = os.path.join(_home(), "rescues.json")
    if not os.path.exists(path):
        return
    from tokcost.services.rescues import take_notice

    said = take_notice(_home())
    if said:
        sys.stderr.write(f"tokcost: {said}.\n")


def _prepare_the_next(*wishes: str) -> None:
    """The first hook of all has to look for every module, which on a slow machine is too much: whoever comes next
    shall find them ready. This is called beside a thread that is in the middle of something, so nothing is forked."""
    if not hasattr(os, "posix_spawn"):
        return
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    command, environ = _program_tidy_up()
    os.posix_spawn(sys.executable, [*command, *wishes], environ, file_actions=nowhere, setsid=True)


def _program_tidy_up() -> tuple[list[str], dict[str, str]]:
    environ = os.environ | {"TOKCOST_PATH": os.pathsep.join(sys.path), "TOKCOST_DEADLINE": "60"}
    run = os.path.join(os.path.dirname(__file__), "run.py")
    return [sys.executable, "-I", "-S", run, "tidy-up"], dict(environ)


def _home() -> "Path":
    from pathlib import Path

    from tokcost.settings import tokcost_home

    return Path(tokcost_home(os.environ))


def _run(name: str) -> bool:
    """Whether the commit is to be stopped."""
    from importlib import import_module

    from tokcost.repo.worktree import worktree_of_hook

    worktree = worktree_of_hook(os.getcwd(), os.environ)
    if worktree is None:
        return False
    hook = import_module(f"tokcost_hooks.{name.replace('-', '_')}")
    return hook.run(_home(), dict(os.environ), worktree, _arguments(name)) is True


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
        try:
            if bundle.lacks_something():
                _prepare_the_next()
        finally:
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
