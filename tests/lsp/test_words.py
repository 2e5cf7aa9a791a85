"""What the server says to a person in the person's language: a made-up one, which marks whatever goes through it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.editor import Editor
from support.hooked import REPLY, Hooked
from tokcost.lsp.words import SHIPPED, TRIED, words_for
from tokcost.reports.words import PLACE

BASE: dict[str, str] = json.loads((SHIPPED / "bundle.l10n.json").read_text(encoding="utf-8"))
PSEUDO = {text: f"«{text}»" for text in BASE}
DAMAGED = "AI-Cost: ~2 UDS; ~1M tokens; x; 7k3qf9x2m4td"
FOREIGN = "AI-Cost: 12 dollars by somebody"
CAN = {
    "textDocument": {"hover": {"contentFormat": ["plaintext"]}},
    "window": {"workDoneProgress": True},
}


def translate(home: Path, said: Any, language: str = "xx") -> None:
    """Put a translation where it can be tried."""
    (home / TRIED).mkdir(parents=True, exist_ok=True)
    data = said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
    (home / TRIED / f"bundle.l10n.{language}.json").write_bytes(data)


def window(repo: Hooked, locale: str | None = "xx-YY") -> Editor:
    return Editor(repo.environ, repo.path, capabilities=CAN, locale=locale)


@pytest.fixture
def spent(agreed: Hooked) -> Hooked:
    """A clone with cost lines, a budget, and usage that leaves open whatever usage can."""
    agreed.git("config", "tokcost.budgetBranch", "0.01")
    agreed.spend()
    agreed.spend(model="never-heard-of")
    agreed.spend(stop_reason=None)
    return agreed


@pytest.fixture
def editor(spent: Hooked) -> Iterator[Editor]:
    """Its editor, in the made-up language."""
    translate(spent.ledger_home, PSEUDO)
    with window(spent) as editor:
        editor.open()
        editor.status(spent.path, state="ready", tokens=3 * REPLY)
        yield editor


def is_said(text: str) -> bool:
    """Whether a text went through the translation, at least in part."""
    return "«" in text


def test_the_status_the_tooltip_and_the_sentence_are_translated(spent: Hooked, editor: Editor) -> None:
    told = editor.status(spent.path, state="ready", tokens=3 * REPLY)
    rows = {row["name"]: (row["label"], row["value"]) for row in told["tooltip"]}
    assert [name for name, (label, _) in rows.items() if not is_said(label)] == []
    for name in ("evidence", "unpriced", "lower_bound", "broken_off", "budget", "cost_lines"):
        assert is_said(rows[name][1]), name
    assert rows["list_cost"] == ("«List cost»", "≥$0.05 + unpriced (1 broken off)")
    assert told["text"] == "≥$0.05 + unpriced (1 broken off)"
    assert is_said(told["accessible"].split(",")[0])
    assert "«at least $0.05»" in told["accessible"]
    assert told["line"].startswith("main  ≥$0.05 list")  # what `tokcost status` prints


def test_rules_and_what_drove_the_cost_are_said_in_that_language(spent: Hooked) -> None:
    translate(spent.ledger_home, PSEUDO)
    (spent.ledger_home / "config.toml").write_text('[[rules]]\nname = "dear"\nover = "0.01"\nsay = "use haiku"\n')
    with window(spent) as editor:
        editor.open()
        told = editor.status(spent.path, state="ready", tokens=3 * REPLY)
        rows = {row["name"]: row["value"] for row in told["tooltip"]}
        assert rows["rule"].startswith("dear: «3 responses», «≥$0.05 list + unpriced (1 broken off) on this branch»")
        assert rows["rule"].endswith("; use haiku")
        assert is_said(rows["mostly"])
        assert "«rule: dear" in told["accessible"]
        asked = {"uri": spent.path.as_uri(), "branch": "main"}
        findings = editor.request("tokcost/summary", asked)["why"]["findings"]
        assert findings
        assert [one["text"] for one in findings if not is_said(one["text"])] == []


def test_where_nothing_was_logged_the_figure_says_so_in_that_language(repo: Hooked) -> None:
    translate(repo.ledger_home, PSEUDO)
    with window(repo) as editor:
        editor.open()
        told = editor.status(repo.path, state="ready", no_logs=True)
        assert (told["text"], told["today_text"]) == ("«no logs»", "«no logs»")
        assert is_said(told["accessible"])


def test_the_reasons_of_what_is_on_no_branch_are_translated(spent: Hooked, editor: Editor) -> None:
    spent.git("switch", "-q", "--detach")
    spent.now += 1
    spent.spend()
    editor.notify("tokcost/follow", {"next": False, "page": None, "branches": spent.path.as_uri()})

    def reasons() -> list[str]:
        told = [one["branches"] for one in editor.told("tokcost/status") if one["branches"]]
        return [reason for row in told[-1]["unplaced"] for reason in row["reasons"]] if told else []

    assert editor.wait(reasons) == ["«HEAD was on no branch then (detached).»"]


def test_all_that_a_commit_message_gets_is_translated(spent: Hooked, editor: Editor) -> None:
    line = "AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5, gpt-5.1-codex; 7k3qf9x2m4tc"
    uri = editor.document(spent.path / ".git/COMMIT_EDITMSG", f"Work\n\n{line}\n{DAMAGED}\n{FOREIGN}\n")
    document = {"textDocument": {"uri": uri}}
    (told,) = editor.wait(lambda: editor.told("textDocument/publishDiagnostics", uri=uri))
    assert [is_said(one["message"]) for one in told["diagnostics"]] == [True, True]
    (lens,) = editor.request("textDocument/codeLens", document)
    assert is_said(lens["command"]["title"])
    for number in (2, 3, 4):
        found = editor.request("textDocument/hover", {**document, "position": {"line": number, "character": 3}})
        assert all(map(is_said, found["contents"]["value"].split("\n"))), found
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 5, "character": 0}}
    asked = {**document, "range": everything, "context": {"diagnostics": []}}
    titles = [one["title"] for one in editor.request("textDocument/codeAction", asked)]
    assert len(titles) > 1
    assert all(map(is_said, titles))
    empty = editor.document(spent.path / ".git/MERGE_MSG", "Work\n\nAI\n")
    place = {"textDocument": {"uri": empty}, "position": {"line": 2, "character": 2}}
    (item,) = editor.request("textDocument/completion", place)
    assert is_said(item["detail"])
    (shown,) = editor.request("textDocument/codeAction", {**asked, "textDocument": {"uri": empty}})
    assert is_said(shown["title"])


def test_answers_that_are_shown_as_notifications_are_translated(spent: Hooked, editor: Editor) -> None:
    for omit in (True, False):
        assert is_said(editor.command("omit", omit=omit)["text"])
    assert is_said(editor.command("budget", scope="branch", amount="20")["text"])
    assert is_said(editor.command("budget", scope="branch")["text"])
    assert is_said(editor.command("disable")["text"])
    terms = editor.command("preview")
    assert all(map(is_said, terms["text"].splitlines()[-2:]))
    asked = {"precision": terms["precision"], "models": terms["models"]}
    assert is_said(editor.command("enable", consent=True, **asked)["text"])


def test_what_has_to_be_understood_before_agreeing_is_in_the_language_of_whoever_agrees(
    spent: Hooked, editor: Editor
) -> None:
    editor.command("disable")
    for asked in ({}, {"from_now": True}, {"precision": "exact", "models": False}):
        text = editor.command("preview", **asked)["consent_text"]
        kept = "    "  # the line as it would be published, which is the same everywhere
        assert [one for one in text.splitlines() if one and not one.startswith(kept) and not is_said(one)] == []


def test_a_long_import_is_told_in_that_language(repo: Hooked) -> None:
    translate(repo.ledger_home, PSEUDO)
    repo.spend(text="x" * (24 << 20))
    with window(repo) as editor:
        editor.open()
        editor.wait(lambda: [one for one in editor.told("$/progress") if one["value"]["kind"] == "end"])
        titles = [one["value"].get("title") or one["value"].get("message") for one in editor.told("$/progress")]
        assert all(map(is_said, titles)), titles


@pytest.mark.parametrize("locale", ["xx", "xx-YY", "xx_YY.UTF-8", "XX"])
def test_a_language_is_found_by_however_a_client_names_it(tmp_path: Path, locale: str) -> None:
    translate(tmp_path, PSEUDO)
    assert words_for(locale, [tmp_path / TRIED]).say("Branch") == "«Branch»"


@pytest.mark.parametrize("locale", [None, "", "en", "yy", "../../xx", "xx/../xx", "x" * 5000, "*", "bundle"])
def test_without_a_translation_the_words_are_english(tmp_path: Path, locale: str | None) -> None:
    translate(tmp_path, PSEUDO)
    say, problem = words_for(locale, [tmp_path / TRIED, tmp_path / "missing"])
    assert (say("{0} of {1} MB", 3, 7), problem) == ("3 of 7 MB", "")


def test_the_more_exact_language_comes_first_and_what_is_tried_before_what_is_shipped(tmp_path: Path) -> None:
    translate(tmp_path, {"Branch": "exact"}, "xx-yy")
    translate(tmp_path, {"Branch": "less"})
    translate(tmp_path / "shipped", {"Branch": "shipped"})
    folders = [tmp_path / TRIED, tmp_path / "shipped" / TRIED]
    assert [words_for(one, folders).say("Branch") for one in ("xx-yy", "xx-zz")] == ["exact", "less"]


BAD = {
    "lacks a value": {"{0} of {1} MB": "{0} MB"},
    "adds a value": {"Branch": "{0}"},
    "is no text": {"Branch": 7},
    "is empty": {"Branch": ""},
}


@pytest.mark.parametrize("name", BAD)
def test_a_text_that_does_not_fit_is_english_and_reported_and_others_are_translated(tmp_path: Path, name: str) -> None:
    translate(tmp_path, PSEUDO | BAD[name])
    say, problem = words_for("xx", [tmp_path / TRIED])
    (text,) = BAD[name]
    values = list(range(len(PLACE.findall(text))))
    assert not is_said(say(text, *values))
    assert say("Today") == "«Today»"
    assert "1 of the texts in bundle.l10n.xx.json" in problem


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"null", b"[" * 100_000, b'{"Branch": "\xff"}'])
def test_a_damaged_translation_says_nothing_and_is_named(tmp_path: Path, data: bytes) -> None:
    translate(tmp_path, data)
    say, problem = words_for("xx", [tmp_path / TRIED])
    assert say("Branch") == "Branch"
    assert problem == "the translation bundle.l10n.xx.json cannot be read: its texts are shown in English"


def test_a_translation_that_is_no_file_or_without_end_is_not_read(tmp_path: Path) -> None:
    translate(tmp_path, b"{" + b" " * (1 << 20))
    assert words_for("xx", [tmp_path / TRIED]).problem
    path = tmp_path / TRIED / "bundle.l10n.xx.json"
    path.unlink()
    os.mkfifo(path)
    assert words_for("xx", [tmp_path / TRIED]).problem


def test_what_is_wrong_with_a_translation_is_said_once_and_the_rest_is_translated(repo: Hooked) -> None:
    translate(repo.ledger_home, PSEUDO | {"{0} tokens": "tokens"})
    repo.spend()
    with window(repo) as editor:
        editor.open()
        told = editor.status(repo.path, state="ready", tokens=REPLY)
        assert told["tooltip"][0]["label"] == "«Branch»"
        repo.spend()
        editor.status(repo.path, tokens=2 * REPLY)
        said = [one["message"] for one in editor.told("window/logMessage") if "bundle" in one["message"]]
        assert said == ["1 of the texts in bundle.l10n.xx.json lack or add a placeholder: these are shown in English"]
