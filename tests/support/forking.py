"""The processes behind `support.warm`: each has imported what processes of its kind need, and forks for each of these
that is asked for."""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import resource
import selectors
import socket
import sys
import time
import traceback
from typing import Any, NoReturn, TextIO, cast

_ROOMS = ("claims", "ledger", "placement", "policy", "pricing", "readers", "repo", "usage")
KINDS: dict[str, tuple[list[str], list[str]]] = {
    "hook": (["tokcost_hooks", *(f"tokcost.{room}" for room in _ROOMS)], ["tokcost.local_server", "hashlib"]),
    "command": (["tokcost", "tokcost_hooks"], ["rich.console"]),
    "files": (["tokcost", "tokcost_hooks"], ["rich.console", "pyarrow.parquet", "pandas", "duckdb", "git"]),
    "server": (["tokcost", "tokcost_hooks", "tokcost.lsp"], []),
}
"""What is imported for processes of a kind: packages, with all that is in them, and modules. The less there is, the
less it costs to fork: a process with everything takes ten times as long as one with what hooks need."""
_WHEN_NEEDED = ("tokcost.lsp", "tokcost.ledger.migrations")
"""Packages and modules that most processes do without, and that bring much along."""
_HOOK = """
from tokcost_hooks.start import main
main({parent})
"""
_LONGEST_REQUEST = 1 << 20


def serve(kind: str, descriptor: int, door: int) -> None:
    """Fork for each request, and say how each child ends, until nobody asks any more. The first socket is a connection,
    the second listens to hooks (`support.hook_door`)."""
    _import(*KINDS[kind])
    gc.freeze()
    children: dict[int, tuple[int, socket.socket]] = {}
    with (
        socket.socket(fileno=descriptor) as asked,
        socket.socket(fileno=door) as hooks,
        selectors.DefaultSelector() as waiting,
    ):
        waiting.register(asked, selectors.EVENT_READ)
        waiting.register(hooks, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fd in children:
                    pid, status = children.pop(key.fd)
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    _tell(status, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    status.close()
                    continue
                wish, descriptors = _received(asked) if key.fileobj is asked else _hook(hooks)
                if wish is None:
                    os._exit(0)
                if not (pid := os.fork()):
                    _become(wish, descriptors)
                *streams, told = descriptors
                for stream in streams:
                    os.close(stream)
                status = socket.socket(fileno=told)
                child = os.pidfd_open(pid)
                children[child] = pid, status
                waiting.register(child, selectors.EVENT_READ)
                _tell(status, pid)


def _tell(status: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody asks any more
        status.send(b"%d" % number)


def _received(asked: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(asked, 4, 4, socket.MSG_WAITALL)
    if not data:
        return None, []
    length = int.from_bytes(data, "big")
    return json.loads(asked.recv(length, socket.MSG_WAITALL)), list(descriptors)


def _hook(door: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A hook that is to be run, as `support.hook_door` asks for it."""
    status, _ = door.accept()
    data, descriptors, _, _ = socket.recv_fds(status, _LONGEST_REQUEST, 3)
    parent, umask, folder, count, *fields = map(os.fsdecode, data.split(b"\0"))
    words, variables = fields[: int(count)], fields[int(count) :]
    environ = {name: value for name, _, value in (variable.partition("=") for variable in variables)}
    path = environ.pop("TOKCOST_PATH")  # as `tokcost_hooks.run` does
    assert path
    wish = {"code": _HOOK.format(parent=int(parent)), "words": words, "cwd": folder, "environ": environ}
    return wish | {"umask": int(umask), "memory": resource.RLIM_INFINITY}, [*descriptors, status.detach()]


def _import(packages: list[str], modules: list[str]) -> None:
    names = [*packages, *modules]
    for package in map(importlib.import_module, packages):
        found = [one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=_raise)]
        left_out = tuple(name for name in _WHEN_NEEDED if name not in packages)
        names += [name for name in found if not name.startswith(left_out) and not name.endswith("__main__")]
    for name in names:
        importlib.import_module(name)


def _raise(name: str) -> NoReturn:
    raise ImportError(name)


def _become(wish: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """Be the process that was asked for."""
    code = 1
    try:
        for number, stream in enumerate(descriptors[:3]):
            os.dup2(stream, number)
        os.closerange(3, max(descriptors) + 64)
        os.chdir(wish["cwd"])
        os.umask(wish["umask"])
        limit(wish["memory"])
        # Where nothing names an encoding, Python itself has chosen one when it started (PEP 538).
        chosen = {name: value for name, value in os.environ.items() if name == "LC_CTYPE"}
        os.environ.clear()
        os.environ.update(chosen | wish["environ"])
        time.tzset()
        sys.argv = ["-c", *wish["words"]]
        for name in ("stdin", "stdout", "stderr"):
            setattr(sys, name, _anew(getattr(sys, name)))
        exec(compile(wish["code"], "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _anew(stream: TextIO) -> TextIO:
    """A standard stream as Python opens it: it behaves in another way on a terminal."""
    number, is_error = stream.fileno(), stream is sys.stderr
    is_by_line = is_error or (stream is sys.stdout and os.isatty(number))
    size, encoding, errors = 1 if is_by_line else -1, stream.encoding, stream.errors
    return cast(TextIO, os.fdopen(number, stream.mode, size, encoding=encoding, errors=errors, closefd=False))


def limit(memory: int) -> None:
    """Let this process have so many bytes of memory at most."""
    if memory != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
