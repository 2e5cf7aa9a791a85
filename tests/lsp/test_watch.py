"""What the server is told by the operating system, where that is hard to arrange through an editor."""

import threading
from pathlib import Path

import pytest

from support.editor import PATIENCE
from tokcost.lsp import watch
from tokcost.services.plan_watches import plan_watches


def test_a_watch_that_stands_late_has_everything_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes between a look and a watch that comes after it would otherwise be seen with the next change only."""
    monkeypatch.setattr(watch, "STANDS_SECONDS", 0)
    folders = [tmp_path / str(number) for number in range(300)]
    for folder in folders:
        folder.mkdir()
    changed = threading.Event()
    watcher = watch.Watcher(changed.set, pytest.fail)
    watcher.follow(plan_watches(tmp_path, {"HOME": str(tmp_path)}, map(str, folders), []))
    assert changed.wait(PATIENCE)
    watcher.stop()


def test_a_store_behind_a_link_is_watched_where_it_lies(tmp_path: Path) -> None:
    place, elsewhere = tmp_path / "home/.local/share/opencode", tmp_path / "disk"
    place.mkdir(parents=True)
    elsewhere.mkdir()
    (place / "opencode.db").symlink_to(elsewhere / "kept.db")
    names = plan_watches(tmp_path, {"HOME": str(tmp_path / "home")}, [], []).names
    assert {"opencode.db", "opencode.db-wal"} <= names[str(place)]
    assert names[str(elsewhere)] == {"kept.db", "kept.db-wal"}
