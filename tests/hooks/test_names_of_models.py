"""The names of models in a line: short, and once for each model."""

from support.hooked import Hooked
from tokcost.model.trailer import read_message


def test_a_line_names_a_model_without_its_day_and_once(repo: Hooked) -> None:
    for model in ("claude-opus-4-5-20251101", "claude-opus-4-5", "gpt-4o-2024-05-13", "gpt-4o-2024-08-06"):
        repo.spend(model=model)
    repo.change()
    repo.hooked("-m", "Work")
    (line,) = read_message(repo.message()).lines
    assert sorted(line.models) == ["claude-opus-4-5", "gpt-4o", "gpt-4o-2024-05-13"]


def test_a_line_that_was_written_with_the_day_stays_as_it_is_when_the_commit_is_amended(repo: Hooked) -> None:
    repo.spend(model="claude-opus-4-5-20251101")
    repo.change()
    repo.hooked("-m", "Work")
    (line,) = read_message(repo.message()).lines
    old = repo.message().replace("; claude-opus-4-5; ", "; claude-opus-4-5-20251101; ")
    repo.run("commit", "-q", "--amend", "-m", old)
    (kept,) = read_message(repo.message()).lines
    assert kept == line._replace(models=("claude-opus-4-5-20251101",))
    assert repo.replies()["carried"] == 1
