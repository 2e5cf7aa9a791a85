"""Our own messages, typed. Everything else is standard LSP.

- `tokcost/status` (server to client, a notification): `status_params`, one for each workspace folder, whenever what it
  says has changed.
- `tokcost/follow` (client to server, a notification): `FollowParams`, what else shall come with `tokcost/status`.
- `tokcost/summary` (client to server, a request): `SummaryParams`; answers what `tokcost log --json` prints, and
  for one branch what `tokcost why --json` does, under `why`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage

from tokcost.model.money import decimal_string
from tokcost.model.status import Status
from tokcost.reports.budgets import state_of
from tokcost.reports.drivers import largest_text
from tokcost.reports.editor import TooltipRow, cost_lines_row, has_no_logs, short_text, spoken, tooltip_rows
from tokcost.reports.json import status_object
from tokcost.reports.page_json import budgets_shown, page_object
from tokcost.reports.status import pending_amount, status_line, today_amount
from tokcost.reports.table_json import table_object
from tokcost.reports.text import escape
from tokcost.reports.trailers import ahead_text, shown_line
from tokcost.reports.words import Say, english
from tokcost.services.follow_folders import FolderStatus
from tokcost.services.preview import Preview

STATUS = "tokcost/status"
SUMMARY = "tokcost/summary"
FOLLOW = "tokcost/follow"
NOT_INITIALIZED, INVALID_REQUEST = -32002, -32600
"""Error codes of LSP 3.17 (`ServerNotInitialized`) and of JSON-RPC (`InvalidRequest`)."""


class Phase(Enum):
    """Part of a server's life, as "Lifecycle Messages" of LSP 3.17 tells them."""

    NEW = "the server is not initialized"
    SERVING = "the server is initialized already"
    SHUT_DOWN = "the server is shut down"


_HALF = re.compile("[\ud800-\udfff]")


def sendable(value: Any) -> Any:
    """A value in a form for clients, many of which fail at a lone surrogate in JSON: a path or a subject that is no
    UTF-8 has `\\udce9` for such a byte."""
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
    """The figures asked for."""

    uri: str
    """A file or folder in the repository."""
    branch: str | None = None
    """One branch, with its days and sessions; by default all branches."""


@dataclass
class ShownPage:
    """A page that a client shows."""

    uri: str
    """The workspace folder, as named by the client."""
    branch: str | None = None
    """`None`: the branch that is checked out."""


@dataclass
class FollowParams:
    """The parts that a client shows besides the figures, from now on: they are sent together, in one notification."""

    next: bool = False
    """The lines of the next commit of each folder."""
    page: ShownPage | None = None
    branches: str | None = None
    """The workspace folder, as named by the client, whose branches are shown as a table."""


@dataclass
class FollowNotification:
    """`tokcost/follow` as it is on the wire."""

    params: FollowParams
    method: str
    jsonrpc: str


@dataclass
class SummaryRequest:
    """`tokcost/summary` as it is on the wire."""

    id: Any
    params: SummaryParams
    method: str
    jsonrpc: str


def status_params(uri: str, found: FolderStatus, say: Say = english, *, importing: bool) -> dict[str, Any]:
    """`tokcost/status`: the words of `tokcost status --json`, and texts that need no formatting.

    `state` is `ready`, `importing` (figures are of the ledger as it was), `no-repository` or `problem`. `stale` says
    that not everything logged so far is in the figures. `say` has the language of the person.
    """
    status, problem = found.status, escape(found.problem)
    if status is None:
        state = "problem" if problem else "no-repository"
        nothing: dict[str, Any] = {"text": "", "line": "", "tooltip": [], "accessible": problem, "version": 0}
        return {"uri": uri, "state": state, "stale": False, "problem": problem, "branch": None, **nothing}
    told = {
        "state": "importing" if importing else "ready",
        "stale": not status.current,
        "problem": problem,
        **status_object(status),
        "pending": decimal_string(status.next_list_cost),
        "today": status_object(status)["today_list_cost"],
        "budget": state_of(status),
        "budgets": budgets_shown(status),
        "rule_state": _rule_state(status),
        "cost_lines": found.cost_lines._replace(problem=escape(found.cost_lines.problem))._asdict(),
        "commit_said": found.said._asdict() if found.said else None,
        "next": _next(found.next, say),
        "page": page_object(found.page, say) if found.page is not None else None,
        "branches": table_object(found.table, say) if found.table is not None else None,
        "version": 0,
        "text": short_text(status, say),
        "line": status_line(status),
        "pending_text": pending_amount(status) if status.has_next else "",
        "today_text": say("no logs") if has_no_logs(status) else today_amount(status),
        "no_logs": has_no_logs(status),
        "tooltip": [row._asdict() for row in _rows(found, status, say)],
        "accessible": spoken(status, say),
    }
    return {"uri": uri, **sendable(told)}


def _rule_state(status: Status) -> str:
    """The most urgent state of all rules."""
    if status.rules:
        return "over"
    if status.rules_unpriced:
        return "unpriced"
    return "near" if status.rules_near else "none"


def _rows(found: FolderStatus, status: Status, say: Say) -> list[TooltipRow]:
    """The rows of the tooltip, including what happens to cost lines in this clone and worktree."""
    rows = tooltip_rows(status, say, largest_text(found.drivers, say) if found.drivers else "", found.looked_in)
    if found.cost_lines.enabled:
        rows.append(cost_lines_row(say, omitted=found.cost_lines.omitted))
    return rows


def _next(ahead: Preview | None, say: Say) -> dict[str, Any] | None:
    if ahead is None:
        return None
    lines = [shown_line(line, ahead.fresh) for line in ahead.lines]
    return {"lines": lines, "text": ahead_text(ahead.branch, lines, ahead.pending, ahead.estimated, say)}


class Protocol(LanguageServerProtocol):
    """LSP and our messages. Errors are answered without a traceback and without the text of an unforeseen exception:
    both can contain file names and parts of the data being read.

    pygls serves requests before `initialize`, starts again at a second one, and leaves requests after `shutdown`
    without an answer. Here they are refused with the codes of the specification, and notifications are dropped.
    """

    _phase = Phase.NEW

    def get_message_type(self, method: str) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride] (it is cached)
        """The type of a message by its method."""
        own = {SUMMARY: SummaryRequest, FOLLOW: FollowNotification}
        return own.get(method) or super().get_message_type(method)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message as its type. The sender of a malformed request gets an error, which pygls omits. A message at
        the wrong time is not parsed: `handle_message` refuses it, whatever its parameters are."""
        if "jsonrpc" in data and self._out_of_place(data.get("method")):
            return _unread(data)
        try:
            return super().structure_message(data)
        except JsonRpcException as refusal:
            # Without a method it is an answer, which must not be answered.
            if isinstance(data.get("id"), int | str) and "method" in data:
                self._send_response(data["id"], error=refusal.to_response_error())
            raise

    def handle_message(self, message: Any) -> None:
        """Serve a message, or refuse it if it comes at the wrong time."""
        method = getattr(message, "method", None)
        if refusal := self._out_of_place(method):
            if hasattr(message, "id"):
                self._send_response(message.id, error=refusal)
            return
        if method == types.INITIALIZE:
            self._phase = Phase.SERVING
        elif method == types.SHUTDOWN:
            self._phase = Phase.SHUT_DOWN
        super().handle_message(message)

    def _out_of_place(self, method: object) -> types.ResponseError | None:
        """The error for a method that is not served at present. An answer has no method, and `exit` is always
        allowed."""
        in_place = {
            Phase.NEW: method == types.INITIALIZE,
            Phase.SERVING: method != types.INITIALIZE,
            Phase.SHUT_DOWN: False,
        }
        if method is None or method == types.EXIT or in_place[self._phase]:
            return None
        code = NOT_INITIALIZED if self._phase is Phase.NEW else INVALID_REQUEST
        return types.ResponseError(code, self._phase.value)

    def _send_response(self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None) -> None:
        if error is not None:
            error.data = None
            if error.code in (JsonRpcInternalError.CODE, JsonRpcInvalidParams.CODE):
                bad = error.code == JsonRpcInvalidParams.CODE
                error.message = "these parameters are invalid" if bad else "this is a bug in tokcost"
        super()._send_response(msg_id, result, error)


def _unread(data: dict[str, Any]) -> JsonRPCRequestMessage | JsonRPCNotification:
    """A message without its parameters."""
    method, version, identifier = data["method"], data["jsonrpc"], data.get("id")
    if isinstance(identifier, int | str):
        return JsonRPCRequestMessage(identifier, method, version, None)
    return JsonRPCNotification(method, version, None)
