"""Requests and replies without the words of one API."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

_SHELLS = (
    "Bash",
    "bash",
    "shell",
    "exec_command",
    "shell_command",
    "run_shell_command",
    "execute_command",
    "run_commands",
)
"""The names that assistants give to their tool for commands."""


_AGENTS = ("Agent", "agent", "task", "invoke_agent", "spawn_agent")
"""Their names for sub-agents."""
_SUB_PLAN = "[[plan: sh true; text]] Please do this part."
_OF_AGENT = {
    "prompt": _SUB_PLAN,
    "task": _SUB_PLAN,
    "message": _SUB_PLAN,
    "subagent_type": "general-purpose",
    "agent_type": "general-purpose",
    "agent_name": "generalist",
    "name": "helper",
}


Kind = Literal["work", "title", "summary", "suggestion", "trial"]
"""What is asked for: a part of the work, a title, a summary or a next prompt for the conversation, or nothing but
whether there is such a model."""
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("You are a title generator", "title"),
    ("responsible for distilling chat history", "summary"),
    ("Reply with ONLY the suggestion", "suggestion"),
)
"""Words of the prompts of helpers, by which the requests are told apart that some assistants do not log."""


class Tool(NamedTuple):
    """A tool that a request offers."""

    name: str
    schema: Mapping[str, Any]
    namespace: str = ""


class Asked(NamedTuple):
    """A request."""

    model: str
    turns: Sequence[tuple[str, bool]]
    """What was said so far: texts, and whether each is the result of a tool."""
    tools: Sequence[Tool]
    streamed: bool
    counts_asked: bool = True
    """Chat Completions tell the counts of a stream only when asked to."""
    kind: Kind = "work"


class Counts(NamedTuple):
    """Tokens that the provider bills, in disjoint classes."""

    input: int
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    """Reasoning included."""
    reasoning: int = 0


class Reply(NamedTuple):
    """A reply and its price in tokens."""

    number: int
    step: str
    """`text`, `sh COMMAND`, or `agent`, which gives a part of the work to a sub-agent; several of them with ` + `
    between them are asked for at once."""
    counts: Counts


class Api(Protocol):
    """A module that speaks one API."""

    @staticmethod
    def counts(number: int) -> Counts:
        """The counts of the reply with this number: no two replies have the same."""
        ...

    @staticmethod
    def asked(path: str, body: dict[str, Any]) -> Asked:
        """Understand a request."""
        ...

    @staticmethod
    def events(asked: Asked, reply: Reply) -> Iterator[bytes]:
        """The reply as a stream of server-sent events."""
        ...

    @staticmethod
    def document(asked: Asked, reply: Reply) -> dict[str, Any]:
        """The reply as a whole."""
        ...


class Dialect(NamedTuple):
    """An API and the end of the paths where it is asked."""

    path_ends: str
    api: Any


def kind_of(prompt: str) -> Kind:
    """The kind of a request, by words of its system prompt and of its last message."""
    for words, kind in _KINDS:
        if words in prompt:
            return kind
    return "work"


def parts(step: str) -> list[str]:
    """The parts of a step that are asked for at once."""
    return step.split(" + ")


def tool_calls(asked: Asked, step: str) -> list[tuple[str, dict[str, Any]]]:
    """Names and arguments of the calls that a step asks for; none for a step of words, or without such a tool."""
    return [call for part in parts(step) if (call := _tool_call(asked, part))]


def _tool_call(asked: Asked, step: str) -> tuple[str, dict[str, Any]] | None:
    word, _, command = step.partition(" ")
    names = {"sh": _SHELLS, "agent": _AGENTS}.get(word, ())
    tool = next((one for name in names for one in asked.tools if one.name == name), None)
    if tool is None:
        return None
    fields: Mapping[str, Any] = tool.schema.get("properties", {})
    filled = {name: _any(fields.get(name, {})) for name in tool.schema.get("required", ())}
    if word == "agent":
        wanted = _OF_AGENT | ({"subagent_type": "general"} if tool.name == "task" else {})
        return tool.name, filled | {name: value for name, value in wanted.items() if name in fields}
    return tool.name, filled | _command(fields, command)


def _command(fields: Mapping[str, Any], command: str) -> dict[str, Any]:
    name = next((one for one in ("command", "cmd", "commands") if one in fields), "command")
    lists = "array" in str(fields.get(name, {}).get("type", fields.get(name, {})))
    if name == "commands":
        return {name: [command] if lists else command}
    return {name: ["bash", "-lc", command] if lists else command}


def _any(field: Mapping[str, Any]) -> Any:
    if field.get("enum"):
        return field["enum"][0]
    return {"boolean": False, "integer": 10000, "number": 10000, "array": [], "object": {}}.get(
        str(field.get("type")), "some words"
    )


def event(document: Any, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {document if isinstance(document, str) else json.dumps(document)}\n\n".encode()


def texts(content: Any) -> Iterator[str]:
    """The texts of a message's content, which is a text or a list of parts."""
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"]
