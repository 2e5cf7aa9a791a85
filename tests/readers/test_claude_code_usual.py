"""The usual response of Claude Code is read in fewer steps than all others: both ways must say the same."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.claude_lines import assistant, counts, encode
from tokcost.model.logs import Batch
from tokcost.readers.claude_code.reader import ClaudeCodeReader
from tokcost.readers.sources import files

T0 = 1_790_000_000_000

_usage = st.builds(
    lambda numbers, more: counts(*numbers, iterations=[], **more),
    st.lists(st.sampled_from([0, 5, 900, -1, 10**9]), min_size=5, max_size=5),
    st.sampled_from(
        [
            {},
            {"speed": "fast"},
            {"service_tier": "priority"},
            {"inference_geo": "us"},
            {"server_tool_use": {"web_search_requests": 3}},
            {"server_tool_use": {"web_search_requests": 99_999}},
            {"output_tokens": "5"},
        ]
    ),
)
_line = st.builds(
    lambda message, request, later, usage, more: assistant(message, request, T0 + later, usage=usage, **more),
    st.sampled_from(["msg_1", "msg_2", "msg_3"]),
    st.sampled_from(["req_1", "req_2", None]),
    st.sampled_from([0, 10, 2000, -T0]),
    _usage,
    st.sampled_from(
        [
            {},
            {"stop_reason": None},
            {"stop_reason": None, "version": "1.0.69"},
            {"stop_reason": "refusal"},
            {"isSidechain": True},
            {"sessionKind": "bg"},
            {"requestSessionId": "session-0"},
            {"model": "<synthetic>"},
            {"command": "git switch main"},
            {"command": "cd /elsewhere", "cwd": "/elsewhere"},
            {"gitBranch": "main"},
        ]
    ),
)
_lines: st.SearchStrategy[list[dict[str, Any]]] = st.lists(_line, min_size=1, max_size=6)


def read(folder: str, text: bytes) -> Batch:
    path = Path(folder, "s.jsonl")
    path.write_bytes(text)
    (batch,) = ClaudeCodeReader().read(files.file_source(str(path), path.stat()), None)
    return batch._replace(cursor=b"")


@settings(max_examples=40)
@given(_lines)
def test_a_response_says_the_same_whether_its_line_is_of_the_usual_kind_or_not(lines: list[dict[str, Any]]) -> None:
    written = b"".join(map(encode, lines))
    # `null` means the same, and no version writes it.
    odd = written.replace(b'"iterations":[]', b'"iterations":null')

    with tempfile.TemporaryDirectory() as folder:
        usual, other = read(folder, written), read(folder, odd)

    assert usual._replace(position=0) == other._replace(position=0)
    assert len(odd) == len(written) + 2 * len(lines)
