"""Qwen Code: chats below `projects/*/chats/` of its folder. `chats.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokcost.model.logs import Capabilities, Location, Source
from tokcost.model.usage import Usage
from tokcost.readers.environment import expanded, user_home
from tokcost.readers.sources.files import sources_in
from tokcost.readers.sources.jsonl import JsonlReader


class QwenReader(JsonlReader):
    """Qwen Code's chats, which contain telemetry beside messages."""

    name = "qwen-code"
    capabilities = Capabilities(
        versions="0.24.4",
        classes=("input", "cache_read", "output", "reasoning"),
        branch="each response",
        gaps="suggestions of the next prompt; tokens written to Anthropic's cache are logged as input",
    )
    words = (b'"qwen-code.api_response"', b'"usageMetadata"', b'"qwen-code.tool_call"')

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`projects` in `$QWEN_RUNTIME_DIR`, else in `$QWEN_HOME`, else in `~/.qwen`."""
        named = environ.get("QWEN_RUNTIME_DIR") or environ.get("QWEN_HOME")
        home = expanded(named, environ) if named else os.path.join(user_home(environ), ".qwen")
        return [Location(os.path.join(home, "projects"))]

    def discover(self, location: Location) -> Iterable[Source]:
        """Chats. Logs of sub-agents are beside them, with requests that are in the chat as well."""
        inside = f"{os.sep}chats{os.sep}"
        return (one for one in sources_in(location, self.suffixes) if inside in one.path)

    def usage(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
        """The response in a record."""
        from tokcost.readers.qwen.chats import usage_of  # usually nothing is new

        return usage_of(record, session)
