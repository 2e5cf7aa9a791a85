"""The page of all branches and what can be done from a page, in a real VS Code with our packaged extension."""

from collections.abc import Callable

import pytest

from editors.vscode import Installed, Live, Window, waited

pytestmark = pytest.mark.editor


def test_what_is_on_no_branch_is_assigned_from_the_page_of_all_branches(
    live: Live, window: Callable[[], Window]
) -> None:
    live.enable()
    live.work("Let customers log in")
    live.next_second()
    live.switch("-c", "feat/x")
    live.next_second()
    live.spend()
    live.next_second()
    live.git("switch", "-q", "--detach")
    live.next_second()
    live.spend()
    assert live.replies() == {"total": 3, "carried": 1, "pending": 1, "unplaced": 1}
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure()
        shown.click_item()
        shown.pick("All Branches")
        page = shown.webview("Unplaced")
        assert "HEAD was on no branch then (detached)." in page.locator("#unplaced").inner_text()
        assert "The sum closes to the last token." in page.locator("#all").inner_text()
        page.locator("[data-sort=branch]").click()
        names = page.locator("#all tbody th button")
        waited(lambda: names.all_inner_texts() == ["feat/x", "main"])
        page.locator("[data-sort=branch]").click()
        waited(lambda: names.all_inner_texts() == ["main", "feat/x"])
        page.get_by_role("button", name="Assign").click()
        shown.pick("feat/x")
        assert "$0.02 list, 12,204 tokens" in shown.said("Assign 1 response to feat/x?").inner_text()
        shown.press("Cancel")
        assert live.replies()["unplaced"] == 1
        page.get_by_role("button", name="Assign").click()
        shown.pick("feat/x")
        shown.press("Assign", "Assign 1 response to feat/x?")
        page.locator("#unplaced").wait_for(state="hidden")
        assert live.replies() == {"total": 3, "carried": 1, "pending": 2}
        page.get_by_role("button", name="main", exact=True).click()
        page.get_by_role("button", name="Open commit").click()
        shown.page.locator(".tab.active", has_text="Let customers log in").wait_for()
        assert shown.refused == []
