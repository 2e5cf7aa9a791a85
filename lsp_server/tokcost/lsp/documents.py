"""Commit messages that are open in the editor, and positions in them."""

import os
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from tokcost.model.commit_message import Mark, comment_in
from tokcost.model.trailer import Line
from tokcost.model.worktree import Worktree
from tokcost.services.explain_message import proposed
from tokcost.services.follow_folders import worktree_at

LANGUAGES = ("gitcommit", "git-commit")
MOST_CHARACTERS = 1 << 20
NAMES = ("COMMIT_EDITMSG", "MERGE_MSG", "SQUASH_MSG")
_LONGEST_PATH = 4095
"""Bytes: the maximum on Linux (PATH_MAX without the NUL)."""
_LONGEST_URI = 3 * _LONGEST_PATH + 100
"""Characters: such a path with each byte written as `%2F`."""


def commit_message(server: LanguageServer, uri: str) -> TextDocument | None:
    """The document, if it is a commit message that the client has opened and of a plausible length: it is parsed at
    every keystroke."""
    document = _opened(server, uri)
    if document is None or len(document.source) > MOST_CHARACTERS:
        return None
    is_message = document.language_id in LANGUAGES or os.path.basename(uri.partition("?")[0]) in NAMES
    return document if is_message else None


def _opened(server: LanguageServer, uri: str) -> TextDocument | None:
    """The document, if the client has opened it. pygls stores documents under other names, and returns an invented
    one without a version for unknown documents."""
    try:
        document = server.workspace.get_text_document(uri)
    except ValueError:  # of the URI's host
        return None
    return document if document.version is not None else None


def folder_uris(server: LanguageServer) -> list[str]:
    """The folders of the workspace, as named by the client; for a client without workspace folders, its root."""
    workspace = server.workspace
    named = [folder.uri for folder in workspace.folders.values()]
    return named or ([workspace.root_uri] if workspace.root_uri else [])


def local_path(uri: str) -> str | None:
    """The path that a URI names on this machine; `None` for another scheme or another machine, and for an invalid
    path (a NUL, a lone surrogate, too long)."""
    if not uri.startswith("file:") or len(uri) > _LONGEST_URI:
        return None
    try:
        path = to_fs_path(uri.replace(";", "%3B"))  # pygls does not consider the part behind it as part of the path
        if not path or "\0" in path or path.startswith("//") or len(os.fsencode(path)) > _LONGEST_PATH:
            return None
    except ValueError:  # of the URI's host, or of the path's characters
        return None
    return path


def proposed_lines(home: Path, uri: str) -> tuple[Line, ...]:
    """The lines that the hook claimed for the commit whose message a document is."""
    worktree = worktree_of(uri)
    return proposed(home, worktree) if worktree else ()


def worktree_of(uri: str) -> Worktree | None:
    """The worktree that contains a file, or in which it becomes a commit."""
    path = local_path(uri)
    if path is None:
        return None
    return worktree_at(path if os.path.isdir(path) else os.path.dirname(path))


def comment_of(text: str) -> str:
    """The prefix of comments in this message."""
    return comment_in(text) or "#"


def range_of(server: LanguageServer, lines: Sequence[str], mark: Mark) -> types.Range:
    """The range of a line under our key, without its line end; `lines` are the document's lines without line ends."""
    return types.Range(types.Position(mark.start, 0), _end_of(server, lines, mark.stop - 1))


def _end_of(server: LanguageServer, lines: Sequence[str], number: int) -> types.Position:
    """The end of a line, in the unit in which this client counts (`positionEncodings`)."""
    return types.Position(number, server.workspace.position_codec.client_num_units(lines[number]))


def changed_lines(server: LanguageServer, before: str, after: str) -> types.TextEdit:
    """One edit that turns `before` into `after`, in complete lines."""
    old, new = before.split("\n"), after.split("\n")
    start = 0
    while start < min(len(old), len(new)) - 1 and old[start] == new[start]:
        start += 1
    behind = 0
    while behind < min(len(old), len(new)) - start - 1 and old[-1 - behind] == new[-1 - behind]:
        behind += 1
    stop = len(old) - behind
    text = "".join(f"{line}\n" for line in new[start : len(new) - behind])
    if behind:
        return types.TextEdit(types.Range(types.Position(start, 0), types.Position(stop, 0)), text)
    end = _end_of(server, old, len(old) - 1)
    return types.TextEdit(types.Range(types.Position(start, 0), end), text.removesuffix("\n"))
