"""Commands: nothing is published that was not shown and agreed to."""

from pathlib import Path

import pytest

from support.editor import Editor, Refused
from support.hooked import REPLY, Hooked


def test_nothing_is_switched_on_before_it_was_shown_and_agreed_to(repo: Hooked) -> None:
    repo.spend()
    uri = repo.path.as_uri()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        with pytest.raises(Refused, match="nothing was shown"):
            editor.command("enable", uri=uri, consent=True)
        shown = editor.command("preview", uri=uri)
        assert (shown["schema"], shown["enabled"], len(shown["lines"])) == ("tokcost.preview/1", False, 1)
        assert shown["lines"][0] in shown["consent_text"]
        assert "per commit author" in shown["consent_text"]
        for consent in ({}, {"consent": False}, {"consent": "yes"}, {"consent": 1}):
            with pytest.raises(Refused, match="nobody has agreed"):
                editor.command("enable", uri=uri, **consent)
        with pytest.raises(Refused, match="nothing was shown"):
            editor.command("enable", uri=uri, precision="exact", consent=True)
        repo.work("Before")
        assert repo.lines() == []
        done = editor.command("enable", uri=uri, consent=True)
        assert (done["enabled"], done["hooks_complete"]) == (True, True)
        repo.work("After")
        assert len(repo.lines()) == 1
        assert editor.command("disable", uri=uri)["enabled"] is False
        repo.work("Later")
        assert repo.lines() == []
        assert editor.told("window/showMessage") == []


def test_the_consent_names_the_hooks_that_are_installed_then_and_where(repo: Hooked) -> None:
    uri, folder = repo.path.as_uri(), repo.path / ".git/hooks"
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        before = {path.name for path in folder.iterdir()}
        asked = editor.command("preview", uri=uri)["consent_text"]
        assert {path.name for path in folder.iterdir()} == before
        editor.command("enable", uri=uri, consent=True)
        made = {path.name for path in folder.iterdir()} - before
        line = next(line for line in asked.split("\n") if str(folder) in line)
        assert line.startswith("If you agree, git hooks are installed")
        assert {word.strip(",") for word in line.split(": ")[1].split(" in ")[0].split()} == made
        editor.command("disable", uri=uri)
        assert "are already installed" in editor.command("preview", uri=uri)["consent_text"]


def test_leaving_a_line_out_says_until_when_it_can_be_undone(agreed: Hooked) -> None:
    uri = agreed.path.as_uri()
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        agreed.spend()
        assert "undo that until you commit" in editor.command("omit", uri=uri, omit=True)["text"]
        assert editor.command("omit", uri=uri, omit=False)["omitted"] is False
        agreed.work("One")
        editor.command("omit", uri=uri, omit=True)
        agreed.work("Two")
        assert agreed.replies() == {"total": 3, "carried": 2, "withheld": 1}


def test_a_repository_that_forbids_lines_is_obeyed(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text('[trailers]\npolicy = "forbid"\n')
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        with pytest.raises(Refused, match="forbids"):
            editor.command("preview", uri=repo.path.as_uri())


def test_the_report_is_a_file_that_only_its_owner_reads(repo: Hooked) -> None:
    repo.spend()
    able = {"window": {"showDocument": {"support": True}}}
    with Editor(repo.environ, repo.path, capabilities=able) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        found = editor.command("report", uri=repo.path.as_uri(), show=True)
        editor.wait(lambda: editor.told("window/showDocument", uri=found["uri"]))
        path = Path(found["uri"].removeprefix("file://"))
        assert path.read_text() == found["text"]
        assert "main" in found["text"]
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        editor.command("report")
        assert len(editor.told("window/showDocument")) == 1


def test_usage_is_assigned_and_the_figure_follows(repo: Hooked) -> None:
    repo.spend()
    repo.git("branch", "feat/x")
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        tried = editor.command("assign", branch="feat/x", dry_run=True, **{"from": "main"})
        assert (tried["usage"], tried["from"]) == (1, ["main"])
        editor.command("assign", branch="feat/x", since="2020-01-01T00:00:00Z")
        editor.status(repo.path, tokens=0)
        for since in ("flurb", "0001-01-01T00:00:00", "9" * 100_000):
            with pytest.raises(Refused, match="is not a time") as refused:
                editor.command("assign", branch="feat/x", since=since)
            assert len(str(refused.value)) < 300


def test_what_would_be_assigned_is_said_with_all_that_its_amount_leaves_open(repo: Hooked) -> None:
    repo.git("branch", "feat/x")
    repo.spend(model="never-heard-of")
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        assert repo.tokcost("assign", "feat/x", "--from", "main", "--dry-run").stdout == (
            "1 response (unpriced, 12,204 tokens) would be moved from main to feat/x.\n"
        )
        assert editor.command("assign", branch="feat/x", dry_run=True, **{"from": "main"})["amount"] == "unpriced"
        repo.spend()
        repo.spend(stop_reason=None)
        editor.status(repo.path, tokens=3 * REPLY)
        tried = editor.command("assign", branch="feat/x", dry_run=True, **{"from": "main"})
        assert tried["amount"] == "≥$0.05 list + unpriced (1 broken off)"


def test_a_peek_is_not_shown_to_anybody_who_could_agree(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        assert len(editor.command("preview", peek=True)["lines"]) == 1
        with pytest.raises(Refused, match="nothing was shown"):
            editor.command("enable", consent=True)


def test_the_next_commit_can_be_asked_to_carry_no_line(agreed: Hooked) -> None:
    agreed.spend()
    written = {"enabled": True, "problem": "", "omitted": False}
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        editor.status(agreed.path, cost_lines=written)
        assert editor.command("omit", omit=True)["omitted"] is True
        editor.status(agreed.path, cost_lines=written | {"omitted": True})
        assert editor.command("omit", omit=False)["omitted"] is False
        editor.status(agreed.path, cost_lines=written)
        editor.command("omit", omit=True)
        agreed.change()
        agreed.hooked("-m", "Quiet")
        assert agreed.lines() == []
        editor.status(agreed.path, cost_lines=written)
        agreed.work("Loud")
        assert len(agreed.lines()) == 1


def test_nothing_can_be_left_out_where_nothing_is_written(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, cost_lines={"enabled": False, "problem": "", "omitted": False})
        with pytest.raises(Refused, match="no line to leave out"):
            editor.command("omit", omit=True)


def test_a_budget_is_set_told_and_forgotten(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, tokens=REPLY, budget="none")
        done = editor.command("budget", scope="branch", amount="0.001")
        assert done == {"text": "The branch budget is $0.0010 list; it warns.", "hooks_text": ""}
        editor.status(repo.path, budget="over")
        assert editor.command("budget", scope="branch")["text"] == "The branch budget is removed."
        editor.status(repo.path, budget="none")
        for wrong in ({"scope": "week"}, {"scope": "day", "amount": "much"}, {"scope": "day", "branch": "main"}):
            with pytest.raises(Refused):
                editor.command("budget", **wrong)


def test_the_doctor_says_what_the_figures_rest_on(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, tokens=REPLY)
        found = editor.command("doctor")
        assert str(repo.path) in found["text"]
        assert found["findings"] == 0


def test_a_command_needs_a_name_where_several_folders_are_open(repo: Hooked, tmp_path: Path) -> None:
    with Editor(repo.environ, repo.path, tmp_path) as editor:
        editor.open()
        with pytest.raises(Refused, match="no repository is named"):
            editor.command("preview")
        with pytest.raises(Refused, match="not in a git repository"):
            editor.command("preview", uri=tmp_path.as_uri())
