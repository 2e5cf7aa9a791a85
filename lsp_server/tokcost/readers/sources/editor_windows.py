"""The windows of VS Code and similar editors: each has a folder below `workspaceStorage`."""

import os

import msgspec

from tokcost.readers.sources.file_uri import local_path
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.records import Folder, decoded

_MOST_BYTES = 1 << 16


class _Workspace(msgspec.Struct, gc=False):
    folder: Folder = ""


_workspace = msgspec.json.Decoder(_Workspace)


def folder_of_window(window: str) -> str:
    """The folder that is open in a window, from the window's own folder; empty if there is none, or several."""
    try:
        with open_log(os.path.join(window, "workspace.json")) as stream:
            # For a file opened with O_NONBLOCK, `FileIO.read` may return `None`.
            told = decoded(_workspace, stream.read(_MOST_BYTES) or b"")
    except OSError:
        return ""
    return local_path(told.folder) if told else ""
