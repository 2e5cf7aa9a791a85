"""Unpacks logs that real assistants wrote (tests/samples) into a scratch folder, their paths rewritten."""

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

SAMPLES = Path(__file__).parent.parent / "samples"
RECORDED = Path(__file__).parent.parent / "recorded"
"""What real_assistants/record.py keeps."""
ORIGINAL = "/home/dev/tokcost-labs"
"""The folder in which every run seems to have been made."""
_TEXT = (".jsonl", ".json", ".git", "gitdir", ".toml", ".md", ".project_root")


class Sample(NamedTuple):
    """One run of a real assistant."""

    root: Path
    home: Path
    """What the assistant left under HOME."""
    repo: Path
    truth: dict[str, Any]

    @property
    def environ(self) -> dict[str, str]:
        """An environment in which the assistant's logs are found and nothing else is."""
        return {"HOME": str(self.home)}


def names(folder: Path = SAMPLES) -> list[str]:
    """All samples as `ASSISTANT-VERSION/SCENARIO`."""
    return sorted(f"{path.parent.name}/{path.name.removesuffix('.tar.gz')}" for path in folder.glob("*/*.tar.gz"))


def exact_names() -> list[str]:
    """Those whose logs tell counts and no estimates."""
    return [name for name in names() if not name.startswith("aider")]


def unpack(name: str, target: Path, folder: Path = SAMPLES) -> Sample:
    """Unpack a sample below `target`."""
    root = target / name
    root.mkdir(parents=True)
    with tarfile.open(folder / f"{name}.tar.gz") as archive:
        if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(root)
    before, after = f"{ORIGINAL}/{name}".encode(), str(root).encode()
    for path in root.rglob("*"):
        if path.is_file() and path.name.endswith(_TEXT):
            data = path.read_bytes()
            if before in data:
                path.write_bytes(data.replace(before, after))
    for path in root.rglob("*.db"):
        _rewrite_store(path, before.decode(), after.decode())
    return Sample(root, root / "home", root / "repo", json.loads((root / "truth.json").read_text()))


def _rewrite_store(path: Path, before: str, after: str) -> None:
    """The same in every text of a SQLite store."""
    with closing(sqlite3.connect(path)) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            for column in [row[1] for row in store.execute(f"PRAGMA table_info({table})") if row[2].lower() == "text"]:
                store.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (before, after))
        store.commit()
