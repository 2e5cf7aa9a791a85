"""Figures of the open folders: pushed whenever they change, and in full on request."""

import json
import os
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from tokcost.lsp.documents import folder_uris, local_path
from tokcost.lsp.protocol import FOLLOW, SUMMARY, FollowParams, sendable
from tokcost.lsp.server import TokcostServer, answered
from tokcost.reports.drivers_json import why_object
from tokcost.reports.json import log_json
from tokcost.reports.words import Say
from tokcost.services.explain_cost import WhyOptions, explain_cost
from tokcost.services.follow_folders import ShownParts
from tokcost.services.summarise import LogOptions, summarise


def register(server: TokcostServer) -> None:
    """Follow the workspace, and answer `tokcost/summary`."""

    @server.feature(types.INITIALIZED)
    def _(_params: types.InitializedParams) -> None:
        server.watch_client()
        server.refresher.start()
        server.refresher.set_folders(folder_uris(server))

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def _(_params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.refresher.set_folders(folder_uris(server))

    @server.feature(FOLLOW)
    def _(params: FollowParams) -> None:
        page = params.page
        path = local_path(page.uri) if page else None
        table = local_path(params.branches) if params.branches else None
        server.refresher.follow(ShownParts(params.next, path, page.branch if page else None, table))

    @server.feature(types.SHUTDOWN)
    def _(_params: Any) -> None:
        server.refresher.stop()

    @server.feature(SUMMARY)
    @answered
    async def _(params: Any) -> Any:
        path = local_path(params.uri) if isinstance(params.uri, str) else None
        if path is None or not isinstance(params.branch, str | None):
            raise JsonRpcInvalidParams
        return await server.refresher.read(_summary, server.refresher.home, path, sendable(params.branch), server.words)


def _summary(home: Path, path: str, branch: str | None, say: Say) -> Any:
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    options = LogOptions(branch=branch, lists_commits=True)
    found = json.loads(log_json(summarise(home, Path(folder), options), False))
    if branch is not None:
        found["why"] = why_object(explain_cost(home, Path(folder), WhyOptions(branch)), say)
    return sendable(found)
