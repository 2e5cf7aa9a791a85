"""A ledger whose logs are gone, and all that disks, editors and other programs do to its file."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from support.hooked import NO_HOOKS, Hooked
from tokcost.ledger.open import FILE_NAME

PAGE = 8192
_TOKENS = "ifnull(sum(tokens), 0)"


def build(folder: Path, replies: int = 700) -> Hooked:
    """A clone with usage on branches, claims that are carried, withheld and pending, assignments, observations; the
    ledger is one file, and no log is left."""
    repo = Hooked(folder, forks=True)
    for number in range(6):
        for _ in range(replies // 20):
            repo.spend()
        repo.change()
        repo.hooked("-m", f"Work {number}")
    repo.spend()
    repo.hooked("-e", "--allow-empty", "-m", "Quiet", env=repo.editor('sed -i "/^AI-/d;/^  cache/d" "$1"'))
    repo.git(*NO_HOOKS, "switch", "-q", "-c", "feat/other")
    for _ in range(replies // 3):
        repo.spend(model="claude-haiku-4-5-20251001")
    repo.log()
    done = repo.tokcost("assign", "feat/other", "--from", "main", "--since", "2020-01-01")
    assert done.returncode in (0, 2), done.stderr
    with closing(connect(repo)) as db:
        db.execute("INSERT INTO observation VALUES ('/somewhere/.git', 1, 2, 'main')")
        db.execute("INSERT INTO setting VALUES ('long', ?)", ("x" * 3 * PAGE,))
        db.execute("INSERT INTO setting VALUES ('gone', ?)", ("y" * 3 * PAGE,))
        db.execute("DELETE FROM setting WHERE name = 'gone'")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.rmtree(repo.home)
    return repo


def connect(repo: Hooked) -> sqlite3.Connection:
    """The ledger, as SQLite sees it."""
    return sqlite3.connect(repo.ledger_home / FILE_NAME, isolation_level=None)


def tokens_by_page(repo: Hooked) -> dict[int, int]:
    """Tokens of the usage that each page of the file holds."""
    with closing(connect(repo)) as db:
        (total, count) = db.execute(f"SELECT {_TOKENS}, count(*) FROM usage").fetchone()
        pages = db.execute("SELECT pageno, ncell FROM dbstat WHERE name = 'usage' AND pagetype = 'leaf' ORDER BY path")
        found: dict[int, int] = {}
        start = 0
        for page, cells in pages.fetchall():
            held = f"SELECT {_TOKENS} FROM (SELECT * FROM usage ORDER BY id LIMIT ? OFFSET ?)"
            found[page] = db.execute(held, (cells, start)).fetchone()[0]
            start += cells
    assert (sum(found.values()), start) == (total, count)
    return found


def pages_of(repo: Hooked) -> dict[int, tuple[str, str]]:
    """Every page in use: the table or index it belongs to, and its kind."""
    with closing(connect(repo)) as db:
        return {page: (name, kind) for page, name, kind in db.execute("SELECT pageno, name, pagetype FROM dbstat")}


class Damage:
    """One damage: what it does, and which pages it touches."""

    def __init__(self, name: str, pages: set[int], do: Callable[[bytearray], object]) -> None:
        self.name, self.pages, self.do = name, pages, do

    def __repr__(self) -> str:
        return self.name


def flip(page: int, seed: int, size: int = PAGE, first: int = 0) -> Damage:
    """Some bytes of a page are other bytes."""
    chance = random.Random(seed)

    def do(data: bytearray) -> None:
        start = (page - 1) * size
        for _ in range(chance.choice([1, 4, 40, 400])):
            data[start + chance.randrange(first, size)] ^= chance.randrange(1, 256)

    return Damage(f"flip-{page}-{seed}", {page}, do)


def head(page: int, byte: int, value: int) -> Damage:
    """One byte of a page's head is another one."""

    def do(data: bytearray) -> None:
        data[(page - 1) * PAGE + byte] = value

    return Damage(f"head-{page}-{byte}-{value}", {page}, do)


def fill(page: int, value: int) -> Damage:
    """A page holds one byte over and over."""

    def do(data: bytearray) -> None:
        data[(page - 1) * PAGE : page * PAGE] = bytes([value]) * PAGE

    return Damage(f"fill-{page}-{value}", {page}, do)


def swap(one: int, other: int) -> Damage:
    """Two pages are in each other's place."""

    def do(data: bytearray) -> None:
        first, second = slice((one - 1) * PAGE, one * PAGE), slice((other - 1) * PAGE, other * PAGE)
        data[first], data[second] = data[second], data[first]

    return Damage(f"swap-{one}-{other}", set(), do)


def cut(data_size: int, length: int) -> Damage:
    """The file ends early."""

    def do(data: bytearray) -> None:
        del data[length:]

    return Damage(f"cut-{length}", set(range(length // PAGE + 1, data_size // PAGE + 2)), do)


def header(start: int, content: bytes) -> Damage:
    """Bytes of the file's header."""

    def do(data: bytearray) -> None:
        data[start : start + len(content)] = content

    return Damage(f"header-{start}-{content.hex()}", {1}, do)


def text(word: bytes) -> Damage:
    """A text is no UTF-8 any more, where it stands first."""

    def do(data: bytearray) -> None:
        at = data.find(word)
        data[at : at + 2] = b"\xff\xfe"

    return Damage(f"text-{word.decode()}", set(), do)


def words(page: int, *pairs: tuple[bytes, bytes]) -> Damage:
    """Texts of a page are other texts of the same length."""

    def do(data: bytearray) -> None:
        part = data[(page - 1) * PAGE : page * PAGE]
        for old, new in pairs:
            assert old in part, old
            part = part.replace(old, new)
        data[(page - 1) * PAGE : page * PAGE] = part

    return Damage(f"words-{page}-{pairs}", {page}, do)


def both(one: Damage, other: Damage) -> Damage:
    """One damage, then another."""

    def do(data: bytearray) -> None:
        one.do(data)
        other.do(data)

    return Damage(f"{one}-and-{other}", one.pages | other.pages, do)
