"""A damaged ledger is a rescue: all that is readable is saved, nothing is doubled, and everyone is told."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support import damages
from support.damages import PAGE, Damage
from support.tables import few
from tokcost.ledger.open import FILE_NAME, open_ledger
from tokcost.ledger.prices import PriceRow, card_ids, price_ids, record_applied_price, record_prices
from tokcost.ledger.rescue_record import read_rescues
from tokcost.ledger.salvage import TABLES
from tokcost.services.rescue import rescue

NAMED = ("assistant", "series", "place", "log_place", "price", "source", "session_total", "carrier", "tip")
"""Small tables that others name rows of."""


class World:
    """A ledger without logs, and copies of it to damage."""

    def __init__(self, folder: Path) -> None:
        self.repo = damages.build(folder)
        self.file = self.repo.ledger_home / FILE_NAME
        self.data = self.file.read_bytes()
        self.pages = damages.pages_of(self.repo)
        self.held = damages.tokens_by_page(self.repo)
        self.total, self.count = self.in_ledger()
        self.inside = self.repo.balance()

    def renew(self) -> None:
        shutil.rmtree(self.repo.ledger_home)
        self.repo.ledger_home.mkdir(mode=0o700)
        self.file.write_bytes(self.data)
        self.file.chmod(0o600)

    def harm(self, damage: Damage) -> None:
        self.renew()
        data = bytearray(self.data)
        damage.do(data)
        self.file.write_bytes(data)

    def page(self, name: str, kind: str) -> int:
        return next(page for page, found in self.pages.items() if found == (name, kind))

    def some(self) -> list[Damage]:
        """A damage of each kind."""
        leaf = sorted(self.held)
        index = self.page("usage_key", "leaf")
        return [
            damages.flip(index, 1),
            damages.fill(index, 0),
            damages.fill(self.page("usage", "internal"), 0),
            damages.head(self.page("usage", "internal"), 0, 0x0A),
            damages.head(self.page("usage_place", "leaf"), 4, 0xFF),
            damages.flip(leaf[1], 2),
            damages.flip(leaf[3], 3),
            damages.fill(leaf[2], 0xFF),
            damages.head(leaf[2], 3, 0x7F),
            damages.fill(self.page("claim", "leaf"), 0),
            damages.fill(self.page("claim_version", "leaf"), 0),
            damages.fill(self.page("repository", "leaf"), 0),
            damages.fill(self.page("worktree", "leaf"), 0),
            damages.fill(self.page("directory", "leaf"), 0),
            damages.fill(self.page("session", "leaf"), 0),
            damages.fill(self.page("rollup", "leaf"), 0),
            *(damages.fill(self.page(name, "leaf"), 0) for name in NAMED),
            damages.fill(self.page("setting", "overflow"), 0xEE),
            damages.flip(1, 4, first=100),
            damages.flip(self.page("source", "leaf"), 132),
            damages.fill(1, 0),
            damages.header(0, b"nonsense"),
            damages.header(16, b"\x10\x00"),
            damages.header(18, b"\x09\x09"),
            damages.header(56, b"\x00\x00\x00\x02"),
            damages.header(60, b"\xff\xff\xff\xf0"),
            damages.header(60, b"\x00\x00\x00\x02"),
            damages.header(60, b"\x00\x00\x00\x63"),
            damages.swap(leaf[0], index),
            damages.swap(leaf[0], leaf[1]),
            damages.cut(len(self.data), len(self.data) // 2 + 77),
            damages.cut(len(self.data), 5 * PAGE),
            damages.text(b"claude-haiku"),
            damages.text(b"feat/other"),
        ]

    def check(self, damage: Damage) -> None:
        """Damage, ask everything twice, compare."""
        self.harm(damage)
        for words in (["log"], ["status"], ["doctor"], ["log"]):
            done = self.repo.tokcost(*words)
            assert done.returncode in (0, 1), (damage, words, done.stderr)
            assert "bug" not in done.stderr, (damage, words, done.stderr)
            assert "Traceback" not in done.stderr, (damage, words, done.stderr)
        kept = self.repo.log()
        lost = sum(self.held.get(page, 0) for page in damage.pages)
        total, count = self.in_ledger()
        assert total >= self.total - lost, (damage, self.total, lost, total)
        assert count <= self.count, damage
        assert lost or total <= self.total, (damage, self.total, total)
        assert kept.totals.total.tokens.total <= total
        with closing(damages.connect(self.repo)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",), damage
            assert db.execute("PRAGMA foreign_key_check").fetchall() == [], damage
        if read_rescues(self.repo.ledger_home):
            assert "ledger" in self.repo.tokcost("log").stdout
            assert kept.totals.total.tokens.total == total, (damage, "usage is in no repository any more")

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """What a rescue keeps. Logs are read again, and clones asked again."""
        with closing(damages.connect(self.repo)) as db:
            return {
                table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
                for table in TABLES
                if table not in ("source", "setting", "tally")
            }

    def in_ledger(self) -> tuple[int, int]:
        with closing(damages.connect(self.repo)) as db:
            return db.execute("SELECT ifnull(sum(tokens), 0), count(*) FROM usage").fetchone()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.mark.few
@pytest.mark.parametrize("number", [pytest.param(one, marks=pytest.mark.slow if one % 7 else ()) for one in range(42)])
def test_of_a_damaged_ledger_all_is_saved_but_what_the_damaged_pages_held(world: World, number: int) -> None:
    world.check(world.some()[number])


@pytest.mark.parametrize("way", ["only an index besides", "a page of usage besides"])
def test_a_clone_whose_folder_became_another_text_is_found_by_its_worktrees(world: World, way: str) -> None:
    index, leaf = world.page("usage_key", "leaf"), sorted(world.held)[1]
    besides = damages.fill(index, 0) if way.startswith("only") else damages.fill(leaf, 0xFF)
    folder = world.repo.common_dir.name.encode(), world.repo.path.name.encode()
    other = b"/".join([folder[1][:-1] + b"X", folder[0]])
    texts = (b"/".join(reversed(folder)), other), (b"inode:", b"in0de:"), (b"reflog:", b"refl0g:")
    world.check(damages.both(damages.words(world.page("repository", "leaf"), *texts), besides))


def test_a_claim_whose_id_became_another_text_is_published_no_second_time(world: World) -> None:
    with closing(sqlite3.connect(f"file:{world.file}?mode=ro", uri=True)) as db:
        ids = [name for (name,) in db.execute("SELECT name FROM claim WHERE carried")]
    texts = [(name.encode(), name[:-2].encode() + b"~~") for name in ids]
    claims = damages.words(world.page("claim", "leaf"), *texts)
    world.check(damages.both(claims, damages.fill(world.page("usage_key", "leaf"), 0)))
    assert world.repo.balance().get("pending") == world.inside["pending"]


@pytest.mark.few
@pytest.mark.parametrize(
    "lost", few(["price", *NAMED[:4], "worktree", "repository", "directory", "session", "claim"], 3)
)
def test_a_second_rescue_keeps_what_the_first_one_put_in_place_of_lost_rows(world: World, lost: str) -> None:
    world.harm(damages.fill(world.page(lost, "leaf"), 0))
    rescue(world.repo.ledger_home, "damaged")
    before = world.rows()
    data = bytearray(world.file.read_bytes())
    damages.fill(1, 0).do(data)
    world.file.write_bytes(data)
    rescue(world.repo.ledger_home, "damaged again")
    assert world.rows() == before
    first, second = read_rescues(world.repo.ledger_home)
    assert (first.lost.get(lost, 0) > 0, second.lost) == (True, {})


def test_rate_cards_that_were_lost_are_recorded_again_when_they_price_usage(tmp_path: Path) -> None:
    card = PriceRow("id", "anthropic", "m", "genai-prices", "[]")
    for record in (record_applied_price, lambda ledger, row, now: record_prices(ledger, [row], now)):
        with open_ledger(tmp_path / record.__name__) as ledger, ledger.transaction():
            ledger.db.execute("INSERT INTO price VALUES ('id', 'anthropic', 'm', NULL, NULL, 0, 0)")
            assert price_ids(ledger) == set()
            record(ledger, card, 1)
            assert price_ids(ledger) == {"id"}
            assert card_ids(ledger, "anthropic", "m") == {"[]": "id"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_whatever_happens_to_the_file_no_command_fails(world: World, seed: int) -> None:
    chance = random.Random(seed)
    page = chance.randrange(1, len(world.data) // PAGE + 1)
    other = chance.randrange(1, len(world.data) // PAGE + 1)
    world.check(
        chance.choice(
            [
                damages.flip(page, seed),
                damages.flip(page, seed, first=0),
                damages.fill(page, chance.choice([0, 0xFF, 0x0D])),
                damages.head(page, chance.randrange(12), chance.randrange(256)),
                damages.swap(max(page, 2), max(other, 2)),
                damages.cut(len(world.data), chance.randrange(1, len(world.data))),
                damages.header(chance.randrange(100), bytes([chance.randrange(256)])),
            ]
        )
    )
