"""Names that other people chose, through every way of showing them: each comes out as one name, and as nothing else."""

import csv
import json
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Iterator
from contextlib import redirect_stdout
from html.parser import HTMLParser
from io import StringIO

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from support.figures import CENT, NOON_MS, branch, figures, split, summary, view
from tokcost.cli import screen
from tokcost.lsp.protocol import status_params
from tokcost.model.budget import Budget, Standing
from tokcost.model.changes import Carrier, Cell, Change, ChangeTitle, OpenBranch, Report
from tokcost.model.checks import Check, Diagnosis
from tokcost.model.claims import Worth
from tokcost.model.figures import CommitRow, Skipped, Summary
from tokcost.model.status import Status
from tokcost.model.trailer import Line
from tokcost.reports.budget_table import budget_json, budget_lines
from tokcost.reports.budgets import said_at_commit
from tokcost.reports.csv import log_csv
from tokcost.reports.diagnosis import diagnosis_lines
from tokcost.reports.editor import lens_text, line_meaning
from tokcost.reports.empty import no_logs, no_usage
from tokcost.reports.hooks import installed_text
from tokcost.reports.json import log_json, status_json
from tokcost.reports.layout import Line as Painting
from tokcost.reports.layout import plain
from tokcost.reports.markdown import safe
from tokcost.reports.page import report_page
from tokcost.reports.report_csv import report_csv
from tokcost.reports.report_json import report_json
from tokcost.reports.report_markdown import report_markdown
from tokcost.reports.report_text import damaged_lines, report_lines
from tokcost.reports.status import formatted, status_line
from tokcost.reports.table import branch_lines, log_lines
from tokcost.reports.text import cell, escape, escape_lines, to_copy
from tokcost.reports.words import english
from tokcost.services.follow_folders import CostLines, FolderStatus

HOSTILE = st.lists(
    st.sampled_from(
        ["![](https://x.example)", "[a](b)", "<img src=x onerror=y>", "<!-- tokcost report -->", "@team", "#123",
         "fixes #1", "!7", "GH-8", "`", "*", "_", "~", "|", "\\", "\n", "\r", "\t", "\0", "\x1b[2J", "\x1b[8m",
         "\x1b]0;title\x07", "\x9b2J", "\x7f", "\u202e", "\u2066", "\u2028", "\u200b", "\udc80", "\ud800", "=1+1", "+",
         "-", "@", "www.x.example", "https://x.example", "&lt;", "&#64;", "</title>", '"', "'", "$(id)", " ", "a"]
    ),
    max_size=6,
).map("".join)  # fmt: skip
NAMES = (HOSTILE | st.text(max_size=40)).map(lambda name: f"x{name}")
HARMLESS = "xa"

COLOURS = re.compile(r"\x1b\[(?:\d+;?)*m")
UNSAFE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def unsafe(text: str) -> set[str]:
    """What may not reach a screen."""
    return {char for char in text if unicodedata.category(char) in UNSAFE}


class Terminal(StringIO):
    """A screen with colours."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def coloured(lines: list[Painting]) -> str:
    """What a person sees, without the colours that are ours."""
    with redirect_stdout(Terminal()) as shown:
        screen.show(screen.painted(lines, {"TERM": "xterm"}))
    return COLOURS.sub("", shown.getvalue())


def named_summary(name: str) -> Summary:
    """One repository, everything in which is called so."""
    row = branch(name, figures(100, 1000))
    row.split = split(figures(100, 1000), name, name)
    row.carried_on, row.state = (name,), "merged"
    commit = CommitRow("0123456789abcdef")
    commit.claims, commit.list_cost, commit.tokens = {"7k3qf9x2m4tc": 1}, CENT, 100
    commit.subject, commit.time_ms, commit.branch = name, NOON_MS, name
    commit.copies = {"f" * 40: name}
    row.commits = [commit]
    found = summary(row, unplaced=figures(1, 10, unpriced=5))
    found.repository, found.notes, found.looked_in = name, [name], [name]
    found.skipped = Skipped({name: 2}, [(name, name)])
    return found


def named_status(name: str) -> Status:
    """A branch with a budget that stops commits."""
    over = Standing(Budget("branch", CENT, blocks=True, source="branch"), 100 * CENT, 0)
    return Status(name, name, 100 * CENT, CENT, 1000, models=(name,), budgets=(over,), budget_problems=(name,))


LINE = Line("7k3qf9x2m4tc", 1, 2_000_000_000, False, 1_000_000, ())


def named_report(name: str) -> Report:
    """Merged changes, everything in which is called so."""
    changes = [
        Change(character * 40, ChangeTitle(name, number, NOON_MS // 1000), [LINE._replace(models=(name,))])
        for character, number in (("a", 7), ("b", None), ("c", 9))
    ]
    carried = Carrier("d" * 40, (LINE,))
    return Report(
        name,
        changes,
        damaged=[("e" * 40, name)],
        open=[OpenBranch(name, carried.lines)],
        groups={"area": [Cell(name, 10**9, 10**6, 2), Cell(f"{name}b", 10**9, 10**6, 1)]},
        missing={"tag": name},
        notes=[name],
        commits=4,
    )


def screens(name: str) -> Iterator[list[Painting]]:
    """All that the commands paint."""
    logged, reported, status = named_summary(name), named_report(name), named_status(name)
    for by in (None, "day", "model", "assistant"):
        yield log_lines([logged, logged], by, view(decorated=True))
        yield branch_lines(logged.branches[0], logged, by, view())
    for by in (None, "area", "tag"):
        yield report_lines(reported, by, None, True)
    yield report_lines(Report(name, [], notes=[name]), None, None, False)
    yield damaged_lines(reported, None)
    yield budget_lines(status, None)
    yield diagnosis_lines(Diagnosis({"ledger": [Check("file", name, True, name)]}))


def sentences(name: str) -> Iterator[str]:
    """All that is text from the beginning."""
    status = named_status(name)
    yield status_line(status)
    yield formatted(status, "{branch} {models} {repository} {budget}")
    yield from no_logs({name: [name]}, [(name, name)])
    yield from no_usage(name, True, 1)
    yield installed_text([name], [name], [("pre-commit", name, name.replace("\n", ""), True, name)])
    yield lens_text([], Worth(CENT, 1000, 0, ()), name, english)
    yield from line_meaning(LINE._replace(models=(name,)), None, 0, False, english)


@given(NAMES)
@settings(deadline=None, max_examples=60)
@example("x\n\x1b[8m")
def test_a_screen_has_the_same_lines_whatever_names_are_and_only_colours_of_ours(name: str) -> None:
    for lines, usual in zip(screens(name), screens(HARMLESS), strict=True):
        shown = coloured(lines)
        assert shown == escape_lines(plain(lines))
        assert not unsafe(shown.replace("\n", ""))
        assert shown.count("\n") == len(usual)


@given(NAMES)
@settings(deadline=None, max_examples=60)
def test_a_sentence_is_escaped_where_it_is_made(name: str) -> None:
    for said, usual in zip(sentences(name), sentences(HARMLESS), strict=True):
        assert not unsafe(said.replace("\n", ""))
        assert said.count("\n") == usual.count("\n")


@given(st.text())
def test_nothing_passes_the_screen_that_is_not_marked_as_ready(text: str) -> None:
    with redirect_stdout(Terminal()) as shown:
        screen.show(text)
        screen.page(text, {"TOKCOST_PAGER": ""})
    assert shown.getvalue() == escape_lines(text) * 2
    assert not unsafe(shown.getvalue().replace("\n", ""))


@given(NAMES)
@settings(deadline=None, max_examples=40)
def test_a_name_is_one_cell_of_a_csv(name: str) -> None:
    def cells(called: str) -> list[list[str]]:
        logged, reported = named_summary(called), named_report(called)
        texts = [log_csv([logged], by) for by in (None, "model", "assistant")]
        texts += [report_csv(reported, None), report_csv(reported, "area")]
        return [row for text in texts for row in csv.reader(StringIO(text))]

    made, usual = cells(name), cells(HARMLESS)
    assert [len(row) for row in made] == [len(row) for row in usual]
    assert not unsafe("".join(text for row in made for text in row))


@given(HOSTILE | st.text())
@example("=cmd|' /C calc'!A0")
@example("\t=1")
@example(" =1")
@example("\uff1d1")
def test_a_cell_is_one_cell_and_no_formula(name: str) -> None:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow((cell(name), 7))
    (row,) = csv.reader(StringIO(text.getvalue()))
    assert row[1:] == ["7"]
    assert not row[0].lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in row[0])


@given(NAMES)
@settings(deadline=None, max_examples=40)
@example("x\ud800\udc80")
def test_json_is_ascii_that_keeps_the_name_to_the_last_byte(name: str) -> None:
    logged, status = named_summary(name), named_status(name)
    for text in (
        log_json([logged], False),
        status_json(status),
        budget_json(status),
    ):
        assert text.isascii()
        assert name in json.dumps(json.loads(text), ensure_ascii=False) or json.dumps(name)[1:-1] in text
    # Two surrogates that make a pair are one character in any JSON.
    assert json.loads(log_json([logged], False))["branches"][0]["branch"] == json.loads(json.dumps(name))


@given(NAMES)
@settings(deadline=None, max_examples=40)
@example("caf\udce9")
@example("x\ud800\udc80")
def test_a_report_in_json_is_read_by_parsers_that_take_no_half_characters(name: str) -> None:
    text = "".join(report_json(named_report(name), named_report(name)))
    assert text.isascii()
    assert msgspec.json.decode(text) == json.loads(text)
    assert name != "caf\udce9" or text.count(r"caf\\xe9") >= 2


@given(HOSTILE | st.text())
def test_in_markdown_a_name_is_text_and_nothing_else(name: str) -> None:
    made = safe(f"x {name} x")
    inline = [
        child for token in MarkdownIt("gfm-like", {"linkify": False}).parse(made) for child in token.children or []
    ]
    assert {child.type for child in inline} <= {"text", "text_special"}
    rendered = "".join(child.content for child in inline)
    assert rendered.replace("\u200b", "") == f"x {escape(name)} x"
    # Forges look for these in the text that comes out.
    assert not re.search(r"[@#!](?!\u200b)|GH-(?!\u200b)", rendered, re.IGNORECASE)
    assert not {"@", "://", "<!--"} & {made[at : at + size] for size in (1, 3, 4) for at in range(len(made))}
    assert "#" not in made.replace("&#", "")
    assert "www." not in made.lower()


def markdown_of(text: str) -> list[str]:
    """The kinds of all its parts but text."""
    found: list[str] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        inner = [child.type for child in token.children or [] if child.type not in ("text", "text_special")]
        found += [token.type, *inner]
    return found


@given(NAMES)
@settings(deadline=None, max_examples=40)
def test_a_report_in_markdown_has_the_same_parts_whatever_names_are(name: str) -> None:
    for by in (None, "area", "tag"):
        made = report_markdown(named_report(name), by)
        assert markdown_of(made) == markdown_of(report_markdown(named_report(HARMLESS), by))
        assert made.count("<!--") == 1
    assert markdown_of(safe(name)) == markdown_of(safe(HARMLESS))


class Tags(HTMLParser):
    """Every tag with the names of its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.rest: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.rest += [value or "" for _, value in attrs]

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", (data,)))

    def handle_data(self, data: str) -> None:
        self.rest.append(data)


@pytest.fixture(scope="module")
def usual_tags() -> list[tuple[str, tuple[str, ...]]]:
    pytest.importorskip("altair")
    return Tags(report_page(named_report(HARMLESS))).found


@pytest.mark.slow
@given(NAMES)
@settings(deadline=None, max_examples=8)
@example("x</text><script>alert(1)</script>")
@example('x" onload="a" \'\u202e\x00')
@example("x00\x1f\x1eÆ\U00019000\U00050900𑁒0" * 3)
def test_a_page_has_the_tags_of_a_harmless_one(usual_tags: list[tuple[str, tuple[str, ...]]], name: str) -> None:
    page = Tags(report_page(named_report(name)))
    assert page.found == usual_tags
    assert not unsafe("".join(page.rest).replace("\n", ""))


@given(NAMES)
@settings(deadline=None, max_examples=60)
def test_what_an_editor_is_told_is_json_and_its_texts_are_one_line(name: str) -> None:
    for found in (
        FolderStatus(name, named_status(name), name, CostLines(True, name)),
        FolderStatus(name, None, f"{name}."),
    ):
        told = status_params("file:///w", found, importing=False)
        json.dumps(told, ensure_ascii=False).encode("utf-8")
        texts = [told["text"], told["line"], told["accessible"], told["problem"]]
        texts += [row[part] for row in told["tooltip"] for part in ("label", "value")]
        texts.append(told.get("cost_lines", {}).get("problem", ""))
        assert not unsafe("".join(texts))


@given(NAMES.filter(lambda name: "\0" not in name and "\ud800" not in name))
@settings(deadline=None, max_examples=30)
@example("x\x1b[2J'\udc80$(id)")
@example('x`id` "$HOME" ! \\ \u202e\'\n')
def test_a_command_to_copy_names_what_it_is_about_and_runs_nothing_else(name: str) -> None:
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return  # no name of a file or a branch
    word = to_copy(name)
    assert not unsafe(word)
    said = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert (said.stdout, said.stderr) == (data, b"")


def test_the_way_on_from_a_stopped_commit_can_be_copied() -> None:
    ((_, hint),) = said_at_commit(named_status("feat/$(id)'x"))
    assert shlex.split(hint.partition("from now on: ")[2])[-1] == "feat/$(id)'x"
