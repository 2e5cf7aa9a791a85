"""Validates the parameters of a command: one object from the client, which may contain anything."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, cast

from pygls.exceptions import JsonRpcException

from tokcost.errors import UsageError
from tokcost.lsp.documents import folder_uris, worktree_of
from tokcost.lsp.protocol import sendable
from tokcost.lsp.server import TokcostServer, answered
from tokcost.model.worktree import Worktree
from tokcost.reports.text import shorten

CommandParams = Mapping[str, Any]
_MOST_QUOTED = 80
"""Characters of client data quoted in an error message."""


def add_command(server: TokcostServer, name: str, action: Callable[[CommandParams], Awaitable[Any]]) -> None:
    """Answer one of our commands."""

    @answered
    async def run(*arguments: Any) -> Any:  # with `object`, pygls would pass the server too
        params: Any = arguments[0] if arguments else {}
        if len(arguments) > 1 or not isinstance(params, Mapping):
            raise JsonRpcException("one object is expected as arguments[0]", -32602)
        return sendable(await action(cast(CommandParams, params)))

    server.command(f"tokcost.{name}")(run)


def worktree_for(server: TokcostServer, params: CommandParams) -> Worktree:
    """The worktree of a URI; without a URI, that of the only folder. Raises `UsageError`."""
    folders = folder_uris(server)
    uri = params.get("uri") or (folders[0] if len(folders) == 1 else server.workspace.root_uri)
    if not isinstance(uri, str):
        raise UsageError("no repository is named", "Pass `uri`: a file or folder in it.")
    found = worktree_of(uri)
    if found is None:
        raise UsageError(f"{shorten(uri, _MOST_QUOTED)!r} is not in a git repository", "Pass a file or folder in one.")
    return found


def precision(params: CommandParams) -> Any:
    """`coarse`, `exact`, or `None`. Raises `UsageError`, as all of these functions do."""
    said = params.get("precision")
    if said not in (None, "coarse", "exact"):
        raise UsageError("`precision` is neither coarse nor exact", "Pass one of these, or leave it out.")
    return said


def maybe_flag(params: CommandParams, name: str) -> bool | None:
    """A boolean or `None`."""
    said = params.get(name)
    if said is not None and not isinstance(said, bool):
        raise UsageError(f"`{name}` is neither true nor false", "Pass one of these, or leave it out.")
    return said


def flag(params: CommandParams, name: str) -> bool:
    """A boolean."""
    return maybe_flag(params, name) or False


def text(params: CommandParams, name: str) -> str | None:
    """A text or `None`. A lone surrogate, which cannot be stored, is written as an escape."""
    said = params.get(name)
    if said is not None and not isinstance(said, str):
        raise UsageError(f"`{name}` is not a text", "Pass a string, or leave it out.")
    return None if said is None else sendable(said)


def moment(said: str) -> int:
    """Milliseconds UTC."""
    try:
        return int(datetime.fromisoformat(said).timestamp() * 1000)
    except (ValueError, OverflowError) as refusal:  # the latter for a time that is in year 0 in some time zone
        raise UsageError(
            f"{shorten(said, _MOST_QUOTED)!r} is not a time", "Write it as in 2026-11-01T10:00:00Z."
        ) from (refusal)
