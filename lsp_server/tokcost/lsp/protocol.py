"""Our own messages, typed. Everything else is standard LSP.

- `tokcost/status` (server to client, a notification): `status_params`, one for each workspace folder, whenever what it
  says has changed.
- `tokcost/summary` (client to server, a request): `SummaryParams`; answers what `tokcost log --json` prints, and
  for one branch what `tokcost why --json` does, under `why`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol

from tokcost.model.money import decimal_string
from tokcost.reports.budgets import state_of
from tokcost.reports.editor import short_text, spoken, tooltip_rows
from tokcost.reports.json import status_object
from tokcost.reports.status import status_line
from tokcost.reports.text import escape
from tokcost.services.follow_folders import FolderStatus

STATUS = "tokcost/status"
SUMMARY = "tokcost/summary"


_HALF = re.compile("[\ud800-\udfff]")


def sendable(value: Any) -> Any:
    """A value for clients, many of which give up at half a character in JSON: a path or a subject that is no UTF-8 has
    `\\udce9` for such a byte."""
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub(lambda found: escape(found[0]), value)
    if isinstance(value, Mapping):
        entries = cast(Mapping[Any, Any], value).items()
        return {sendable(name): sendable(one) for name, one in entries}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [sendable(one) for one in cast(Sequence[Any], value)]
    return value


@dataclass
class SummaryParams:
    """The figures that are asked for."""

    uri: str
    """A file or folder in the repository."""
    branch: str | None = None
    """One branch, with its days and sessions; all of them otherwise."""


@dataclass
class SummaryRequest:
    """`tokcost/summary` as it is on the wire."""

    id: Any
    params: SummaryParams
    method: str
    jsonrpc: str


def status_params(uri: str, found: FolderStatus, *, importing: bool) -> dict[str, Any]:
    """`tokcost/status`: the words of `tokcost status --json`, and texts that need no formatting.

    `state` is `ready`, `importing` (figures are of the ledger as it was), `no-repository` or `problem`. `stale` says
    that not everything logged so far is in the figures.
    """
    status, problem = found.status, escape(found.problem)
    if status is None:
        state = "problem" if problem else "no-repository"
        nothing: dict[str, Any] = {"text": "", "line": "", "tooltip": [], "accessible": problem}
        return {"uri": uri, "state": state, "stale": False, "problem": problem, "branch": None, **nothing}
    told = {
        "state": "importing" if importing else "ready",
        "stale": not status.current,
        "problem": problem,
        **status_object(status),
        "pending": decimal_string(status.next_list_cost),
        "today": status_object(status)["today_list_cost"],
        "budget": state_of(status),
        "cost_lines": found.cost_lines._replace(problem=escape(found.cost_lines.problem))._asdict(),
        "text": short_text(status),
        "line": status_line(status),
        "tooltip": [{"label": label, "value": value} for label, value in tooltip_rows(status, found.driver)],
        "accessible": spoken(status),
    }
    return {"uri": uri, **sendable(told)}


class Protocol(LanguageServerProtocol):
    """LSP and our messages. What goes wrong is answered without a traceback and without the words of an exception
    nobody foresaw: both can hold names of files and pieces of what was being read."""

    def get_message_type(self, method: str) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride] (it is cached)
        """The type of a message by its method."""
        return SummaryRequest if method == SUMMARY else super().get_message_type(method)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message as its type; the sender of a request that has none is told, which pygls forgets."""
        try:
            return super().structure_message(data)
        except JsonRpcException as refusal:
            if isinstance(data.get("id"), int | str) and "method" in data:
                self._send_response(data["id"], error=refusal.to_response_error())
            raise

    def _send_response(self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None) -> None:
        if error is not None:
            error.data = None
            if error.code in (JsonRpcInternalError.CODE, JsonRpcInvalidParams.CODE):
                bad = error.code == JsonRpcInvalidParams.CODE
                error.message = "these parameters make no sense" if bad else "this is a bug in tokcost"
        super()._send_response(msg_id, result, error)
