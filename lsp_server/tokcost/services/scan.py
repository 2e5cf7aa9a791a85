"""Reading log files, side by side where there is much to read."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tokcost.model.logs import Batch, Checkpoint, LogFile
from tokcost.readers.registry import reader_named

SIDE_BY_SIDE = 24 << 20
"""Below so many new bytes, starting processes costs more than it saves."""

Progress = Callable[[int, int], None]
"""Called with bytes read and bytes to read."""


class Job(NamedTuple):
    """A file with something new in it."""

    assistant: str
    file: LogFile
    checkpoint: Checkpoint | None

    @property
    def new_bytes(self) -> int:
        """How much there is to read."""
        done = self.checkpoint.offset if self.checkpoint and self.checkpoint.offset <= self.file.size else 0
        return self.file.size - done


class Outcome(NamedTuple):
    """What reading a file gave: a batch, or a sentence why not."""

    job: Job
    batch: Batch | None
    problem: str = ""


def changed(files: Iterable[LogFile], known: Mapping[str, tuple[int, int]]) -> list[LogFile]:
    """The files that are new or no longer what they were (`known`: size and mtime when they were read)."""
    return [file for file in files if known.get(file.path) != (file.size, file.mtime_ns)]


def in_order_of_writing(jobs: Sequence[Job]) -> list[Job]:
    """Older files first: of a history copied into a newer file, the first copy is the original."""
    ties = {moment for moment, count in Counter(job.file.mtime_ns for job in jobs).items() if count > 1}
    return sorted(jobs, key=lambda job: (job.file.mtime_ns, _last_time(job) if job.file.mtime_ns in ties else b""))


def read_all(jobs: Sequence[Job], progress: Progress | None) -> Iterator[Outcome]:
    """Read every job, in order; a very large file gives several outcomes."""
    total = sum(job.new_bytes for job in jobs)
    done = 0
    source = (
        _side_by_side(jobs) if total > SIDE_BY_SIDE and len(jobs) > 1 and (os.cpu_count() or 1) > 1 else _here(jobs)
    )
    for outcome in source:
        yield outcome
        if progress:
            done += _consumed(outcome)
            progress(done, total)


def _here(jobs: Sequence[Job]) -> Iterator[Outcome]:
    for job in jobs:
        yield from _read(job)


def _side_by_side(jobs: Sequence[Job]) -> Iterator[Outcome]:
    import multiprocessing

    import msgspec

    start = "fork" if sys.platform == "linux" else "spawn"
    received = msgspec.msgpack.Decoder(list[Outcome])
    workers = min(os.cpu_count() or 1, 4)
    # The process that records is the narrow place: readers take what it leaves of the processors.
    with multiprocessing.get_context(start).Pool(workers, _step_back) as pool:
        for packed in pool.imap(_read_to_the_end, jobs, chunksize=4):
            yield from received.decode(packed)


def _step_back() -> None:
    if hasattr(os, "nice"):
        os.nice(19)


def _read_to_the_end(job: Job) -> bytes:
    """All outcomes of a file, packed: ten times cheaper to hand over than as Python objects."""
    import msgspec

    return msgspec.msgpack.encode(list(_read(job)))


def _read(job: Job) -> Iterator[Outcome]:
    reader = reader_named(job.assistant)
    while True:
        try:
            batch = reader.read(job.file, job.checkpoint)
        except OSError as error:
            yield Outcome(job, None, error.strerror or str(error))
            return
        yield Outcome(job, batch)
        if not batch.more:
            return
        job = job._replace(checkpoint=batch.checkpoint)


def _consumed(outcome: Outcome) -> int:
    if outcome.batch is None:
        return outcome.job.new_bytes
    before = outcome.job.checkpoint.offset if outcome.job.checkpoint and not outcome.batch.restarted else 0
    return outcome.batch.checkpoint.offset - before


def _last_time(job: Job) -> bytes:
    """The last time written in a file: decides between files that were restored with one and the same date."""
    try:
        with open(job.file.path, "rb") as stream:
            stream.seek(max(0, job.file.size - 65536))
            tail = stream.read()
    except OSError:
        return b""
    at = tail.rfind(b'"timestamp":"')
    return tail[at + 13 : at + 43].partition(b'"')[0] if at >= 0 else b""
