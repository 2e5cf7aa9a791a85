"""Records what was read: each file's usage, placed and priced, together with the file's cursor in one transaction.

A process killed at any moment loses nothing and repeats nothing. Two processes may import at once: the one that finds
that a cursor has moved on discards what it read.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tokcost.ledger.claims import claim_and_repository
from tokcost.ledger.dimensions import Dimensions, session_ids
from tokcost.ledger.open import Ledger, is_of_records
from tokcost.ledger.received import received_besides_logs
from tokcost.ledger.record import (
    delete_usage,
    find_usage,
    insert_usage,
    join_claims,
    note_copies,
    record_totals,
    update_usage,
    usage_of_session,
)
from tokcost.ledger.rollup import Rollup, Room
from tokcost.ledger.rows import Entry, Stored
from tokcost.ledger.sources import cursor_of, record_problem, record_read
from tokcost.ledger.totals import has_unexplained_total, sources_of_unlogged, totals_of_session
from tokcost.model.claims import Claim
from tokcost.model.logs import Batch, SessionTotal
from tokcost.model.usage import Usage, further_keys
from tokcost.usage import assignment_journal
from tokcost.usage.following import follow_history
from tokcost.usage.placing import Placer
from tokcost.usage.pricing import Pricer
from tokcost.usage.purged import PurgedUsage
from tokcost.usage.read import Outcome
from tokcost.usage.sorting_out import sort_out

if TYPE_CHECKING:  # rarely used modules are imported on first use, because a commit waits
    from tokcost.usage.log_wins import Pair
    from tokcost.usage.recovering import NewTotals

_TRANSACTION_USAGE = 3000
_PORTION = 500
"""Responses that are placed, priced and inserted together. With more of them, their data leaves the processor's
cache between the steps."""
_TRANSACTION_FILES = 200
"""A transaction of this size takes a tenth of a second, the longest time for which other imports have to wait."""


class RememberedClaims(Protocol):
    """Claims that clones remember and this ledger may have lost."""

    def claim_of(self, repository: int, assistant: str, key: str) -> tuple[int, int] | None:
        """The claim (row id) and version of new usage; called in a transaction."""
        ...

    def join(self, claim: Claim, repository: int, version: int, usage: Sequence[Usage]) -> None:
        """Remember that usage joined a version that was published before; called in a transaction."""
        ...

    def committed(self) -> None:
        """Count the bound usage, because the transaction has committed."""

    def rolled_back(self) -> None:
        """Forget the bound usage, because the transaction was rolled back."""


class Importer:
    """Collects what was read and records it, some thousand usage at a time."""

    def __init__(self, ledger: Ledger, home: Path, placer: Placer, claims: RememberedClaims | None = None) -> None:
        """Usage is bound to `claims` as it is recorded."""
        self._ledger = ledger
        self._home = home
        self._claims = claims
        self._notes: list[str] = []
        self._placer = placer
        self._pricer = Pricer(ledger, home)
        self._assigned = assignment_journal.read(home)
        """The user's assignments that a lost ledger knew."""
        self._waiting: list[Outcome] = []
        self._waiting_usage = 0
        self._purged = PurgedUsage(home)
        self._sessions: dict[str, dict[str, NewTotals]] = {}
        """Sessions with new totals, by assistant."""
        self.new_usage = 0

    @property
    def notes(self) -> list[str]:
        """Sentences about weaker evidence or missing prices."""
        return list(dict.fromkeys([*self._notes, *self._placer.notes, *self._pricer.notes]))

    def take(self, outcome: Outcome) -> None:
        """Add the outcome of reading one file."""
        self._waiting.append(outcome)
        self._waiting_usage += len(outcome.batch.usage) if outcome.batch else 0
        # Files are counted too: each is a row to write, also without new usage.
        if self._waiting_usage >= _TRANSACTION_USAGE or len(self._waiting) >= _TRANSACTION_FILES:
            self._write()

    def finish(self) -> None:
        """Record the rest, recover unlogged calls, and move usage to the places that newer git history gives it."""
        if self._waiting:
            self._write()
        for assistant, sessions in self._sessions.items():
            self._recover_unlogged(assistant, sessions)
        follow_history(self._ledger, self._placer)
        self._purged.close()

    def _write(self) -> None:
        waiting, self._waiting, self._waiting_usage = self._waiting, [], 0
        try:
            self._write_together(waiting)
        except Exception as error:
            if not is_of_records(error):
                raise
            # One record that cannot be stored rolled back the others with it: each file is tried by itself.
            for outcome in waiting:
                self._write_alone(outcome)

    def _write_alone(self, outcome: Outcome) -> None:
        """Record one file separately, so that an error in it stops no other."""
        self._forget()
        try:
            self._write_together([outcome])
        except Exception as error:
            if not is_of_records(error):
                raise
            self._forget()
            problem = f"its records cannot be stored ({type(error).__name__})"
            with self._ledger.transaction():
                record_problem(self._ledger, outcome.job.assistant, outcome.job.source, problem, passing=False)

    def _forget(self) -> None:
        """Forget everything learned in a transaction that was rolled back."""
        self._notes = self.notes
        self._placer.forget()
        self._pricer = Pricer(self._ledger, self._home)

    def _write_together(self, waiting: list[Outcome]) -> None:
        waiting = self._purged.without(waiting)
        self._pricer.prepare({(u.provider, u.model) for o in waiting if o.batch for u in o.batch.usage})
        before = self.new_usage
        try:
            with self._ledger.transaction():
                waiting = self._purged.without(waiting)  # checked again: a purge may have ended meanwhile
                sources = [(outcome, self._recorded(outcome)) for outcome in waiting]
                fresh: dict[str, list[tuple[Batch, int]]] = {}
                for outcome, number in sources:
                    if number is not None and outcome.batch is not None:
                        fresh.setdefault(outcome.job.assistant, []).append((outcome.batch, number))
                # In the order of the logs, which numbers the repositories: a name in an export depends on that.
                met = dict.fromkeys(u.cwd for o, n in sources if n and o.batch for u in o.batch.usage)
                self._placer.locator.meet(met)
                for assistant, batches in fresh.items():
                    self._record(assistant, batches)
                for outcome, number in sources:
                    if number is not None:
                        self._purged.forget_source(self._ledger, outcome, number)
        except BaseException:
            self.new_usage = before
            if self._claims:
                self._claims.rolled_back()
            raise
        if self._claims:
            self._claims.committed()

    def _recorded(self, outcome: Outcome) -> int | None:
        """Record how far the file was read; returns the row id of the source.

        `None` if nothing could be read, or if the ledger's cursor is not at the beginning of this part: another process
        has recorded it meanwhile, or an earlier part could not be recorded and would be lost.
        """
        job = outcome.job
        if outcome.batch is None:
            record_problem(self._ledger, job.assistant, job.source, outcome.problem, passing=outcome.passing)
            return None
        now = cursor_of(self._ledger, job.assistant, job.source.path)
        if now != (job.cursor or None):
            return None
        return record_read(self._ledger, job.assistant, job.source, outcome.batch)

    def _record(self, assistant: str, batches: list[tuple[Batch, int]]) -> None:
        for batch, _ in batches:
            # Before the usage, whose place follows from them.
            self._placer.note_origins(batch.worktrees)
        self._record_usage(assistant, [(usage, number) for batch, number in batches for usage in batch.usage])
        named = {(usage.session, number) for batch, number in batches for usage in batch.usage}
        self._drop_received(assistant, {session for session, _ in named})
        self._heed_late_subagents(assistant, named)
        self._retract(assistant, [key for batch, _ in batches for key in batch.retracted])
        totals = [(total, number) for batch, number in batches for total in batch.totals]
        if totals:
            from tokcost.usage.recovering import NewTotals

            record_totals(self._ledger, assistant, [total for total, _ in totals])
            sessions = self._sessions.setdefault(assistant, {})
            for total, number in totals:
                sessions.setdefault(total.session, NewTotals()).add(total, number)

    def _heed_late_subagents(self, assistant: str, named: set[tuple[str, int]]) -> None:
        """Recalculate totals whose sub-agents' lines arrive late. A sub-agent's file may be read after the total
        that contains its lines, which seemed unlogged until then. `named` maps sessions to a file with usage of
        theirs."""
        sessions = self._sessions.setdefault(assistant, {})
        for session, number in named:
            known = set[int]() if session in sessions else sources_of_unlogged(self._ledger, assistant, session)
            if known and number not in known:
                from tokcost.usage.recovering import NewTotals

                sessions[session] = NewTotals(known)

    def _retract(self, assistant: str, keys: list[str]) -> None:
        """Remove usage that turned out not to be a separate response.

        Claimed usage was published and stays, unless the same response exists under another key, which then takes its
        place.
        """
        if keys:
            from tokcost.usage.late_lines import replacement

            rollup, gone = Rollup(), list[Stored]()
            for one in find_usage(self._ledger, assistant, keys).values():
                other = None if one.entry.claim is None else replacement(one, self._of_session(one.entry.usage))
                if other:
                    self._join_claim(one, [other], rollup)
                if other or one.entry.claim is None:
                    gone.append(one)
            delete_usage(self._ledger, gone, rollup)
            rollup.apply(self._ledger)

    def _drop_received(self, assistant: str, sessions: set[str]) -> None:
        """Remove received usage of sessions that have a log now. The log wins, and gets the place that its owner or
        a commit gave to the received usage."""
        for beside in received_besides_logs(self._ledger, assistant, sessions):
            from tokcost.usage import log_wins

            rollup, gone = Rollup(), beside.received
            if any(map(log_wins.is_held, gone)):
                logged = self._logged(beside.assistant, beside.session)
                pairs = log_wins.same_responses(gone, logged)
                self._take_over([pair for pair in pairs if log_wins.is_held(pair[0])], rollup)
                told = {received.id for received, _ in pairs}
                gone = [one for one in gone if one.id in told or log_wins.may_go(one, logged)]
            delete_usage(self._ledger, gone, rollup)
            rollup.apply(self._ledger)

    def _take_over(self, pairs: Sequence["Pair"], rollup: Rollup) -> None:
        """Move logged usage to the place of the received usage of the same responses: to its branch, and into its
        claim."""
        for received, logged in pairs:
            claim = received.entry.claim
            if claim is not None and logged.entry.claim is None:
                self._join_claim(received, [logged], rollup)
                version = received.entry.claim_version
                held = logged.entry._replace(claim=claim, claim_version=version)
                logged = Stored(logged.id, held, logged.group._replace(claim=claim, claim_version=version))
            if logged.entry.claim == claim and (claim is not None or logged.entry.place.evidence != "assigned"):
                self._placer.take_over(logged, received, rollup)
        self._remember_places(pairs)

    def _remember_places(self, pairs: Sequence["Pair"]) -> None:
        """Have the assignments in the journal name the logged usage instead of the received usage."""
        with suppress(OSError):  # if this fails, a lost ledger only makes the user assign it again
            for received, logged in pairs:
                target = self._placer.target_of(received)
                if target is not None:
                    usage = logged.entry.usage
                    assignment_journal.write(self._home, target, [(usage.assistant, usage.key)])
            gone = [(one.entry.usage.assistant, one.entry.usage.key) for one, _ in pairs]
            assignment_journal.write(self._home, assignment_journal.NOWHERE, gone)

    def _of_session(self, usage: Usage) -> list[Stored]:
        """All usage of the same session."""
        return self._logged(usage.assistant, usage.session)

    def _logged(self, assistant: str, session: str) -> list[Stored]:
        (number,) = session_ids(self._ledger, [(assistant, session)]).values()
        return usage_of_session(self._ledger, number)

    def _record_usage(self, assistant: str, usage: list[tuple[Usage, int]]) -> None:
        """Record usage and the source it was read from."""
        ledger = self._ledger
        stored = self._stored(assistant, usage)
        new, changes, copies = sort_out(usage, stored)
        rollup, room, dimensions = Rollup(), Room(ledger), Dimensions(ledger)
        for begin in range(0, len(new), _PORTION):
            portion = new[begin : begin + _PORTION]
            entries = [self._entry(u, source, may_be_claimed=True) for u, source in portion]
            room.require(entries)
            insert_usage(ledger, entries, rollup, dimensions)
        changed = [(before, self._changed(before, u)) for before, u in changes]
        room.require(entry for _, entry in changed)
        update_usage(ledger, changed, rollup)
        rollup.apply(ledger)
        if copies:
            # Only now have the originals that are new in this transaction an id.
            ids = {key: s.id for key, s in find_usage(ledger, assistant, {key for _, key in copies}).items()}
            note_copies(ledger, assistant, [(session, ids[key]) for session, key in copies])
        self.new_usage += len(new)

    def _stored(self, assistant: str, usage: list[tuple[Usage, int]]) -> dict[str, Stored]:
        """The rows that may hold these responses. Rows under further keys exist only where the first key is taken."""
        stored = find_usage(self._ledger, assistant, {one.key for one, _ in usage})
        if stored:
            further = {key for one, _ in usage if one.key in stored for key in further_keys(one)}
            stored.update(find_usage(self._ledger, assistant, further))
        return stored

    def _entry(self, usage: Usage, source: int | None = None, *, may_be_claimed: bool = False) -> Entry:
        where = self._placer.place(usage)
        target = self._assigned.get((usage.assistant, usage.key)) if self._assigned else None
        if target is not None:
            where = self._placer.assigned(target.common_dir, target.path, target.branch) or where
        repository, worktree, root, place, _ = where
        list_cost, state, card_id = self._pricer.price(usage, root)
        claim = version = None
        if may_be_claimed and self._claims is not None and repository is not None:
            claim, version = self._claims.claim_of(repository, usage.assistant, usage.key) or (None, None)
        return Entry(usage, repository, worktree, place, list_cost, state, card_id, claim, version, source)

    def _changed(self, before: Stored, usage: Usage) -> Entry:
        """The new state of a row. Its place changes only if a better original was found."""
        entry = self._entry(usage)
        old = before.entry
        is_same = (usage.copy_rank, usage.moves_head) == (old.usage.copy_rank, old.usage.moves_head)
        if is_same or old.place.evidence == "assigned":
            return entry._replace(repository=old.repository, worktree=old.worktree, place=old.place)
        return entry

    def _recover_unlogged(self, assistant: str, new: "Mapping[str, NewTotals]") -> None:
        found = {
            name: totals_of_session(self._ledger, assistant, name)
            for name in new
            if has_unexplained_total(self._ledger, assistant, name)
        }
        # The totals of a fork contain those of its parents: older ones first.
        for name, totals in sorted(found.items(), key=lambda one: one[1][0].time_ms):
            try:
                self._pricer.prepare({("", total.model) for total in totals})
                with self._ledger.transaction():
                    self._recover_session(assistant, totals, new[name])
            except Exception as error:
                if not is_of_records(error):
                    raise
                self._forget()
                self._notes.append(
                    f"The total of a session could not be compared with its lines ({type(error).__name__})."
                )

    def _recover_session(self, assistant: str, totals: list[SessionTotal], new: "NewTotals") -> None:
        from tokcost.usage.late_lines import Freed, freed_by, late_lines
        from tokcost.usage.recovering import recover

        ledger, recovered = self._ledger, recover(self._ledger, assistant, totals, new)
        usage, told = recovered.usage, {u.key: u.time_ms for u in recovered.before}
        # For totals from earlier imports, the time of a compaction is no longer known.
        wanted = {u.key: u if new.tells(u.key) else u._replace(time_ms=told.get(u.key, u.time_ms)) for u in usage}
        stored = find_usage(ledger, assistant, [*wanted, *told])
        changes = [(stored[key], u) for key, u in wanted.items() if key in stored and stored[key].entry.usage != u]
        changed = [(before, self._changed(before, u)) for before, u in changes]
        source = min(new.sources, default=None)
        entries = [self._entry(u, source) for key, u in wanted.items() if key not in stored]
        Room(ledger).require([*entries, *(entry for _, entry in changed)])
        rollup = Rollup()
        delete_usage(ledger, [one for key, one in stored.items() if key not in wanted], rollup)
        insert_usage(ledger, entries, rollup)
        update_usage(ledger, changed, rollup)
        for key, one in stored.items():
            counts = freed_by(one, wanted.get(key)) if one.entry.claim is not None else ()
            if any(counts):
                lines = find_usage(ledger, assistant, {u.key for u in recovered.lines_in(key)}).values()
                claim, repository = claim_and_repository(ledger, one.entry.claim or 0)
                freed = Freed(one, counts, repository, claim.fate == "withheld")
                self._join_claim(one, late_lines(freed, lines), rollup)
        rollup.apply(ledger)

    def _join_claim(self, row: Stored, lines: Sequence[Stored], rollup: Rollup) -> None:
        """Put usage that replaces a row into the row's claim, and have the clone remember it."""
        if lines:
            claim, repository = claim_and_repository(self._ledger, row.entry.claim or 0)
            version = row.entry.claim_version or 0
            join_claims(self._ledger, [(one, claim.id, version) for one in lines], rollup)
            if self._claims:
                self._claims.join(claim, repository, version, [one.entry.usage for one in lines])
