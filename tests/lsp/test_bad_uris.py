"""What an editor calls a URI and no file system can open: passed over, said once, and everything else goes on."""

from typing import Any

import pytest

from support.editor import Editor, Refused
from support.hooked import REPLY, Hooked
from support.tables import few

BAD = {
    "nul": "file:///repo%00",
    "no octets": "file:///%ZZ",
    "machine": "file://server/share/repo",
    "bracket": "file://[::1/repo",
    "scheme": "vscode-remote://ssh-remote+box/repo",
    "huge": f"file:///{'a' * 100_000}",
    "long name": f"file:///{'a' * 2_000}",
    "not UTF-8": "file:///%FF%FE",
    "surrogate": "file:///\ud800",
    "escape": "file:///x%1b[31m\x1b[31m\n\u202e%00",
    "empty": "",
    "nothing": "file:",
}


def complaints(editor: Editor) -> list[str]:
    return [one["message"] for one in editor.told("window/logMessage") if "bug" in one["message"]]


@pytest.mark.few
@pytest.mark.parametrize("name", few(BAD, 4))
def test_a_folder_that_is_none_stops_no_look_and_is_told_at_most_once(repo: Hooked, name: str) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.folders.append({"uri": BAD[name], "name": name})
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        for number in (2, 3):
            repo.spend()
            editor.command("refresh")
            editor.status(repo.path, state="ready", tokens=number * REPLY)
        said = editor.told("window/logMessage")
        assert complaints(editor) == []
        assert len(said) <= 1
        assert all(len(one["message"]) < 400 and one["message"].isprintable() for one in said)
        assert editor.quit() == 0


@pytest.mark.few
@pytest.mark.parametrize("name", few(BAD, 4))
def test_a_document_that_is_in_no_place_is_served_or_left_alone(repo: Hooked, name: str) -> None:
    uri = BAD[name]
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready")
        text = "Subject\n\nAI-Cost: ~2 USD list; ~1M tokens; a; 7k3qf9x2m4tc\n"
        opened = {"uri": uri, "languageId": "git-commit", "version": 1, "text": text}
        editor.notify("textDocument/didOpen", {"textDocument": opened})
        asked = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 3}}
        for method in ("hover", "completion", "codeLens"):
            editor.request(f"textDocument/{method}", asked)
        for version in (2, 3, 4):
            changed: dict[str, Any] = {"uri": uri, "version": version}
            editor.notify("textDocument/didChange", {"textDocument": changed, "contentChanges": [{"text": text}]})
        for command in ("preview", "disable", "doctor"):
            with pytest.raises(Refused, match=r"git repository|no repository"):
                editor.command(command, uri=uri or 1)
        with pytest.raises(Refused, match=r"these parameters are invalid|git repository"):
            editor.request("tokcost/summary", {"uri": uri})
        assert complaints(editor) == []
        assert len(editor.told("window/logMessage")) <= 1
        assert editor.quit() == 0
