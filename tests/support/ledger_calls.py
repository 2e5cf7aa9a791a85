"""Calls of every function that asks the ledger, on a small ledger that has something of everything."""

from collections.abc import Callable
from pathlib import Path

from tokcost.ledger import (
    claims,
    commits,
    dimensions,
    export,
    observations,
    part_repository,
    places,
    plan_usage,
    prices,
    purging,
    query,
    received,
    record,
    requests,
    restoring,
    rollup,
    rule_sums,
    salvage,
    settings,
    sources,
    spent_by_day,
    totals,
    unplaced,
)
from tokcost.ledger.open import Ledger
from tokcost.ledger.prices import PriceRow
from tokcost.ledger.purge_record import open_purge_record
from tokcost.ledger.rows import Entry
from tokcost.model.claims import Remembered
from tokcost.model.logs import Batch, SessionTotal, Source
from tokcost.model.place import BranchPlace, Observation
from tokcost.model.plans import Covered
from tokcost.model.purge import PurgeScope
from tokcost.model.received import OTEL, session_name
from tokcost.model.rules import Rule
from tokcost.model.selection import Selection
from tokcost.model.trailer import Line
from tokcost.model.usage import Tokens, Usage, unlogged_prefix

CODE = "claude-code"
CLAIM = "7k3qf9x2m4tc"
LOG = Source("/logs/a.jsonl", 9, 8)
PRICE_ROW = PriceRow("p", "", "claude-opus-4-5", "", "[]")
PLACED = BranchPlace("main", "reflog")


def usage(key: str, assistant: str = CODE, **more: object) -> Usage:
    """A response of which its log says nothing that it may leave out."""
    return Usage(assistant, key, 1_760_000_000_000, "claude-opus-4-5", Tokens(1, 2, 3, 4, 5))._replace(**more)


class Calls:
    """The calls, in an order in which each finds what it asks for. They run in transactions of the caller."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.repository = places.record_repository(ledger, "/r/.git", "/r", "")
        self.worktree = places.record_worktree(ledger, self.repository, "/r", "/r/.git")
        self.source = sources.record_read(ledger, CODE, LOG, Batch(b"", skipped={"damaged record": 1}))

    def entry(self, one: Usage, place: BranchPlace = PLACED, reported: int | None = None) -> Entry:
        """A usage in the repository."""
        told = one._replace(reported_cost=reported)
        return Entry(told, self.repository, self.worktree, place, 7, "priced", None, source=self.source)

    def write_usage(self) -> None:
        """Record, change and remove usage; its dimensions, sums and sources."""
        ledger, added = self.ledger, rollup.Rollup()
        every = [
            self.entry(usage("a", session="s", cwd="/r")),
            self.entry(usage("b", session="s", cwd="/r"), BranchPlace(None, "none")),
            self.entry(usage("guess", session="s", estimated=True)),
            self.entry(usage(f"{unlogged_prefix('s')}1", session="s", kind="unlogged")),
            self.entry(usage("otel", OTEL, session=session_name(CODE, "s"))),
            self.entry(usage("gone"), reported=3),
            self.entry(usage("joins")),
            Entry(usage("nowhere"), None, None, BranchPlace(None, "none"), None, "unpriced", None),
        ]
        rollup.Room(ledger).require([every[0]._replace(list_cost=2 * 10**15)])
        record.insert_usage(ledger, every, added)
        added.apply(ledger)
        found = record.find_usage(ledger, CODE, ["a", "gone", "joins"])
        record.update_usage(ledger, [(found["a"], every[0]._replace(list_cost=8))], added)
        record.delete_usage(ledger, [found["gone"]], added)
        record.note_copies(ledger, CODE, [("copy", found["a"].id)])
        record.record_totals(ledger, CODE, [SessionTotal("s", "m", 5, Tokens(9, 9, 9, 9, 9), parents=("p",))])
        record.usage_of_session(ledger, 1)
        made = dimensions.Dimensions(ledger)
        made.of(every[1])
        made.assistant("codex")
        made.place(1, 1, "x", "reflog")
        made.session("codex", "s")
        made.log_place(every[0].usage)
        made.log_place_of("/x", "", False)
        dimensions.session_ids(ledger, {("codex", "t")})
        added.apply(ledger)
        claim = claims.claim_pending(ledger, claims.new_claim(ledger, 1, "4k3qf9x2m4tc"), 1, "main", 1)
        joining = record.find_usage(ledger, CODE, ["joins"])
        record.join_claims(ledger, [(one, claim.id, 1) for one in joining.values()], added)
        added.apply(ledger)

    def ask_sums(self) -> None:
        """Ask for sums of usage."""
        ledger = self.ledger
        query.sums(ledger, 1)
        query.sums_between(ledger, 1, query.Question())
        query.sums_between(ledger, 1, query.Question(5, 6, "main", "day"))
        query.has_estimates(ledger, 1)
        query.claims_with_estimates(ledger, 1)
        query.estimated_since(ledger, 1, 0)
        query.estimated_by_assistant(ledger)
        query.session_names(ledger)
        query.session_count(ledger, 1, "main")
        query.spent_since(ledger, 1, 0)
        query.doubts_of_claims(ledger, 1)
        query.file_problem(ledger)
        query.evidence_counts(ledger)
        query.copies(ledger)
        query.span(ledger)
        spent_by_day.spent_by_day(ledger, 0, 1)
        plan_usage.covered_usage(ledger, Covered((CODE,), ("", "anthropic"), "anthropic"), 0, 1)
        unplaced.unplaced_stretches(ledger, 1)
        rollup.disagreements(ledger)
        for per in ("branch", "session", "day"):
            rule = Rule("r", "own", models=("*opus*",), assistants=(CODE,), subagent=True, context=1, per=per)
            rule_sums.matched(ledger, rule, rule_sums.RuleScope(1, "main", 0), [1])
        for wanted in (export.Wanted({1: "r"}), export.Wanted({0: "", 1: "r"}, 5, 6, "main", True)):
            list(export.exported_usage(ledger, wanted))
            export.left_out(ledger, wanted)
        export.prices_named(ledger)
        for scope in (
            requests.RequestScope(),
            requests.RequestScope(1, "main"),
            requests.RequestScope(session="s"),
            requests.RequestScope(since_ms=1, until_ms=2),
        ):
            list(requests.requests(ledger, scope, [1]))
        requests.every_series(ledger)
        requests.price_body(ledger, "p")
        list(requests.source_paths(ledger))

    def ask_sessions_and_sources(self) -> None:
        """Ask for totals of sessions, received usage and sources, and forget a source."""
        ledger = self.ledger
        totals.totals_of_session(ledger, CODE, "s")
        totals.sessions_before(ledger, 1, [1], (0, 1))
        totals.has_unexplained_total(ledger, CODE, "s")
        totals.sources_of_unlogged(ledger, CODE, "s")
        received.received_besides_logs(ledger, CODE, ["s"])
        received.logged_between(ledger, CODE, "s", 0, 1)
        sources.sizes_read(ledger, CODE)
        sources.read_of(ledger, CODE, LOG.path)
        sources.cursor_of(ledger, CODE, LOG.path)
        sources.record_listing(ledger, CODE, "/logs", b"x")
        sources.listing_of(ledger, CODE, "/logs")
        sources.tallies(ledger, "skipped")
        sources.skipped_in(ledger)
        sources.files_read(ledger)
        sources.record_read(ledger, CODE, LOG, Batch(b"c", duplicates={"repeated": 1}, restarted=True, more=True))
        sources.record_problem(ledger, CODE, Source("/logs/b", 1, 2), "", passing=True)
        sources.problems(ledger)
        sources.try_again(ledger)
        sources.forget_cursor(ledger, self.source)
        empty = sources.record_read(ledger, CODE, Source("/logs/c", 1, 2), Batch(b""))
        sources.has_usage(ledger, empty)
        sources.delete_source(ledger, empty)
        settings.record_setting(ledger, "name", "value")
        settings.setting(ledger, "name")

    def move_places(self) -> None:
        """Ask for places, and move usage between them."""
        ledger, moved = self.ledger, rollup.Rollup()
        observations.record_observation(ledger, "/r/.git", "main", 5, 0)
        observations.record_observation(ledger, "/r/.git", "main", 6, 0)
        observations.record_observation(ledger, "/r/.git", "", 7, 0)
        observations.record_stretches(ledger, "/r/.git", [Observation(1, 2, "x"), Observation(3, 4, "")])
        observations.observations(ledger, "/r/.git")
        other = places.record_repository(ledger, "/o/.git", "/o", "inode:1")
        places.repositories(ledger)
        places.branches_seen(ledger, 1)
        places.worktrees(ledger)
        places.move_repository(ledger, other, "/p/.git", "/p")
        places.record_fingerprint(ledger, other, "inode:2")
        places.step_aside(ledger, places.repositories(ledger)[-1])
        spare = places.record_worktree(ledger, other, "/o", "/o/.git")
        places.record_worktree(ledger, other, "/gone", "")
        places.record_origin(ledger, spare, "/r", "")
        places.note_placed(ledger, spare, "", 0)
        places.bind_directory(ledger, "/o", spare)
        places.unbind_directory(ledger, "/o")
        places.rebind_directories(ledger, spare, spare)
        places.directories_without_worktree(ledger)
        places.bound_directories(ledger)
        places.usage_in_directory(ledger, "/r")
        places.usage_in_worktree(ledger, 1, 0)
        for selection in (Selection("main"), Selection(session="s"), Selection(directory="/r")):
            places.select_usage(ledger, 1, selection)
        places.record_assignment(ledger, 5, "--session s", "", 1)
        (stored,) = record.find_usage(ledger, CODE, ["b"]).values()
        places.replace_place(ledger, stored, 1, 1, BranchPlace("other", "assigned"), moved)
        moved.apply(ledger)
        known = places.places_in(ledger, 1)
        places.first_time(ledger, known[0].id, 0)
        places.usage_between(ledger, known[0].id, 0, 1)
        for one, before_ms in ((known[0], 1), (known[0], 1 << 61)):
            places.rename_place(ledger, one, 1, f"renamed-{before_ms}", before_ms, moved)
        places.rename_place(ledger, known[0], 1, "main", 1 << 61, moved)
        moved.apply(ledger)

    def price(self) -> None:
        """Ask for prices, and price usage anew."""
        ledger, changed = self.ledger, rollup.Rollup()
        prices.record_prices(ledger, [PRICE_ROW], 5)
        prices.current_prices(ledger)
        prices.record_applied_price(ledger, PRICE_ROW._replace(id="other"), 5)
        prices.sources_of(ledger, PRICE_ROW.model)
        prices.price_ids(ledger)
        prices.card_ids(ledger, "", "m")
        prices.models_used(ledger)
        prices.price_states(ledger)
        prices.cards_used(ledger, "m", "")
        prices.usage_to_price(ledger, 0)
        found = prices.usage_to_price(ledger, 0, [("", "claude-opus-4-5")])
        prices.replace_price(ledger, found[0][0], 9, "priced", PRICE_ROW.id, changed)
        changed.apply(ledger)

    def claim(self) -> None:
        """Propose, settle, withhold, bind, release and restore claims."""
        ledger = self.ledger
        for counts in ("any", "reported", "estimated"):
            claims.has_pending(ledger, 1, "main", counts)
            claims.worth_pending(ledger, 1, "main", counts)
        claims.branches_with_pending(ledger, 1)
        claims.has_claims(ledger, 1)
        claim = claims.claim_pending(ledger, claims.new_claim(ledger, 1, CLAIM), 1, "main", 1, "reported")
        line = Line(CLAIM, 1, 5, False, 10)
        claims.record_line(ledger, claim.id, line)
        claims.record_line(ledger, claim.id, line, again=True)
        claims.unsettled_claims(ledger, 1, "main")
        claims.branch_of(ledger, claim.id)
        claims.claims_named(ledger, 1, [CLAIM])
        claims.claim_and_repository(ledger, claim.id)
        claims.names_among(ledger, 1, [CLAIM])
        claims.names_known(ledger, [CLAIM])
        claims.keys_claimed(ledger, CLAIM, 1)
        claims.worth_of(ledger, claim.id)
        claims.holds_estimates(ledger, claim.id)
        claims.unsaid(ledger, 1, without=claim.id, exact=False)
        claims.line_of(ledger, claim.id, 1)
        claims.lines_named(ledger, 1, [CLAIM])
        claims.newest_line(ledger, claim.id)
        claims.add_carriers(ledger, 1, [("c0ffee", CLAIM, 1)])
        claims.settle_carried(ledger, 1)
        claims.carrying_commits(ledger, 1)
        commits.carriers(ledger, 1)
        commits.commits_known(ledger, 1, 5)
        commits.held_usage(ledger, 1, None, None)
        commits.held_usage(ledger, 1, 0, 5)
        claims.withhold_pending(ledger, 1, "main", "5k3qf9x2m4tc", "estimated")
        claims.withhold_unplaced(ledger, 1, "/r/.git", "6k3qf9x2m4tc")
        claims.bind_pending(ledger, 1, "main", "8k3qf9x2m4tc", "abc")
        claims.follow_bound(ledger, 1, [("abc", "d")])
        claims.drop_carriers(ledger, 1, ["abc", "d"])
        claims.settle_carried(ledger, 1)
        claims.release_unbound(ledger, 1, "")
        claims.decide_fate(ledger, claim.id, "")
        claims.settle_rests(ledger, [claim.id])
        salvage.settle_what_is_lost(ledger)
        claims.record_tips(ledger, 1, {"refs/heads/x": "a"}, {"refs/heads/main": "b"})
        claims.known_tips(ledger, 1)
        claims.known_tips(ledger, 1, only_local=True)
        claims.record_state(ledger, 1, "state", only_local=True)
        claims.known_state(ledger, 1, only_local=True)
        claims.forget_tips(ledger, 1)
        one, other, *_ = places.repositories(ledger)
        part_repository.part_repository(ledger, one, other, 1, {1: 1})
        part_repository.part_repository(ledger, other, one, 0, {})
        restored = restoring.Restoring(ledger, 1)
        restored.take(Remembered("9k3qf9x2m4tc", 1, "", [(CODE, "a"), (CODE, "joins")], withheld=True))
        restored.write()
        restoring.claim_to_hold(ledger, 1, "3k3qf9x2m4tc")

    def choose(self, home: Path) -> None:
        """Purge a session, inside `purging`."""
        ledger, deleted = self.ledger, open_purge_record(home, makes=True)
        assert deleted is not None
        with deleted:
            for scope in (
                PurgeScope(before_ms=1),
                PurgeScope(repositories=(1, 2), directory="/r"),
                PurgeScope(branch="main"),
            ):
                purging.choose(ledger, scope)
            purging.own_session_names(ledger, "s")
            purging.choose(ledger, PurgeScope(session="s", assistant=CODE))
            purging.repositories_of_chosen(ledger)
            purging.claims_of_chosen(ledger)
            purging.record_chosen(ledger, deleted)
            purging.delete_chosen(ledger, deleted, everything=False)
            purging.branches_left_empty(ledger)
            purging.forget_repositories(ledger, [2])


def ask_everything(ledger: Ledger, home: Path, then: Callable[[], None]) -> None:
    """Make all calls; `then` runs at the end of each transaction."""
    with ledger.transaction():
        calls = Calls(ledger)
        calls.write_usage()
        calls.ask_sums()
        calls.ask_sessions_and_sources()
        calls.move_places()
        calls.price()
        calls.claim()
        then()
    with purging.purging(ledger):
        calls.choose(home)
        then()
    purging.scrub(ledger)
