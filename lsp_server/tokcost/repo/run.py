"""The only place that runs programs, and the only way in which git is run: so that reading a repository runs nothing of
it.

Settings of a repository name programs (hooks, filters, pagers, ssh, diff drivers, signature checks), and a remote from
which git automatically fetches what a partial clone left out. Whoever made the repository chose them, so no call of git
may start one: a query that cannot be answered without it fails.
"""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Literal, cast

from tokcost.errors import EnvironmentProblem
from tokcost.import_path import absolute_path

if TYPE_CHECKING:
    import subprocess
    from threading import Event

_PASSED_ON = (
    *("GIT_EXEC_PATH", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"),
)
_PASSED_ON_NUMBERED = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""GIT_ variables that locate git and its configuration, including the settings of one command (`git -c`, and
`safe.directory` of containers, which is numbered). All others (GIT_DIR, GIT_INDEX_FILE, …) are set by git for its
hooks and would redirect a query to another repository."""

_NO_PROGRAM = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",  # the index is not written, so no hook is run for it
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # other clones lack the replacements of git-replace(1)
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": "false",
    "GIT_EDITOR": ":",
    "GIT_SEQUENCE_EDITOR": ":",
}
"""The environment of git and everything that it starts. `GIT_ALLOW_PROTOCOL` overrides all `protocol.*` settings,
and also works where git is too old for `GIT_NO_LAZY_FETCH` (before 2.45 and its backports): the fetch is then
refused every transport."""
_OFF = {
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.alternateRefsCommand": "false",
    "core.sshCommand": "false",
    "credential.helper": "",
    "diff.orderFile": os.devnull,
    "diff.submodule": "short",
    "gc.auto": "0",
    "gpg.program": "false",
    "gpg.openpgp.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "log.mailmap": "false",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "safe.bareRepository": "all",
    "submodule.recurse": "false",
}
"""Settings that override those of a repository. `core.attributesFile` and `diff.orderFile`: git would wait for a
pipe that they name. `diff.submodule`: the changes within a submodule are shown by a second git process, which reads
the submodule's settings and none of these. `log.mailmap`: for it, git opens a tree that a partial clone may lack;
where names are needed, a format asks for them. `i18n.logOutputEncoding`: in UTF-16, no line would be found, and no
record would end. `log.showRoot`: the files of a first commit would be missing. `safe.bareRepository`: git would refuse
to work in a git folder. Naming the folder to git would satisfy it as well, but git then no longer asks who owns it
(`safe.directory`)."""
_OF_LOG = ("--no-ext-diff", "--no-textconv", "--no-show-signature", "--ignore-submodules=none")
"""Options that disable what no setting does, or what a file of the repository sets too (`.gitmodules` can hide
submodules)."""
_BY_ITSELF = ("config", "version")
"""These start nothing, and queries of a repository's settings must not return ours, except for the one without which
git ignores the settings of a git folder that it is run in."""
_ANY_FOLDER = ("-c", f"safe.bareRepository={_OFF['safe.bareRepository']}")


Hooks = Literal["none", "named", "run"]
"""The hooks that a call of git may know.

- `none`: the folder that they are in is no folder.
- `named`: where they are is the question. For `git rev-parse` alone, which starts no program.
- `run`: those that are there run. For the repository that the demo makes, whose lines come from our hooks.
"""


_READ_AT_ONCE = 1 << 18
MOST_BYTES = 1 << 24
"""The maximum size of one piece of output; the rest of it is skipped. Nobody writes a message of 16 MiB by hand."""


class GitFailed(EnvironmentProblem):
    """git ran and returned an error."""

    def __init__(self, args: Sequence[str], code: int, out: str, err: str) -> None:
        from tokcost.repo.git_failures import hint_for, reason_in  # git seldom fails

        said = err.strip() or out
        super().__init__(f"git {' '.join(args)} failed with code {code}: {reason_in(said)}", hint_for(said))
        self.code, self.out, self.err = code, out, err


class GitTooSlow(EnvironmentProblem):
    """git did not answer in time."""

    def __init__(self, args: Sequence[str], seconds: float) -> None:
        hint = "Try again when the disk is less busy."
        super().__init__(f"git {' '.join(args)} did not answer within {seconds:g} seconds", hint)


_ASKER: ContextVar[Mapping[str, str] | None] = ContextVar("asker", default=None)


@contextmanager
def on_behalf_of(environ: Mapping[str, str]) -> Generator[None]:
    """Run git, within this context, as a process with that environment would: a server works for many. Applies to
    the calling thread."""
    token = _ASKER.set(environ)
    try:
        yield
    finally:
        _ASKER.reset(token)


def asker() -> Mapping[str, str]:
    """The environment on whose behalf git is run: usually this process's own."""
    environ = _ASKER.get()
    return os.environ if environ is None else environ


def run_git(
    args: Sequence[str],
    cwd: str | os.PathLike[str],
    *,
    more: dict[str, str] | None = None,
    feed: str = "",
    seconds: float = 60.0,
    hooks: Hooks = "none",
) -> str:
    """The output of git, undecodable bytes as surrogates.

    `more` adds environment variables; `feed` is git's standard input. Raises `GitFailed` if git returns an error,
    `GitTooSlow` if it takes longer than `seconds`, `EnvironmentProblem` if there is no git.
    """
    import subprocess  # many callers need no git after all

    try:
        done = subprocess.run(
            _command(args, hooks),
            cwd=cwd,
            env=_environ(more),
            input=os.fsencode(feed),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise _not_started(cwd, error) from error
    except subprocess.TimeoutExpired as error:
        raise GitTooSlow(args, seconds) from error
    out, err = (os.fsdecode(stream) for stream in (done.stdout, done.stderr))
    if done.returncode != 0:
        if _NO_REPOSITORY in err:
            run_git(["rev-parse", "--git-dir"], cwd, more=more, seconds=seconds)  # raises, with the reason
        raise GitFailed(args, done.returncode, out, err)
    return out


_NO_REPOSITORY = "can only be used inside a git repository"
"""`git config` says that, and no more, of any repository that git does not use, for example one of another user."""


def stream_git(
    args: Sequence[str],
    cwd: str | os.PathLike[str],
    *,
    more: dict[str, str] | None = None,
    feed: str = "",
    end: bytes = b"\n",
    seconds: float | None = None,
) -> Iterator[bytes]:
    """The output of git in pieces as they arrive, each without its `end`: for output that may be as long as a history.

    Each piece is limited to `MOST_BYTES`. `seconds` include the caller's work on the pieces. Raises as `run_git` does,
    after all output was read.
    """
    import subprocess
    from threading import Event

    try:
        program = subprocess.Popen(
            _command(args, "none"),
            cwd=cwd,
            env=_environ(more),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise _not_started(cwd, error) from error
    late = Event()
    with _minded(program, os.fsencode(feed), late, seconds) as said:
        assert program.stdout is not None
        yield from _pieces(program.stdout, end)
        code = program.wait()
    if late.is_set():
        raise GitTooSlow(args, seconds or 0)
    if code:
        raise GitFailed(args, code, "", os.fsdecode(b"".join(said)))


@contextmanager
def _minded(
    program: "subprocess.Popen[bytes]", feed: bytes, late: "Event", seconds: float | None
) -> Generator[list[bytes]]:
    """Write a program's input, read its standard error, and end it when its time is up, all in parallel to reading
    its output, so that no pipe can block it."""
    from threading import Thread, Timer

    said: list[bytes] = []

    def give() -> None:
        with suppress(OSError), cast(IO[bytes], program.stdin) as stream:  # it may end without reading all of it
            stream.write(feed)

    def listen() -> None:
        with cast(IO[bytes], program.stderr) as stream:
            said.append(stream.read())

    def stop() -> None:
        # Before the kill: as soon as the output ends, the reader checks the reason.
        late.set()
        program.kill()

    helpers = [Thread(target=give), Thread(target=listen)]
    timer = Timer(seconds, stop) if seconds is not None else None
    for one in (*helpers, timer):
        if one is not None:
            one.start()
    try:
        yield said
    finally:
        if timer is not None:
            timer.cancel()
        _end(program)
        for one in helpers:
            one.join()


def _pieces(stream: IO[bytes], end: bytes) -> Iterator[bytes]:
    begun: list[bytes] = []
    left = MOST_BYTES
    while read := stream.read(_READ_AT_ONCE):
        last, *more = read.split(end)
        if more:
            yield b"".join((*begun, last[:left]))
            yield from more[:-1]
            last, begun, left = more[-1], [], MOST_BYTES
        begun.append(last[:left])
        left -= len(begun[-1])
    if any(begun):
        yield b"".join(begun)


def _end(program: "subprocess.Popen[bytes]") -> None:
    """End a process whose reader stopped early."""
    if program.poll() is None:
        program.kill()
    if program.stdout is not None:
        program.stdout.close()
    program.wait()


def _command(args: Sequence[str], hooks: Hooks) -> list[str]:
    """A git command that starts no other program. Our settings are the last on the command line, so they win."""
    at = _subcommand(args)
    if args[at] in _BY_ITSELF:
        return [_git(), *args[:at], *(_ANY_FOLDER if args[at] == "config" else ()), *args[at:]]
    assert hooks != "named" or args[at] == "rev-parse"
    off = _OFF if hooks != "none" else _OFF | {"core.hooksPath": os.devnull}
    settings = [word for name, value in off.items() for word in ("-c", f"{name}={value}")]
    # cat-file, patch-id, name-rev and others refuse these options.
    of_log = _OF_LOG if args[at] in ("log", "show") else ()
    return [_git(), *args[:at], "--no-pager", *settings, args[at], *of_log, *args[at + 1 :]]


def _subcommand(args: Sequence[str]) -> int:
    """The index after git's own options."""
    at = 0
    while args[at].startswith("-"):
        at += 2 if args[at] == "-c" else 1
    return at


def list_processes(seconds: float = 0.5) -> str:
    """A line for each process of this machine: its id, its parent's id and its command line, as printed by `ps` on
    all systems but Windows; empty if there is none."""
    import subprocess

    # `-ww`: without it, ps may cut command lines at the width of a terminal (ps(1)).
    asked = ["-A", "-ww", "-o", "pid=", "-o", "ppid=", "-o", "args="]
    try:
        done = subprocess.run(
            [_program("ps"), *asked], env=_environ(None), capture_output=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return os.fsdecode(done.stdout)


def _git() -> str:
    found = _program("git.exe" if os.name == "nt" else "git")
    if not found:
        raise _not_found()
    return found


def _program(name: str) -> str:
    """The path of a program; empty if there is none. Windows would search the current folder first, which may be a
    repository, so the system is not asked."""
    for folder in absolute_path(asker().get("PATH", os.defpath)).split(os.pathsep):
        if folder and os.access(found := os.path.join(folder, name), os.X_OK) and not os.path.isdir(found):
            return found
    return ""


def _not_started(cwd: str | os.PathLike[str], error: OSError) -> EnvironmentProblem:
    """The reason why git could not be started, in words."""
    if not isinstance(error, FileNotFoundError):
        return EnvironmentProblem(
            f"git could not be started: {error.strerror or error}", "Check that `git --version` works here."
        )
    if not os.path.isdir(cwd):
        return EnvironmentProblem(f"the folder {os.fspath(cwd)} does not exist", "Change to an existing folder.")
    return _not_found()


def _not_found() -> EnvironmentProblem:
    return EnvironmentProblem("git was not found", "Install git and make sure it is on PATH.")


def _environ(more: dict[str, str] | None) -> dict[str, str]:
    path = absolute_path(asker().get("PATH", os.defpath))
    # The last one wins, so nobody's variables can permit what `_NO_PROGRAM` forbids.
    return _clean_environ() | (more or {}) | {"PATH": path} | _NO_PROGRAM


def _clean_environ() -> dict[str, str]:
    """The environment without the variables that git set in it for another repository."""
    return {
        name: value
        for name, value in asker().items()
        if not name.startswith("GIT_") or name in _PASSED_ON or name.startswith(_PASSED_ON_NUMBERED)
    }
