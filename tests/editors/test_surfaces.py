"""All that a real VS Code shows of a branch, while an assistant writes without a pause."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from editors.vscode import Installed, Live, Window, waited
from support.git_sandbox import GitSandbox
from tokcost.model.money import dollars

pytestmark = pytest.mark.editor

EVERY_SECONDS = 0.1
BEHIND_MS = round(1000 * min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), 4.0))
"""How much later than another surface one may show a figure: a second, on a machine that has nothing else to do."""


@contextmanager
def written_all_the_time(live: Live) -> Iterator[None]:
    """An assistant that appends a reply again and again."""
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(EVERY_SECONDS):
            live.spend()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def cost(text: str) -> Decimal:
    """The first amount in a text."""
    found = re.search(r"\$([\d,]+\.\d+)", text)
    assert found, text
    return Decimal(found[1].replace(",", ""))


def test_page_next_commit_and_status_bar_follow_together_while_replies_arrive(
    live: Live, window: Callable[[], Window]
) -> None:
    live.enable(precision="exact")
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        shown.run("tokcost: Branch Summary")
        page = shown.webview("Where it is")
        shown.source_control()
        row = shown.next_line("USD list")
        title = shown.page.locator(".pane-header", has_text="AI-Cost Line")
        waited(lambda: page.locator("body").get_attribute("data-version"))
        with written_all_the_time(live):
            seen = [_look(shown, page, row, title) for _ in range(12)]
        for bar, others, later in seen:
            # Each was read after the first look at the bar and before the second: all are of one state in between.
            assert [one for one in others if not bar <= one <= later] == [], (bar, others, later)
        assert len({bar for bar, _, _ in seen}) > 6
        whole = Decimal(dollars(live.log().totals.total.list_cost))

        def shows_all_of_it() -> bool:
            _, others, later = _look(shown, page, row, title)
            return {*others, later} == {whole}

        waited(shows_all_of_it)


def test_repositories_below_the_open_folder_keep_their_own_figures_and_rows_when_the_server_is_started_again(
    live: Live, window: Callable[[], Window], tmp_path: Path
) -> None:
    other = GitSandbox(tmp_path / "second")
    other.git("checkout", "-q", "-b", "trunk")
    live.enable()
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, tmp_path)
        shown.figure("$0.02")
        shown.source_control()
        assert re.search(r"repo, sonnet", shown.next_line("USD list").inner_text())
        assert re.search(r"^Repository\s+repo$", shown.tooltip(), re.MULTILINE)
        editor.kill_servers()
        live.spend()
        shown.figure("$0.05")
        assert re.search(r"repo, sonnet", shown.next_line("USD list").inner_text())


def test_what_one_window_leaves_out_the_other_window_shows(live: Live, window: Callable[[], Window]) -> None:
    live.enable()
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        one, other = (window().open(editor, live.path) for _ in range(2))
        for shown in (one, other):
            shown.figure("$0.02")
            shown.source_control()
            shown.next_line("USD list")
        one.next_line("USD list").locator(".monaco-custom-toggle, [role=checkbox]").first.click()
        other.next_line("left out")
        one.next_line("left out")


def _look(shown: Window, page: Any, row: Any, title: Any) -> tuple[Decimal, list[Decimal], Decimal]:
    """The bar, every other surface, and the bar a moment later: as long as one of them may be behind."""
    bar = cost(shown.item.inner_text())
    shown.page.wait_for_timeout(BEHIND_MS)
    text = page.locator("body").inner_text()
    hero, pending = cost(text), cost(text.split("Pending", 1)[1])
    in_row = row.inner_text().split(" USD")[0].split()[-1]
    others = [hero, pending, cost(title.inner_text()), round(Decimal(in_row), 2)]
    assert hero == pending, text
    shown.page.wait_for_timeout(BEHIND_MS)  # the editor may draw its status bar after the others, too
    return bar, others, cost(shown.item.inner_text())
