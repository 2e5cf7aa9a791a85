"""The extension's own tests inside VS Code's extension host: they are in vscode-client/test/host."""

import html
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from editors.vscode import CLIENT, Installed, Live, Window, node, waited

pytestmark = pytest.mark.editor

_CONFIGURATION = re.compile(r'(?<=id="vscode-workbench-web-configuration" data-settings=")[^"]*')


def test_what_the_extension_tests_in_its_host_holds(live: Live, window: Callable[[], Window], tmp_path: Path) -> None:
    subprocess.run([str(node()), "scripts/build.mjs", "--production", "--host-tests"], cwd=CLIENT, check=True)
    live.spend()
    result = tmp_path / "result.json"
    editor = Installed(live.home).with_tokcost()
    editor.environ["TOKCOST_HOST_RESULT"] = str(result)
    with editor.serve():
        shown = window()
        shown.page.route(re.compile(r"/\?folder="), lambda route: _develop(route, editor.address.partition("//")[2]))
        shown.open(editor, live.path)
        waited(lambda: result.exists() or shown.page.wait_for_timeout(100))
    found = json.loads(result.read_text())
    assert found
    assert {name: why for name, why in found.items() if why} == {}
    assert live.replies() == {"total": 1, "pending": 1}


def _develop(route: Any, host: str) -> None:
    """Have the window be one that tests an extension: what `--extensionTestsPath` is for VS Code on a desktop."""

    def place(path: Path) -> dict[str, str | int]:
        return {"$mid": 1, "scheme": "vscode-remote", "authority": host, "path": str(path)}

    def changed(settings: "re.Match[str]") -> str:
        tested = {"extensions": [place(CLIENT)], "extensionTestsPath": place(CLIENT / "dist/host.js")}
        said = json.loads(html.unescape(settings[0]))
        return html.escape(json.dumps(said | {"developmentOptions": (said.get("developmentOptions") or {}) | tested}))

    answer = route.fetch()
    route.fulfill(response=answer, body=_CONFIGURATION.sub(changed, answer.text()))
