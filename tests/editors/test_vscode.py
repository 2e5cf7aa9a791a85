"""What a person sees and does in a real VS Code with our packaged extension."""

from collections.abc import Callable

import pytest

from editors.vscode import Installed, Live, Window

pytestmark = pytest.mark.editor


def test_the_figure_appears_and_follows_the_log_and_the_branch(live: Live, window: Callable[[], Window]) -> None:
    live.spend()
    live.git("branch", "feat/x")
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        assert shown.figure("$0.02") == "$0.02"
        live.spend()
        shown.figure("$0.05")
        live.next_second()
        live.switch("feat/x")
        shown.figure("$0.00")
        live.next_second()
        live.spend()
        shown.figure("$0.02")
        live.next_second()
        live.switch("main")
        shown.figure("$0.05")
    assert live.replies() == {"total": 3, "pending": 3}
