"""Folders whose names an editor has to write otherwise in a URI: it hears of them as it named them."""

from pathlib import Path

import pytest

from support.editor import Editor
from support.hooked import REPLY, Hooked
from support.tables import few

NAMES = ("my repo", "Grüße", "c#sharp", "100%", "50%25", "what?", "a;b", "a+b", "[x]")


@pytest.mark.few
@pytest.mark.parametrize("name", few(NAMES))
def test_a_folder_of_any_name_is_followed_and_its_commit_message_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    repo = Hooked(tmp_path / name, rooted=True)
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        text = "Subject\n\nAI-Cost: 1.0000 USD list; 12 tokens; a; 7k3qf9x2m4tc\n"
        uri = editor.document(repo.git_dir / "COMMIT_EDITMSG", text)
        assert editor.told("tokcost/status", uri=repo.path.as_uri())
        asked = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 3}}
        assert editor.request("textDocument/hover", asked) is not None
        assert editor.request("textDocument/codeLens", asked)
        assert "main" in editor.command("branches")["branches"]
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": editor.folders}})
        assert editor.quit() == 0


def test_a_path_that_is_written_as_it_is_keeps_its_semicolon(tmp_path: Path) -> None:
    (tmp_path / "a;b").mkdir()
    repo = Hooked(tmp_path / "a;b", rooted=True)
    repo.spend()
    with Editor(repo.environ) as editor:
        editor.folders = [{"uri": f"file://{repo.path}", "name": "x"}]
        editor.open()
        editor.wait(lambda: editor.told("tokcost/status", uri=f"file://{repo.path}", state="ready", tokens=REPLY))
