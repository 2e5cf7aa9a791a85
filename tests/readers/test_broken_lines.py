"""A bad byte costs the record it stands in and no other: whole records are found wherever they stand in their line, and
what is lost is counted once."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from support.claude_lines import assistant, cost_state, iso
from tokcost.model.logs import Capabilities, Location
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.claude_code.reader import ClaudeCodeReader
from tokcost.readers.codex.reader import CodexReader
from tokcost.readers.gemini.reader import GeminiReader
from tokcost.readers.protocol import Reader
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.files import file_source
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.readers.sources.records import decoded
from tokcost.readers.sources.salvage import salvage

T0 = 1_790_000_000_000
THREAD = "019a0000-0000-7000-8000-000000000001"
BOM = b"\xef\xbb\xbf"


class PlainReader(JsonlReader):
    """The smallest reader on the base for JSON lines."""

    name = "plain"
    words = (b'"spent"',)
    capabilities = Capabilities()

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        return [Location(environ["HOME"])]

    def usage(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
        return Usage("plain", record["key"], T0, "m", Tokens(record["spent"])) if "spent" in record else None


class Kind(NamedTuple):
    """The logs of an assistant: its reader, where a log lies, a first record, replies, and something said by others."""

    reader: Reader
    name: str
    first: list[dict[str, Any]]
    reply: Callable[[int], dict[str, Any]]
    other: dict[str, Any]
    pack: Callable[[bytes], bytes] = bytes


def reply_of_claude(n: int) -> dict[str, Any]:
    return assistant(f"msg_{n}", f"req_{n}", T0 + n, text='a {"brace"} and a \\ and "quotes": {}')


def older_reply_of_claude(n: int) -> dict[str, Any]:
    line = reply_of_claude(n)
    return {name: line[name] for name in sorted(line, key=lambda name: name == "message")}


def prompt_of_claude(text: str = "please") -> dict[str, Any]:
    message = {"role": "user", "content": [{"type": "tool_result", "content": f'{text} {{"a": "\\"'}]}
    head = {"parentUuid": None, "isSidechain": False, "type": "user", "message": message, "sessionId": "session-1"}
    return {**head, "timestamp": iso(T0), "toolUseResult": {"stdout": "{}", "stderr": "x"}}


def codex(kind: str, n: int = 0, **payload: Any) -> dict[str, Any]:
    return {"timestamp": iso(T0 + n), "type": kind, "payload": payload}


CODEX = [
    codex("session_meta", id=THREAD, timestamp=iso(T0), cwd="/r", git={"branch": "b"}),
    codex("turn_context", turn_id="t", model="gpt-5.5", cwd="/r"),
]


def record_of_codex(n: int) -> dict[str, Any]:
    counts = {"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 7}
    return codex("token_usage_record", n, thread_id=THREAD, turn_id="t", response_id=f"resp_{n}", usage=counts)


def message_of_gemini(n: int) -> dict[str, Any]:
    counts = {"input": 100, "output": 30, "cached": 60, "thoughts": 5, "tool": 0, "total": 135}
    said = {"id": f"m{n}", "timestamp": iso(T0 + n), "type": "gemini", "content": 'some {"words"}'}
    return {**said, "model": "gemini-2.5-pro", "tokens": counts}


KINDS = {
    "Claude Code": Kind(ClaudeCodeReader(), "s.jsonl", [], reply_of_claude, prompt_of_claude()),
    "Claude Code, message last": Kind(ClaudeCodeReader(), "s.jsonl", [], older_reply_of_claude, prompt_of_claude()),
    "Claude Code, a long prompt": Kind(
        ClaudeCodeReader(), "s.jsonl", [prompt_of_claude()], reply_of_claude, prompt_of_claude("text " * 300)
    ),
    "Codex": Kind(CodexReader(), "rollout.jsonl", CODEX, record_of_codex, codex("response_item", type="message")),
    "Codex, compressed": Kind(
        CodexReader(),
        "rollout.jsonl.zst",
        CODEX,
        record_of_codex,
        codex("response_item", type="message"),
        zstandard.ZstdCompressor().compress,
    ),
    "Gemini CLI": Kind(
        GeminiReader(),
        ".gemini/tmp/repo/chats/session-1.jsonl",
        [{"sessionId": "s", "projectHash": "ab" * 32, "startTime": iso(T0)}],
        message_of_gemini,
        {"id": "u1", "timestamp": iso(T0), "type": "user", "content": "please"},
    ),
    "a reader on the base": Kind(
        PlainReader(), "s.jsonl", [], lambda n: {"key": f"k{n}", "spent": 5, "in": {"a": "{"}}, {"said": "please"}
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def raw(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


class Log:
    """A log of one assistant in a folder."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.kind, self.path = kind, folder / kind.name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.cursor: bytes | None = None
        self.skipped: dict[str, int] = {}
        self.keys: list[str] = []
        self.fresh: list[int] = []

    def holds(self, *lines: bytes, end: bytes = b"\n") -> "Log":
        """Write the first records and these lines; read all of it."""
        first = [raw(record) for record in self.kind.first]
        return self.wrote(b"\n".join([*first, *lines]) + end)

    def wrote(self, content: bytes) -> "Log":
        """Write it anew; read what is new."""
        self.path.write_bytes(self.kind.pack(content))
        for batch in self.kind.reader.read(file_source(str(self.path), os.stat(self.path)), self.cursor):
            if batch.restarted:
                self.skipped, self.keys = {}, []
            self.keys += [usage.key for usage in batch.usage]
            self.fresh += [usage.tokens.input for usage in batch.usage]
            for reason, count in batch.skipped.items():
                self.skipped[reason] = self.skipped.get(reason, 0) + count
            self.cursor = batch.cursor or None
        return self

    @property
    def replies(self) -> int:
        """How many different ones were read."""
        return len(set(self.keys))

    @property
    def lost(self) -> int:
        """How many records were counted as lost."""
        return sum(self.skipped.values())


def row(kind: Kind, n: int) -> bytes:
    return raw(kind.reply(n))


@every_kind
@pytest.mark.parametrize("padding", [b"\0", bytes(9_000), BOM, b"\r", b"\x0c", "\u2028".encode(), b"\t\0" + BOM])
def test_padding_around_a_record_costs_nothing(tmp_path: Path, kind: Kind, padding: bytes) -> None:
    lines = [row(kind, 1), padding + row(kind, 2), row(kind, 3) + padding, padding + row(kind, 4) + padding]
    log = Log(tmp_path, kind).holds(*lines, row(kind, 5), row(kind, 6) + padding + row(kind, 7))
    assert (log.replies, log.skipped) == (7, {})


@every_kind
def test_a_byte_order_mark_at_the_beginning_of_a_file_costs_nothing(tmp_path: Path, kind: Kind) -> None:
    content = b"".join(raw(record) + b"\n" for record in (*kind.first, kind.reply(1), kind.reply(2)))
    log = Log(tmp_path, kind).wrote(BOM + content)
    assert (log.replies, log.skipped) == (2, {})


@every_kind
@pytest.mark.parametrize("between", [b"\r\n", b"\r", b"\x0c", "\u2028".encode()])
def test_other_line_ends_than_usual_cost_nothing(tmp_path: Path, kind: Kind, between: bytes) -> None:
    lines = [raw(record) for record in (*kind.first, kind.reply(1), kind.other, kind.reply(2), kind.reply(3))]
    log = Log(tmp_path, kind).wrote(between.join(lines) + between)
    assert (log.replies, log.skipped) == (3, {})


@every_kind
def test_nul_bytes_in_the_place_of_records_are_counted(tmp_path: Path, kind: Kind) -> None:
    log = Log(tmp_path, kind).holds(row(kind, 1), bytes(5_000), row(kind, 2), b"", b" \r", b"\x0c", row(kind, 3))
    assert (log.replies, log.lost) == (3, 1)


@every_kind
@pytest.mark.parametrize("where", [0.2, 0.5, 0.9])
def test_nul_bytes_inside_a_record_cost_that_record_alone(tmp_path: Path, kind: Kind, where: float) -> None:
    damaged = row(kind, 2)
    at = round(len(damaged) * where)
    log = Log(tmp_path, kind).holds(row(kind, 1), damaged[:at] + bytes(50) + damaged[at + 50 :], row(kind, 3))
    assert (log.replies, log.lost) == (2, 1)


@every_kind
@pytest.mark.parametrize("between", [b"", b" ", b"\0" * 100])
def test_whole_records_on_one_line_all_count(tmp_path: Path, kind: Kind, between: bytes) -> None:
    other = raw(kind.other)
    lines = [
        between.join([row(kind, 1), row(kind, 2)]),
        between.join([row(kind, 3), row(kind, 4), row(kind, 5)]),
        between.join([other, row(kind, 6), other, row(kind, 7), other]),
    ]
    log = Log(tmp_path, kind).holds(*lines)
    assert (log.replies, log.skipped) == (7, {})


def cuts(record: bytes) -> range:
    """Where a record is cut off, in small steps: inside of every kind of token."""
    return range(1, len(record), max(1, len(record) // 90))


@every_kind
def test_a_record_behind_one_that_was_cut_off_counts(tmp_path: Path, kind: Kind) -> None:
    lines = [row(kind, n)[:at] + row(kind, 1000 + n) for n, at in enumerate(cuts(row(kind, 1)))]
    log = Log(tmp_path, kind).holds(*lines)
    assert (log.replies, log.lost) == (len(lines), len(lines))


@every_kind
def test_a_reply_behind_what_others_said_and_was_cut_off_counts(tmp_path: Path, kind: Kind) -> None:
    other = raw(kind.other)
    lines = [other[:at] + row(kind, at) + more for at in cuts(other) for more in (b"", other)]
    assert Log(tmp_path, kind).holds(*lines).replies == len(lines) // 2


@every_kind
def test_a_record_written_into_another_loses_neither(tmp_path: Path, kind: Kind) -> None:
    lines = [
        row(kind, 2 * n)[:at] + row(kind, 2 * n + 1) + row(kind, 2 * n)[at:] for n, at in enumerate(cuts(row(kind, 8)))
    ]
    log = Log(tmp_path, kind).holds(*lines)
    assert (log.replies, log.skipped) == (2 * len(lines), {})


@every_kind
def test_a_reply_that_was_cut_off_is_counted_as_lost_wherever_it_ends(tmp_path: Path, kind: Kind) -> None:
    lines = [row(kind, 2)[:at] for at in cuts(row(kind, 2))]
    log = Log(tmp_path, kind).holds(row(kind, 1), *lines, row(kind, 3))
    assert (log.replies, log.lost) == (2, len(lines))


@every_kind
def test_what_others_said_may_be_cut_off_without_a_word_once_it_has_said_whose_it_is(
    tmp_path: Path, kind: Kind
) -> None:
    if "plain" in kind.reader.name:
        pytest.skip("all of its records are alike")
    log = Log(tmp_path, kind).holds(row(kind, 1), raw(kind.other)[:-2], row(kind, 2))
    assert (log.replies, log.skipped) == (2, {})


@every_kind
def test_bytes_that_are_no_utf_8_cost_nothing_inside_of_texts(tmp_path: Path, kind: Kind) -> None:
    odd = row(kind, 1).replace(b'":"', b'":"', 1)[:-1] + b',"odd":"a\xff\xfe\x80b"}'
    log = Log(tmp_path, kind).holds(odd, odd[:-20] + row(kind, 2), row(kind, 3) + odd)
    assert log.replies == 3


@every_kind
@pytest.mark.parametrize("half", [rb"\ud83d", rb"\uDE00 b", rb"\ud83d\ud83d\ude00", rb"\\\ud83d"])
def test_a_text_cut_off_in_the_middle_of_a_character_costs_nothing(tmp_path: Path, kind: Kind, half: bytes) -> None:
    """JavaScript cuts texts between the two halves of a character, and writes the one that is left as an escape."""
    odd = row(kind, 1)[:-1] + b',"odd":"cut ' + half + b'"}'
    log = Log(tmp_path, kind).holds(odd, odd[:-20] + row(kind, 2), row(kind, 3) + odd)
    assert log.replies == 3


@pytest.mark.few
@every_kind
def test_a_last_line_that_is_half_written_counts_once_it_is_whole(tmp_path: Path, kind: Kind) -> None:
    first = b"".join(raw(record) + b"\n" for record in (*kind.first, kind.reply(1)))
    for at in cuts(row(kind, 2)):
        log = Log(tmp_path, kind).wrote(first + row(kind, 2)[:at])
        if kind.pack is bytes:
            assert (log.replies, log.skipped) == (1, {})
        log.wrote(first + row(kind, 2) + b"\n" + row(kind, 3))
        assert (log.replies, log.skipped) == (3, {})


@every_kind
def test_a_whole_last_line_is_read_once_and_needs_no_line_end(tmp_path: Path, kind: Kind) -> None:
    content = b"\n".join([*(raw(record) for record in kind.first), row(kind, 1), bytes(100) + row(kind, 2)])
    log = Log(tmp_path, kind).wrote(content)
    assert log.replies == 2
    log.keys.clear()
    log.wrote(content + b"\n" + row(kind, 3) + row(kind, 4)[:-5])
    if kind.pack is bytes:
        assert (log.keys, log.skipped) == ([log.keys[0]], {})


@every_kind
def test_what_is_lost_is_counted_once_however_often_the_file_is_looked_at(tmp_path: Path, kind: Kind) -> None:
    lines = [row(kind, 1), row(kind, 2)[:-9] + row(kind, 3), bytes(70), row(kind, 4)[:-5], row(kind, 5)[:-4]]
    content = b"\n".join([*(raw(record) for record in kind.first), *lines, row(kind, 6), b""])
    at_once = Log(tmp_path / "at-once", kind).wrote(content)
    assert (at_once.replies, at_once.lost) == (3, 4)
    log = Log(tmp_path / "again", kind)
    for end in range(0, len(content), 97):
        log.wrote(content[:end])
    log.wrote(content).wrote(content)
    assert (log.replies, log.lost) == (3, 4)


@every_kind
@pytest.mark.parametrize("chunk", [64, 777])
def test_where_a_file_is_taken_apart_to_be_read_makes_no_difference(
    tmp_path: Path, kind: Kind, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_lines, "CHUNK", chunk)
    lines = [row(kind, 1), bytes(3_000) + row(kind, 2), row(kind, 3) + bytes(3_000), row(kind, 4)[:-7] + row(kind, 5)]
    log = Log(tmp_path, kind).holds(*lines, row(kind, 6) + row(kind, 7))
    assert (log.replies, log.lost) == (6, 1)


def test_a_record_behind_more_nul_bytes_than_a_line_may_have_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_lines, "CHUNK", 1_000)
    monkeypatch.setattr(new_lines, "MAX_LINE", 10_000)
    kind = KINDS["Claude Code"]
    log = Log(tmp_path, kind).holds(row(kind, 1), bytes(1_000_000) + row(kind, 2), row(kind, 3))
    assert (log.replies, log.skipped) == (3, {})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["Claude Code", "Codex", "Gemini CLI", "a reader on the base"])
def test_a_file_of_utf_16_is_named_with_the_reason(tmp_path: Path, name: str, encoding: str) -> None:
    kind = KINDS[name]
    with pytest.raises(OSError, match="UTF-16"):
        Log(tmp_path, kind).wrote((row(kind, 1) + b"\n").decode().encode(encoding))


def running_total(n: int) -> bytes:
    counts = {"input_tokens": 100 * n, "cached_input_tokens": 60 * n, "output_tokens": 7 * n}
    last = {"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 7}
    return raw(codex("event_msg", n, type="token_count", info={"total_token_usage": counts, "last_token_usage": last}))


def test_running_totals_of_codex_tell_all_that_was_spent_however_their_lines_were_damaged(tmp_path: Path) -> None:
    one, two, three, four, five, six, seven = map(running_total, range(1, 8))
    broken = [bytes(700) + one + two, three[:99] + four, five[:80] + six + five[80:], seven + b"\0"]
    log = Log(tmp_path, KINDS["Codex"])
    for content in (b"\n".join([*map(raw, CODEX), *broken[:n], b""]) for n in (1, 2, 3, 4)):
        log.wrote(content)
    assert (sum(log.fresh), log.lost) == (7 * 40, 1)


def test_a_line_that_repeats_a_response_hides_none_that_is_written_into_it(tmp_path: Path) -> None:
    kind = KINDS["Claude Code"]
    repeated = row(kind, 1)
    lines = [repeated[:at] + row(kind, 100 + at) for at in range(80, len(repeated) + 1, 7)]
    log = Log(tmp_path, kind).holds(repeated, *lines)
    assert log.replies == 1 + len(lines)


@pytest.mark.parametrize("before", [raw(reply_of_claude(1)), raw(reply_of_claude(2))[:300], b"\0\0", BOM])
def test_a_total_behind_another_record_counts(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(raw(reply_of_claude(1)) + b"\n" + before + raw(cost_state(claude_x={"input": 5})) + b"\n")
    (batch,) = ClaudeCodeReader().read(file_source(str(path), os.stat(path)), None)
    assert [total.model for total in batch.totals] == ["claude-x"]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(set(KINDS) - {"Codex, compressed"})))
def test_every_whole_record_counts_however_lines_were_damaged_and_whenever_they_were_read(
    data: st.DataObject, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kind = KINDS[name]
    content, whole = b"".join(raw(record) + b"\n" for record in kind.first), 0
    for n in range(data.draw(st.integers(1, 8))):
        record = row(kind, n) if data.draw(st.booleans()) else raw(kind.other)
        is_reply = record != raw(kind.other)
        end = data.draw(st.sampled_from([b"\n", b"\n", b"", b"\r\n", BOM, b" "]))
        if data.draw(st.integers(0, 3)) == 0:
            record, is_reply = record[: data.draw(st.integers(1, len(record) - 1))], False
            end = b"\n" if data.draw(st.booleans()) else b""
        content += record + end
        whole += is_reply
    folder = tmp_path_factory.mktemp("log")
    at_once = Log(folder / "a", kind).wrote(content + b"\n")
    log = Log(folder / "b", kind)
    for end in sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=4))):
        log.wrote(content[:end])
    log.wrote(content + b"\n")
    assert (at_once.replies, log.replies) == (whole, whole)


HOSTILE = {
    "braces": b"{",
    "beginnings of records": b'{"',
    "nested records": b'{"a":',
    "ends of records": b'{"a":1}}',
    "small records": b'{"a":1}',
    "texts": b'"{"',
    "backslashes": b'{"\\',
    "NUL bytes": b'{"\0\0\0\0',
    "white space": b'{"a":        ',
}


@pytest.mark.few
@pytest.mark.parametrize("what", HOSTILE)
def test_a_broken_line_takes_time_in_proportion_to_its_length(what: str) -> None:
    def steps(size: int) -> float:
        line = HOSTILE[what] * (size // len(HOSTILE[what])) + b"x"
        begin = time.process_time()
        salvage(line, ended=False)
        return time.process_time() - begin

    assert steps(800_000) < 40 * steps(100_000) + 0.1  # 64 times as long would be quadratic


def test_a_mistake_deep_inside_of_nested_records_is_not_looked_for_at_every_depth() -> None:
    depth = 500
    line = b'{"a":1,"b":[' * depth + b'"' + b"text" * 100_000 + b'"x' + b"]}" * depth
    begin = time.process_time()
    assert salvage(line).records == []
    assert time.process_time() - begin < 1


def test_a_record_may_be_as_long_as_it_may_be_when_it_is_mended_and_no_longer() -> None:
    decoder = msgspec.json.Decoder(dict[str, str])
    raw, mended = b'{"name": "\xff"}', {"name": "\N{REPLACEMENT CHARACTER}"}
    longest = len(raw) + 2
    assert decoded(decoder, raw, longest) == mended
    assert decoded(decoder, raw, longest - 1) is None
