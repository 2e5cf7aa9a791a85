"""Reading log files, in parallel if there is much to read."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from tokcost.model.logs import Batch, Source
from tokcost.readers.protocol import Reader, told_as
from tokcost.readers.registry import reader_named
from tokcost.readers.sources.files import open_log
from tokcost.usage.processes import CAN_FORK, forked

SIDE_BY_SIDE = 24 << 20
"""New bytes; for fewer, starting processes costs more than it saves."""

Progress = Callable[[int, int], None]
"""Called with the bytes read and the bytes to read."""


class Job(NamedTuple):
    """A source with new content."""

    assistant: str
    source: Source
    cursor: bytes | None
    position: int = 0
    """Bytes of the source that were read before."""

    @property
    def new_bytes(self) -> int:
        """The number of bytes to read."""
        return self.source.size - (self.position if self.position <= self.source.size else 0)


class Outcome(NamedTuple):
    """The outcome of reading a file: a batch, or a sentence about the reason why there is none."""

    job: Job
    batch: Batch | None
    problem: str = ""
    passing: bool = False
    """The problem may be over by the next time, though the file has not changed."""


def changed(files: Iterable[Source], known: Mapping[str, tuple[int, int]]) -> list[Source]:
    """The files that are new or have changed since they were read (`known`: size and mtime at that time)."""
    return [file for file in files if known.get(file.path) != (file.size, file.mtime_ns)]


def in_order_of_writing(jobs: Sequence[Job]) -> list[Job]:
    """Older files first: if a history was copied into a newer file, the first copy is the original."""
    ties = {moment for moment, count in Counter(job.source.mtime_ns for job in jobs).items() if count > 1}
    return sorted(jobs, key=lambda job: (job.source.mtime_ns, _last_time(job) if job.source.mtime_ns in ties else b""))


@contextmanager
def read_all(jobs: Sequence[Job], progress: Progress | None) -> Generator[Iterator[Outcome]]:
    """Read every job. The outcomes are in order, several for a very large file. Parallel reading begins at once."""
    total = sum(job.new_bytes for job in jobs)
    if total > SIDE_BY_SIDE and len(jobs) > 1 and (os.cpu_count() or 1) > 1:
        with _side_by_side(jobs) as outcomes:
            yield _told(outcomes, total, progress)
    else:
        yield _told((outcome for job in jobs for outcome in read_here(job)), total, progress)


def _told(outcomes: Iterator[Outcome], total: int, progress: Progress | None) -> Iterator[Outcome]:
    done = 0
    if progress and total:
        progress(0, total)
    for outcome in outcomes:
        yield outcome
        if progress:
            done += _consumed(outcome)
            progress(done, total)


@contextmanager
def _side_by_side(jobs: Sequence[Job]) -> Generator[Iterator[Outcome]]:
    # More would wait for this process, which records what they read.
    count = min(os.cpu_count() or 1, 4)
    if can_fork():
        with forked(lambda number: _packed_outcomes(number, jobs[number]), len(jobs), count) as results:
            yield _unpacked(jobs, results)
    else:
        from multiprocessing import get_context

        with get_context("spawn").Pool(count) as pool:
            yield _with_rest(_unpacked(jobs, pool.imap(_first_outcome, enumerate(jobs), chunksize=4)))


def can_fork() -> bool:
    """Whether this process may fork: another thread (of the language server) may hold a lock at that moment."""
    # Not imported for this: a module that is not loaded has started no thread.
    threads = sys.modules.get("threading")
    return CAN_FORK and (threads is None or threads.active_count() == 1)


def _unpacked(jobs: Sequence[Job], results: Iterable[bytes]) -> Iterator[Outcome]:
    from tokcost.usage.packing import unpacked

    for number, cursor, position, batch, problem, passing, _ in unpacked(results):
        yield Outcome(jobs[number]._replace(cursor=cursor, position=position), batch, problem, passing)


def _packed_outcomes(number: int, job: Job) -> Iterator[bytes]:
    from tokcost.usage.packing import SourcePart, packed

    for outcome in read_here(job):
        begun, batch, problem, passing = outcome
        yield packed(SourcePart(number, begun.cursor, begun.position, batch, problem, passing))


def _first_outcome(numbered: tuple[int, Job]) -> bytes:
    return next(_packed_outcomes(*numbered))


def _with_rest(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes of a large file. Other processes read only its beginning, because everything they find is
    buffered until its turn."""
    for outcome in outcomes:
        yield outcome
        if outcome.batch and outcome.batch.more:
            yield from read_here(outcome.job._replace(cursor=outcome.batch.cursor, position=outcome.batch.position))


def read_here(job: Job) -> Iterator[Outcome]:
    """Read one source in this process.

    An error in its reader affects this source only. A reader that fails is asked once more for the complete source:
    its saved cursor may be damaged, and to SQLite one I/O error can look like a damaged store.
    """
    reader, problem, begun, more = reader_named(job.assistant), "", False, False
    for cursor in (job.cursor, None):
        try:
            for batch in reader.read(job.source, cursor):
                found = _kept(batch, reader, anew=not begun and cursor is not job.cursor)
                # The last batch may be empty and have the same cursor: a reader that stops at a full portion cannot
                # know that nothing follows.
                if begun and found.more and found.cursor == job.cursor:
                    raise ValueError("a reader does not advance")
                yield Outcome(job, found)
                job, begun, more = job._replace(cursor=found.cursor, position=found.position), True, found.more
            if more:
                raise ValueError("a reader announced another batch and did not return it")
            return
        except OSError as error:
            problem = _told_of(error)
            # Errors of the system may pass; a reader that does not understand a source raises one without a number.
            if error.errno is not None:
                yield Outcome(job, None, problem, passing=True)
                return
        except Exception as error:  # the exception's text could quote the log
            problem = f"its reader failed ({told_as(error)})"
            if cursor is None:  # it would fail again
                break
        if begun:
            break
    yield Outcome(job, None, problem)


def _told_of(error: OSError) -> str:
    """The reason why a source cannot be read. It may name a path that is not UTF-8, which no ledger can store."""
    return str(error.strerror or error).encode("utf-8", "backslashreplace").decode()


def _kept(batch: Batch, reader: Reader, *, anew: bool) -> Batch:
    """The part of a batch that may be recorded."""
    from tokcost.model.bounds import within_bounds

    found = within_bounds(batch, reader.name)
    return found._replace(restarted=True) if anew else found


def _consumed(outcome: Outcome) -> int:
    if outcome.batch is None:
        return outcome.job.new_bytes
    before = outcome.job.position if not outcome.batch.restarted else 0
    return max(0, outcome.batch.position - before)


def _last_time(job: Job) -> bytes:
    """The last time written in a file. It decides between files that were restored with the same mtime."""
    if not job.source.size:
        return b""
    try:
        with open_log(job.source.path) as stream:
            stream.seek(max(0, job.source.size - 65536))
            tail = stream.read(65536) or b""
    except OSError:
        return b""
    # Times in UTC sort as text; where a log has no such field, the order of the list decides.
    at = tail.rfind(b'"timestamp":"')
    return tail[at + 13 : at + 43].partition(b'"')[0] if at >= 0 else b""
