"""Large logs are read in portions. Whether anything follows the last one shows only when it is asked for."""

from pathlib import Path

import pytest

from tokcost.ledger.open import open_ledger
from tokcost.ledger.sources import problems
from tokcost.readers.sources.new_lines import MAX_RECORDS
from tokcost.services.refresh import refresh


@pytest.mark.few
@pytest.mark.parametrize("behind", ["", '{"kind":"SessionA2uxEvent","ev', "\n\n", "\0" * 5000])
def test_a_log_that_ends_where_a_portion_is_full_is_read_without_a_problem(tmp_path: Path, behind: str) -> None:
    log = tmp_path / ".junie/sessions/s/events.jsonl"
    log.parent.mkdir(parents=True)
    with log.open("w") as stream:
        for number in range(MAX_RECORDS):
            usage = f'{{"kind":"LlmResponseMetadataEvent","modelUsage":[{{"model":"m","outputTokens":{number + 1}}}]}}'
            stream.write(f'{{"event":{{"agentEvent":{usage}}},"timestampMs":1787586306156}}\n')
        stream.write(behind)
    ledger = tmp_path / "ledger"
    for _ in range(2):
        refresh(ledger, {"HOME": str(tmp_path), "TOKCOST_HOME": str(ledger)})
        with open_ledger(ledger) as opened:
            assert problems(opened) == []
            assert opened.db.execute("SELECT count(*) FROM usage").fetchone() == (MAX_RECORDS,)
