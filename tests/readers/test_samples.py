"""Readers against the truth: logs that real assistants wrote, compared to the last token."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from support import samples
from tokcost.model.usage import NO_TOKENS, Tokens, Usage, merge
from tokcost.readers.registry import readers


def everything(environ: dict[str, str]) -> dict[str, Usage]:
    found: dict[str, Usage] = {}
    for reader in readers():
        sources = [one for location in reader.locations(environ) for one in reader.discover(location)]
        for batch in (batch for source in sources for batch in reader.read(source, None)):
            assert batch.skipped == {}
            for usage in batch.usage:
                found[usage.key] = merge(found[usage.key], usage) if usage.key in found else usage
    return found


def total(usage: Iterable[Usage]) -> Tokens:
    tokens = NO_TOKENS
    for one in usage:
        tokens = tokens.plus(one.tokens)
    return tokens


@pytest.mark.parametrize("name", samples.exact_names())
def test_a_real_assistants_logs_give_exactly_what_they_hold(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    found = total(everything(sample.environ).values())
    truth = sample.truth["expected"]["recoverable"]
    assert found.input == truth["uncached_in"]
    assert found.cache_read == truth["cache_read"]
    assert found.cache_write_5m + found.cache_write_1h == truth["cache_write"]
    assert found.output == truth["output"]


@pytest.mark.parametrize("name", samples.exact_names())
def test_every_class_is_exact_where_the_logs_hold_everything(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    if not sample.truth["expected"]["files_hold_everything"]:
        pytest.skip("this version does not log its helper calls")
    found = total(everything(sample.environ).values())
    assert found._replace(reasoning=0) == Tokens(**sample.truth["expected"]["billed"])
