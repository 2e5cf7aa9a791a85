"""The client half of a hook: it has a running server do the work (`tokcost.local_server` has the protocol)."""

import os
import sys

from tokcost_hooks.watch import Limits, Patience, open_standard_streams, standard_input, waits_of_thread, write_all

TYPE_CHECKING = False
"""`typing` takes longer to import than everything that a client needs."""
if TYPE_CHECKING:
    from tokcost.local_server import Connection
    from tokcost_hooks.watch import GiveUp


class ServerAnswer:
    """The result of asking a server."""

    def __init__(self, code: int | None = None, data: bytes | None = None) -> None:
        self.code = code
        """The hook's exit code; `None` if no server has begun, so that the work is still to be done."""
        self.data = data
        """Standard input, if it was read for a server."""


def ask_server(name: str, arguments: list[str], limits: Limits, give_up: "GiveUp") -> ServerAnswer:
    """Have a server do the work, as long as that makes sense. The work is not repeated here, unless the server reports,
    explicitly or by ending, that it had not begun. If it does not finish, `give_up` is called as by `run_watched`."""
    from tokcost.local_server import GREETING_SECONDS, ServerRequest, reach
    from tokcost.settings import home_folder

    chosen = os.environ.get("TOKCOST_HOME", "/")
    open_standard_streams()
    patience = max(GREETING_SECONDS, limits.stuck / 20)  # whoever asked for more of it has more
    server = reach(home_folder(os.environ), os.environ, patience) if chosen.startswith("/") else None
    if server is None:
        return ServerAnswer()
    data = None
    try:
        request = ServerRequest("hook", [name, *arguments], os.getcwd(), os.environ)
        request.folders = sys.path[: sys.path.index(_OURS)] if _OURS in sys.path else []
        # The only hook of ours to which git writes something (githooks(5)).
        if name == "post-rewrite":
            data = request.data = standard_input(limits.longest)
        server.send(request)
        return ServerAnswer(_wait(server, limits, give_up), data)
    except (OSError, ValueError):
        return ServerAnswer(None, data)
    finally:
        server.close()


_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""`run.py` puts its folders before this one."""


def _wait(server: "Connection", limits: Limits, give_up: "GiveUp") -> int | None:
    """The exit code; `None` if the server had not begun."""
    from tokcost.local_server import BEGUN, DONE, REFUSED, STEP_SECONDS, NotUnderstood

    patience = Patience(limits, lambda: waits_of_thread(server.process, server.thread))
    step = min(STEP_SECONDS, limits.longest)
    has_begun, reason, promised = False, "", None
    while not reason:
        try:
            letter, data = server.next(step) or (b"", b"")
        except (OSError, NotUnderstood):
            if not has_begun:
                return None
            reason = "the tokcost server that worked on it has ended"
            break
        if letter == REFUSED:
            return None
        if letter == DONE:
            return data[0]
        # What was begun may have claimed usage and must not be done a second time.
        has_begun = has_begun or letter == BEGUN
        promised = _heard(letter, data, promised)
        reason = "" if letter else patience.spent()
    server.close()  # first, so that it writes no message for a commit that has gone on
    return give_up(reason, promised)


def _heard(letter: bytes, data: bytes, promised: int | None) -> int | None:
    """Pass on the server's output; returns the exit code promised so far."""
    from tokcost.local_server import PROMISED, SAID

    if letter == SAID:
        write_all(2, data)
    return data[0] if letter == PROMISED else promised
