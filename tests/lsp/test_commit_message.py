"""What an editor without our extension gets in a commit message: hover, lens, actions, diagnostics, completion."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.editor import Editor
from support.hooked import REPLY, Hooked

DAMAGED = "AI-Cost: ~2 UDS; ~1M tokens; x; 7k3qf9x2m4td"
FOREIGN = "AI-Cost: 12 dollars by somebody"
THEIRS = "AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5, gpt-5.1-codex; 7k3qf9x2m4tc"
CAN = {
    "textDocument": {"hover": {"contentFormat": ["markdown", "plaintext"]}},
    "workspace": {"codeLens": {"refreshSupport": True}},
}


class Draft:
    """A commit that is being made: git has run the hook and waits for the editor."""

    def __init__(self, repo: Hooked) -> None:
        self.repo = repo
        self.path = repo.path / ".git/COMMIT_EDITMSG"
        repo.spend()
        repo.change()
        # An editor that fails leaves everything as it is while a real one is open.
        repo.hooked(env=repo.editor('cp "$1" "$1.seen"; cp .git/TOKCOST_PROPOSAL kept 2>/dev/null; exit 1'), ok=False)
        self.text = (repo.path / ".git/COMMIT_EDITMSG.seen").read_text()

    @property
    def line(self) -> str:
        """The line that the hook wrote."""
        return next(line for line in self.text.split("\n") if line.startswith("AI-Cost: "))


@pytest.fixture
def draft(agreed: Hooked) -> Draft:
    return Draft(agreed)


@pytest.fixture
def editor(draft: Draft) -> Iterator[Editor]:
    with Editor(draft.repo.environ, draft.repo.path, capabilities=CAN) as editor:
        editor.open()
        editor.status(draft.repo.path, state="ready")
        yield editor


def at(uri: str, line: int, character: int = 3) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


def applied(text: str, edit: dict[str, Any]) -> str:
    """A text after one edit by whole lines."""
    start, end = edit["range"]["start"], edit["range"]["end"]
    lines = text.split("\n")
    before = "\n".join([*lines[: start["line"]], ""]) if start["line"] else ""
    rest = "\n".join([lines[end["line"]][end["character"] :], *lines[end["line"] + 1 :]])
    return before + edit["newText"] + rest


def actions(editor: Editor, uri: str) -> dict[str, Any]:
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    asked = {"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": []}}
    return {one["title"]: one for one in editor.request("textDocument/codeAction", asked)}


def test_hover_explains_a_line_of_ours_with_exact_figures(draft: Draft, editor: Editor) -> None:
    uri = editor.document(draft.path, draft.text)
    number = draft.text.split("\n").index(draft.line)
    found = editor.request("textDocument/hover", at(uri, number))
    said = found["contents"]["value"]
    assert "Yours, exactly: $0.0" in said
    assert "12.2k tokens" in said
    assert "version 1" in said
    assert found["range"]["start"] == {"line": number, "character": 0}
    assert editor.request("textDocument/hover", at(uri, 0)) is None


def test_hover_says_that_a_line_was_edited(draft: Draft, editor: Editor) -> None:
    text = draft.text.replace(" USD list", "9 USD list")
    uri = editor.document(draft.path, text)
    number = next(n for n, line in enumerate(text.split("\n")) if line.startswith("AI-Cost"))
    said = editor.request("textDocument/hover", at(uri, number))["contents"]["value"]
    assert "edited by hand" in said


@pytest.mark.few
@pytest.mark.parametrize(
    ("line", "said"),
    [(THEIRS, "somebody else's"), (FOREIGN, "no tokcost id"), (DAMAGED, "cannot be parsed")],
)
def test_hover_on_lines_that_are_not_ours(draft: Draft, editor: Editor, line: str, said: str) -> None:
    uri = editor.document(draft.path, f"Subject\n\n{line}\n")
    assert said in editor.request("textDocument/hover", at(uri, 2))["contents"]["value"]


def test_the_lens_says_what_the_commit_carries_and_what_is_pending(draft: Draft, editor: Editor) -> None:
    uri = editor.document(draft.path, draft.text)
    (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert "this commit carries $0.0" in lens["command"]["title"]
    draft.repo.spend()
    editor.wait(lambda: [one for one in editor.told("tokcost/status") if one["tokens"] == 2 * REPLY])
    editor.wait(lambda: [one for one in editor.messages if one.get("method") == "workspace/codeLens/refresh"])
    (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert "; pending on main: $0.0" in lens["command"]["title"]
    assert lens["command"]["command"] == "tokcost.preview"
    editor.request("workspace/executeCommand", {k: lens["command"][k] for k in ("command", "arguments")})
    assert len(editor.told("window/showMessage")) == 1


def test_leaving_the_line_out_leaves_everything_else(draft: Draft, editor: Editor) -> None:
    uri = editor.document(draft.path, draft.text)
    (out,) = actions(editor, uri).values()
    bare = applied(draft.text, out["edit"]["changes"][uri][0])
    assert "AI-Cost" not in bare
    assert bare.endswith(draft.text[draft.text.index("\n# ") :])


def test_the_line_that_the_hook_claimed_for_this_commit_can_be_put_back(draft: Draft, editor: Editor) -> None:
    subject = f"Subject\n{draft.text}"
    uri = editor.document(draft.path, subject)
    (out,) = actions(editor, uri).values()
    bare = applied(subject, out["edit"]["changes"][uri][0])
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    uri = editor.document(draft.path, bare)
    (back,) = actions(editor, uri).values()
    again = applied(bare, back["edit"]["changes"][uri][0])
    assert draft.line in again.split("\n")
    assert again.split("\n").count(draft.line) == 1
    draft.repo.hooked("-m", again)
    assert draft.repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 1), ("utf-16-le", 2), ("utf-32-le", 4)])
def test_positions_are_counted_in_the_unit_of_the_client(draft: Draft, encoding: str, units: int) -> None:
    def length(text: str) -> int:
        return len(text.encode(encoding)) // units

    named = encoding.removesuffix("-le")
    with Editor(
        draft.repo.environ, draft.repo.path, capabilities={"general": {"positionEncodings": [named]}}
    ) as editor:
        assert editor.open()["positionEncoding"] == named
        editor.status(draft.repo.path, state="ready")
        title = "Zoë \N{GRINNING FACE}"
        uri = editor.document(draft.path, title)
        (back,) = actions(editor, uri).values()
        (edit,) = back["edit"]["changes"][uri]
        assert edit["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": length(title)}}
        damaged = DAMAGED.replace("; x;", f"; {title};")
        editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        uri = editor.document(draft.path, f"Subject\n\n{damaged}")
        place = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": length(damaged)}}
        assert editor.request("textDocument/hover", at(uri, 2))["range"] == place
        (told,) = editor.wait(
            lambda: [one for one in editor.told("textDocument/publishDiagnostics") if one["diagnostics"]]
        )
        assert [one["range"] for one in told["diagnostics"]] == [place]
        asked = {"textDocument": {"uri": uri}, "range": place, "context": {"diagnostics": [], "only": ["quickfix"]}}
        (delete,) = editor.request("textDocument/codeAction", asked)
        (edit,) = delete["edit"]["changes"][uri]
        assert edit["range"]["end"] == place["end"]


def test_without_a_claim_there_is_nothing_to_insert(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        uri = editor.document(repo.path / ".git/COMMIT_EDITMSG", "Subject\n")
        (show,) = actions(editor, uri).values()
        assert "edit" not in show
        assert show["command"]["command"] == "tokcost.preview"


def test_damaged_lines_are_warned_of_and_foreign_ones_hinted_at(draft: Draft, editor: Editor) -> None:
    text = f"Sübject 💸\n\n{draft.line}\n{FOREIGN}\n{DAMAGED}\n# {DAMAGED}\n"
    uri = editor.document(draft.path, text)
    (told,) = editor.wait(lambda: editor.told("textDocument/publishDiagnostics", uri=uri))
    found = [(one["code"], one["severity"], one["range"]["start"]["line"]) for one in told["diagnostics"]]
    assert found == [("foreign", 4, 3), ("damaged", 2, 4)]
    assert told["diagnostics"][1]["range"]["end"] == {"line": 4, "character": len(DAMAGED)}
    whole = {"start": {"line": 3, "character": 0}, "end": {"line": 5, "character": 0}}
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"range": whole, "text": ""}]}
    editor.notify("textDocument/didChange", change)
    editor.wait(lambda: editor.told("textDocument/publishDiagnostics", uri=uri, version=2, diagnostics=[]))


HURT = {
    "its amount": (" USD list", " dollars"),
    "its id": (None, "; nothing"),
    "its key": ("AI-Cost:", "AI-Cst:"),
}


def hurt(draft: Draft, damage: str) -> str:
    """The message of a commit whose line somebody has damaged."""
    before, after = HURT[damage]
    part = before or draft.line[draft.line.rindex("; ") :]
    return f"Subject\n{draft.text.replace(draft.line, draft.line.replace(part, after))}"


@pytest.mark.few
@pytest.mark.parametrize("damage", HURT)
def test_a_damaged_line_of_this_commit_is_warned_of_and_a_quick_fix_mends_it(
    draft: Draft, editor: Editor, damage: str
) -> None:
    text = hurt(draft, damage)
    uri = editor.document(draft.path, text)
    (told,) = editor.wait(lambda: editor.told("textDocument/publishDiagnostics", uri=uri))
    (warning,) = told["diagnostics"]
    assert (warning["severity"], warning["code"]) == (2, "damaged")
    assert "the next commit offers it again" in warning["message"]
    context = {"diagnostics": [warning], "only": ["quickfix"]}
    asked = {"textDocument": {"uri": uri}, "range": warning["range"], "context": context}
    mend, delete = editor.request("textDocument/codeAction", asked)
    assert {one["kind"] for one in (mend, delete)} == {"quickfix"}
    assert mend["diagnostics"] == delete["diagnostics"] == [warning]
    assert mend["isPreferred"] is True
    assert applied(text, mend["edit"]["changes"][uri][0]) == f"Subject\n{draft.text}"
    gone = applied(text, delete["edit"]["changes"][uri][0])
    assert gone == f"Subject\n{draft.text}".replace(f"{draft.line}\n", "")


@pytest.mark.slow
def test_the_lens_is_asked_for_again_when_a_line_comes_or_goes_and_not_at_every_key(
    draft: Draft, editor: Editor
) -> None:
    def refreshes() -> int:
        return sum(one.get("method") == "workspace/codeLens/refresh" for one in editor.messages)

    uri = editor.document(draft.path, draft.text)
    editor.wait(lambda: editor.told("textDocument/publishDiagnostics", uri=uri))
    before = refreshes()
    for version, text in enumerate((f"A{draft.text}", f"Ab{draft.text}", "Ab\n"), start=2):
        document = {"uri": uri, "version": version}
        editor.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        editor.wait(lambda version=version: editor.told("textDocument/publishDiagnostics", version=version))
        assert refreshes() == before + (version == 4)


@pytest.mark.slow
def test_the_key_is_completed_where_a_trailer_can_stand(draft: Draft, editor: Editor) -> None:
    uri = editor.document(draft.path, "Subject AI\n\nAI\nbody AI\n# x\n")
    (item,) = editor.request("textDocument/completion", at(uri, 2, 2))
    assert item["label"] == "AI-Cost"
    assert item["textEdit"]["newText"].split("\n")[0] == draft.line
    assert editor.request("textDocument/completion", at(uri, 3, 7)) == []
    assert editor.request("textDocument/completion", at(uri, 0, 1)) == []


@pytest.mark.slow
def test_other_documents_are_none_of_our_business(draft: Draft, editor: Editor) -> None:
    uri = editor.document(draft.repo.path / "notes.py", f"x\n\n{DAMAGED}\n", language="python")
    assert editor.request("textDocument/hover", at(uri, 2)) is None
    assert editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []
    assert actions(editor, uri) == {}
    assert editor.request("textDocument/completion", at(uri, 1, 0)) == []
    assert editor.told("textDocument/publishDiagnostics") == []


@pytest.mark.slow
def test_a_message_of_a_linked_worktree_belongs_to_its_branch(agreed: Hooked, tmp_path: Path) -> None:
    worktree = tmp_path / "linked"
    agreed.git("worktree", "add", "-q", "-b", "feat/w", str(worktree))
    agreed.now += 10
    agreed.spend(cwd=worktree)
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        editor.status(agreed.path, state="ready")
        uri = editor.document(agreed.path / ".git/worktrees/linked/COMMIT_EDITMSG", "\n# x\n", language="gitcommit")
        (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
        assert "pending on feat/w: $0.0" in lens["command"]["title"]


@pytest.mark.slow
def test_a_message_of_many_lines_gets_a_hundred_hints_and_one_of_megabytes_none(draft: Draft, editor: Editor) -> None:
    uri = editor.document(draft.path, "Subject\n\n" + f"{FOREIGN}\n" * 20_000)
    (told,) = editor.wait(lambda: editor.told("textDocument/publishDiagnostics", uri=uri))
    assert len(told["diagnostics"]) == 100
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": f"{DAMAGED}\n" * 250_000}]}
    editor.notify("textDocument/didChange", change)
    assert editor.request("textDocument/hover", at(uri, 2)) is None
