"""Two long sessions of a real assistant, whose lost caches were looked through by hand."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tokcost.drivers.prefix import Prompt, losses

START = 1_765_000_000_000


def session(name: str) -> list[Prompt]:
    lines = (Path(__file__).parent / "data/pi_counts.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split(",") for line in lines if line.startswith(f"{name},")]
    return [
        Prompt("m", START + round(float(seconds) * 1000), int(sent), int(read), int(written), 0)
        for _, seconds, sent, read, written in rows
    ]


@pytest.mark.parametrize(
    ("name", "requests", "exact", "causes"),
    [
        ("before-compaction", 471, 455, {"other": 9, "compaction": 2, "pause": 1}),
        ("large-session", 439, 398, {"other": 33, "pause": 4}),
    ],
)
def test_nearly_all_requests_read_exactly_what_was_cached_and_each_loss_has_its_cause(
    name: str, requests: int, exact: int, causes: dict[str, int]
) -> None:
    """The compactions are the two prompts that fall from 175,000 and 185,000 tokens to less than 30,000; the pauses
    those of more than five minutes. The others read nothing: the program was started anew, or a request was broken
    off."""
    prompts = session(name)
    assert len(prompts) == requests
    assert sum(two.cache_read == one.cache_read + one.written for one, two in pairwise(prompts)) == exact
    found = [one for lost in losses(prompts) for one in lost if one.tokens > 100]
    assert Counter(one.cause for one in found) == causes
