import pytest

from tokcost.model.status import Status
from tokcost.reports.status import UnknownPlaceholder, formatted, status_line

FEAT = Status(
    "feat/x",
    "/r",
    1_840_000_000,
    500_000_000,
    1_234_567,
    today_list_cost=3_100_000_000,
    models=("claude-opus-4-5", "gpt-5"),
)


def test_the_line_has_branch_list_cost_pending_and_today() -> None:
    assert status_line(FEAT) == "feat/x  $1.84 list  ($0.50 pending)  today $3.10"


def test_what_is_nothing_is_left_out() -> None:
    assert status_line(Status("feat/x", "/r")) == "feat/x  no usage"


def test_a_branch_without_known_prices_is_unpriced() -> None:
    assert status_line(Status("feat/x", "/r", tokens=9, unpriced_tokens=9)) == "feat/x  unpriced"


def test_a_detached_head_is_said() -> None:
    assert status_line(Status(None, "/r")) == "(detached)  no usage"


def test_every_placeholder_is_filled_in() -> None:
    template = "{branch}|{list_cost}|{pending}|{tokens}|{today}|{models}|{repository}|{{}}"
    assert formatted(FEAT, template) == "feat/x|$1.84|$0.50|1.2M|$3.10|opus-4-5, gpt-5|/r|{}"


@pytest.mark.parametrize("template", ["{cost}", "{}", "{branch.__class__}{nope}"])
def test_an_unknown_placeholder_is_refused(template: str) -> None:
    with pytest.raises(UnknownPlaceholder):
        formatted(FEAT, template)
