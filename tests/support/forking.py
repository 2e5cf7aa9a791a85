"""The process behind `support.warm`: it has imported all of tokcost, and forks for each process that is asked for."""

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

_PACKAGES = ("tokcost", "tokcost_hooks")
_FURTHER = ("genai_prices", "genai_prices.data", "rich.console", "pydantic", "sqlite_utils")
"""What commands import when they need it."""


def serve(descriptor: int) -> None:
    """Fork for each request, and say how each child ends, until nobody asks any more."""
    _import_all()
    gc.freeze()
    children: dict[int, tuple[int, socket.socket]] = {}
    with socket.socket(fileno=descriptor) as asked, selectors.DefaultSelector() as waiting:
        waiting.register(asked, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is not asked:
                    pid, status = children.pop(key.fd)
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    _tell(status, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    status.close()
                    continue
                wish, descriptors = _received(asked)
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


def _import_all() -> None:
    for package in map(importlib.import_module, _PACKAGES):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    for name in _FURTHER:
        importlib.import_module(name)


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
