"""`tokcost doctor --reader NAME FILE`: the result of reading one file, in counts and reasons.

Nothing is recorded, and no text of a conversation, path or session is shown.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.files.foreign import open_regular
from tokcost.model.checks import Check, Diagnosis
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import NO_TOKENS, Tokens, Usage, find_key, merge
from tokcost.readers.registry import readers
from tokcost.readers.sources.files import source_at, store_source
from tokcost.usage.read import Job, read_here

_STORE = b"SQLite format 3\0"
_A_LOG = "Name a log file or a store of this assistant; docs/assistants.md lists the versions that its reader knows."
_SKIPPED = "These records are not counted. docs/readers.md explains what a reader may skip."


def try_reader(name: str, path: Path) -> Diagnosis:
    """Read one file or store from its beginning with the reader called `name`.

    A failing reader, skipped records and a file without any response are findings. Raises `UsageError` if no reader has
    that name, `EnvironmentProblem` if the file cannot be read.
    """
    names = [reader.name for reader in readers()]
    if name not in names:
        raise UsageError(f"there is no reader named {name}", f"The readers are {', '.join(names)}.")
    found = _Found()
    for outcome in read_here(Job(name, _source(path.absolute()), None)):
        found.problem = outcome.problem
        if outcome.batch:
            found.add(outcome.batch)
    return found.diagnosis()


def _source(path: Path) -> Source:
    try:
        with open_regular(str(path)) as stream:
            is_store = stream.read(len(_STORE)) == _STORE
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}", _A_LOG) from None
    source = store_source(str(path)) if is_store else source_at(str(path))
    if source is None:
        raise EnvironmentProblem(f"{path} no longer exists", _A_LOG)
    return source


@dataclass(slots=True)
class _Found:
    """Everything that a reader made of one file."""

    responses: dict[str, Usage] = field(default_factory=dict[str, Usage])
    skipped: Counter[str] = field(default_factory=Counter[str])
    repeated: Counter[str] = field(default_factory=Counter[str])
    totals: int = 0
    problem: str = ""

    def add(self, batch: Batch) -> None:
        """Add a batch: records of one response are merged, as in the ledger."""
        for usage in batch.usage:
            key = find_key(self.responses, usage)
            before = self.responses.get(key)
            self.responses[key] = merge(before, usage) if before else usage
        for key in batch.retracted:
            self.responses.pop(key, None)
        self.skipped.update(batch.skipped)
        self.repeated.update(batch.duplicates)
        self.totals += len(batch.totals)

    def diagnosis(self) -> Diagnosis:
        """The checks to show."""
        said = Diagnosis()
        if self.problem:
            said.add("file", Check("unreadable", self.problem, True, _A_LOG))
        said.add("file", *(self._responses() if self.responses else [Check("responses", "none", True, _A_LOG)]))
        for reason, count in sorted(self.skipped.items()):
            said.add("records", Check("skipped", f"{count:,} x {reason}", True, _SKIPPED))
        for reason, count in sorted(self.repeated.items()):
            said.add("records", Check("not counted twice", f"{count:,} x {reason}"))
        return said

    def _responses(self) -> Iterable[Check]:
        every = list(self.responses.values())
        kinds = Counter(one.kind for one in every if one.kind != "response")
        others = "".join(f", {count:,} of them {kind}" for kind, count in sorted(kinds.items()))
        yield Check("responses", f"{len(every):,}{others}")
        times = [one.time_ms for one in every]
        yield Check("times", f"{_moment(min(times))} to {_moment(max(times))}")
        yield Check("sessions", f"{len({one.session for one in every}):,}")
        for what, values in (("folders", [one.cwd for one in every]), ("branches", [one.branch for one in every])):
            named = [value for value in values if value]
            yield Check(what, f"{len(set(named)):,}, named by {len(named):,} of {len(every):,} responses")
        for model in sorted({one.model for one in every}):
            tokens = _sum(one.tokens for one in every if one.model == model)
            yield Check(model or "(no name)", _counts(tokens))
        for what, count in (
            ("lower bounds", sum(one.lower_bound for one in every)),
            ("estimated", sum(one.estimated for one in every)),
            *((f"text, times {factor / 100:.2f}", count) for factor, count in _factors(every)),
            ("cost reported", sum(one.reported_cost is not None for one in every)),
            ("session totals", self.totals),
        ):
            if count:
                yield Check(what, f"{count:,}")


def _factors(every: Iterable[Usage]) -> list[tuple[int, int]]:
    """The factors by which counts of texts were multiplied, in percent, with the number of responses."""
    return sorted(Counter(one.factor_percent for one in every if one.factor_percent).items())


def _counts(tokens: Tokens) -> str:
    counts = [f"{word.replace('_', ' ')} {count:,}" for word, count in tokens._asdict().items() if count]
    return ", ".join(counts) or "no tokens"


def _moment(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _sum(counts: Iterable[Tokens]) -> Tokens:
    total = NO_TOKENS
    for one in counts:
        total = total.plus(one)
    return total
