"""Keeps purged usage out of imports: everything in the record of purges is skipped."""

from collections.abc import Sequence
from pathlib import Path

from tokcost.ledger.open import Ledger
from tokcost.ledger.purge_record import Name, PurgeRecord, open_purge_record
from tokcost.ledger.sources import delete_source, forget_cursor, has_usage
from tokcost.model.logs import Batch
from tokcost.model.received import FROM_TEXT, OTEL, names_of_logged, session_name
from tokcost.model.usage import Usage, further_keys, is_sum
from tokcost.usage.read import Job, Outcome


class PurgedUsage:
    """Removes purged usage from what was read, and remembers sources of which nothing was kept."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._record: PurgeRecord | None = None
        self._empty: dict[tuple[str, str], bool] = {}
        """Sources that were read from their beginning and of which nothing was kept, each with whether anything was
        purged of them."""
        self._ends_purged: dict[tuple[str, str], bytes] = {}
        """Sources whose newest usage was purged, with the cursor behind it."""

    def without(self, waiting: list[Outcome]) -> list[Outcome]:
        """The outcomes without purged usage. Raises `LedgerUnavailable`."""
        if self._record is None:
            self._record = open_purge_record(self._home)
        record = self._record
        return waiting if record is None else [self._without(record, outcome) for outcome in waiting]

    def close(self) -> None:
        """Close the record."""
        if self._record is not None:
            self._record.close()

    def forget_source(self, ledger: Ledger, outcome: Outcome, number: int) -> None:
        """Keep purged facts out of the ledger's sources: a source of which the ledger has nothing is not named, and for
        others the branch or folder that the reader remembers from a purged line is dropped. Runs in the caller's
        transaction."""
        name = outcome.job.assistant, outcome.job.source.path
        # Only behind the last batch is it known that nothing of a source is left.
        if self._record is None or outcome.batch is None or outcome.batch.more:
            return
        is_empty = self._empty.pop(name, False)
        if is_empty and not has_usage(ledger, number):  # of a file that was rewritten there may be some from before
            self._record.add_sources([(outcome.job.assistant, outcome.job.source)])
            delete_source(ledger, number)
        elif self._ends_purged.get(name) == outcome.batch.cursor:
            forget_cursor(ledger, number)

    def _without(self, record: PurgeRecord, outcome: Outcome) -> Outcome:
        job, batch = outcome.job, outcome.batch
        if batch is None:
            return outcome
        blocked = self._blocked(record, job.assistant, batch)
        kept = [
            one
            for one in self._kept(record, job.assistant, batch.usage)
            if not (is_sum(one) and one.session in blocked)
        ]
        if job.assistant in FROM_TEXT:
            kept = self._without_counted(record, FROM_TEXT[job.assistant], kept)
        if batch.usage and not (kept and kept[-1] is batch.usage[-1]):
            self._ends_purged[job.assistant, job.source.path] = batch.cursor
        is_touched = len(kept) < len(batch.usage) or bool(blocked)
        self._note(job, batch, is_kept=bool(kept), is_touched=is_touched)
        if not is_touched:
            return outcome
        totals = [one for one in batch.totals if blocked.isdisjoint((one.session, *one.parents))]
        worktrees = batch.worktrees if kept else ()
        return outcome._replace(batch=batch._replace(usage=kept, totals=totals, worktrees=worktrees))

    def _note(self, job: Job, batch: Batch, *, is_kept: bool, is_touched: bool) -> None:
        name = job.assistant, job.source.path
        if is_kept:
            self._empty.pop(name, None)
        elif job.cursor is None or batch.restarted or name in self._empty:
            self._empty[name] = is_touched or self._empty.get(name, False)

    def _kept(self, record: PurgeRecord, assistant: str, usage: Sequence[Usage]) -> list[Usage]:
        """The usage without purged responses, also without those that were purged as received and are logged now, or
        the other way round."""
        other = {one.session: _other_name(assistant, one.session) for one in usage}
        purged = record.sessions_among(list(set(other.values())))
        elsewhere = {session for session, name in other.items() if name in purged}
        if assistant == OTEL:  # if a session has a log, its received responses do not count
            usage = [one for one in usage if one.session not in elsewhere]
        names = [_names(one, one.session in elsewhere) for one in usage]
        purged = record.usage_among(list({name for some in names for name in some}))
        return [one for one, some in zip(usage, names, strict=True) if purged.isdisjoint(some)]

    def _without_counted(self, record: PurgeRecord, counts: str, estimates: list[Usage]) -> list[Usage]:
        """The estimates without those of sessions of which counts were purged, logged or received ones: no estimate
        counts beside such, and none may come in their stead."""
        names = {one.session: [(counts, one.session), (OTEL, session_name(counts, one.session))] for one in estimates}
        purged = record.sessions_among([name for both in names.values() for name in both])
        return [one for one in estimates if purged.isdisjoint(names[one.session])]

    def _blocked(self, record: PurgeRecord, assistant: str, batch: Batch) -> set[str]:
        """Sessions whose totals, or sums of calls without a line, contain purged usage."""
        names = {(assistant, name) for one in batch.totals for name in (one.session, *one.parents)}
        names |= {(assistant, one.session) for one in batch.usage if is_sum(one)}
        received = {(OTEL, session_name(*name)): name for name in names}
        found = record.sessions_among([*names, *received]) if names else set[Name]()
        return {received.get(name, name)[1] for name in found}


def _other_name(assistant: str, session: str) -> Name:
    """The same session as its other source names it: telemetry for a logged session, a log for a received one."""
    if assistant != OTEL:
        return OTEL, session_name(assistant, session)
    of, _, name = session.partition("/")
    return of, name


def _names(usage: Usage, is_received: bool) -> list[Name]:
    """The names by which a purged response is recognised. `is_received`: received usage of its session was purged."""
    names = [(usage.assistant, key) for key in (usage.key, *further_keys(usage))]
    return names if usage.assistant == OTEL else [*names, *names_of_logged(usage, is_received)]
