"""Reports on real histories, with lines in every shape that a forge or a person leaves, and the truth beside them."""

import itertools
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from support import hostile_history
from support.git_sandbox import GitSandbox
from tokcost.errors import NotARepository, SettingsDamaged, UsageError
from tokcost.ledger.history_cache import FILE_NAME
from tokcost.model.changes import Report, Rework, Reworked
from tokcost.model.trailer import Line, format_line
from tokcost.reports.layout import plain
from tokcost.reports.page import report_page
from tokcost.reports.report_csv import report_csv
from tokcost.reports.report_json import report_json
from tokcost.reports.report_markdown import report_markdown
from tokcost.reports.report_text import report_lines
from tokcost.services.make_report import ReportOptions, make_report

USD = 10**9
PEOPLE = [("ann", "ann@x.org"), ("ben", "ben@x.org"), ("cem", "cem@x.org"), ("dee", "dee@x.org"), ("eva", "eva@x.org")]


class Team(GitSandbox):
    """A repository in which everyone publishes, and its cache."""

    def __init__(self, path: Path) -> None:
        super().__init__(path / "repo")
        self.cache = path / "cache"
        self._numbers = itertools.count(1)

    def line(self, dollars: int = 1, version: int = 1, number: int = 0, model: str = "claude-opus-4-5") -> str:
        """A cost line; with `number` a higher version of an earlier one."""
        name = f"{number or next(self._numbers):012d}"
        return format_line(Line(name, version, dollars * USD, False, 1_000_000, (model,)))

    def commit(self, name: str = "file", text: str | None = None, cwd: Path | None = None, *, by: int = 0) -> str:
        """A commit with this message (`text`) of a change to the file, by one of the people."""
        self.now += 60
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self.now}\n" * 5)
        self.git("add", "-A")
        person, mail = PEOPLE[by] if by < len(PEOPLE) else (f"p{by}", f"p{by}@x.org")
        self.git("commit", "-q", "-m", text or "work", GIT_AUTHOR_NAME=person, GIT_AUTHOR_EMAIL=mail)
        return self.git("rev-parse", "HEAD")

    def merge(self, message: str, *branches: str) -> str:
        """A merge commit."""
        self.now += 60
        self.git("merge", "-q", "--no-ff", "-m", message, *branches)
        return self.git("rev-parse", "HEAD")

    def report(self, range: str | None = None, folder: Path | None = None, groups: bool = False) -> Report:
        """What is reported."""
        return make_report(folder or self.path, self.cache, ReportOptions(range, groups=groups))


@pytest.fixture
def team(tmp_path: Path) -> Team:
    team = Team(tmp_path)
    team.commit(text="root")
    return team


def told(report: Report) -> list[tuple[int | None, int]]:
    """Number and dollars of each change, newest first."""
    return [(change.title.number, change.list_cost // USD) for change in report.changes]


def test_a_merge_is_one_change_with_all_that_it_brought(team: Team) -> None:
    team.switch("-c", "feat/x")
    team.commit(text=f"a\n\n{team.line(1)}")
    team.commit(text=f"b\n\n{team.line(2)}")
    team.switch("main")
    team.commit("other", f"direct push\n\n{team.line(5)}")
    team.merge("Merge pull request #12 from them/feat/x\n\nAdd login", "feat/x")
    report = team.report()
    assert told(report) == [(12, 3), (None, 5)]
    assert [change.title.subject for change in report.changes] == ["Add login", "direct push"]
    assert report.list_cost == 8 * USD


def test_gitlabs_merge_has_its_number_in_the_body(team: Team) -> None:
    team.switch("-c", "x")
    team.commit(text=f"a\n\n{team.line(1)}")
    team.switch("main")
    team.merge("Merge branch 'x' into 'main'\n\nAdd search\n\nSee merge request group/sub/proj!77", "x")
    assert told(team.report()) == [(77, 1)]
    assert team.report().changes[0].title.subject == "Add search"


def test_githubs_squash_with_its_list_of_messages_counts_every_line(team: Team) -> None:
    one, two = team.line(1), team.line(2)
    team.commit(text=f"Add login (#31)\n\n* First\n\n{one}\n\n* Second\n\n{two}\n\nCo-authored-by: B <b@x>")
    assert told(team.report()) == [(31, 3)]


def test_indented_quoted_bulleted_and_mid_body_lines_count(team: Team) -> None:
    a, b, c, d = (team.line(n) for n in (1, 2, 5, 10))
    team.commit(text=f"Squashed (!8)\n\n    {a}\n\n> {b}\n* {c}\n\ntext before\n{d}\ntext behind\n\nSigned-off-by: x")
    assert told(team.report()) == [(8, 18)]


def test_an_octopus_merge_brings_all_its_branches(team: Team) -> None:
    for number, name in enumerate(("a", "b", "c")):
        team.switch("-c", name, "main")
        team.commit(name, f"{name}\n\n{team.line(number + 1)}")
    team.switch("main")
    team.commit("z", "z")
    team.merge("Merge branches a, b and c", "a", "b", "c")
    assert told(team.report()) == [(None, 6)]


def test_an_id_counts_once_where_it_came_first_at_its_highest_version_anywhere(team: Team) -> None:
    team.commit(text=f"first (#1)\n\n{team.line(1, number=900)}")
    team.commit(text=f"backport (#2)\n\n{team.line(5, version=3, number=900)}\n{team.line(2, number=901)}")
    team.commit(text=f"pick (#3)\n\n{team.line(2, version=2, number=900)}")
    assert told(team.report()) == [(2, 2), (1, 5)]


def test_an_id_that_came_before_the_range_counts_in_the_range_that_repeats_it(team: Team) -> None:
    before = team.commit(text=f"first\n\n{team.line(1, number=900)}")
    team.commit(text=f"again\n\n{team.line(1, number=900)}")
    assert told(team.report(f"{before}..main")) == [(None, 1)]


def test_a_merged_branch_that_merged_main_into_itself_does_not_take_mains_changes(team: Team) -> None:
    team.switch("-c", "x")
    team.commit("x", f"x\n\n{team.line(1)}")
    team.switch("main")
    team.commit("m", f"on main (#5)\n\n{team.line(2)}")
    team.switch("x")
    team.merge("Merge branch 'main' into x", "main")
    team.switch("main")
    team.commit("n", f"later on main (#6)\n\n{team.line(5)}")
    team.merge("Merge pull request #7 from x", "x")
    assert told(team.report()) == [(7, 1), (6, 5), (5, 2)]


def test_a_reverted_change_is_marked_and_a_revert_of_the_revert_takes_that_back(team: Team) -> None:
    change = team.commit(text=f"Add x (#1)\n\n{team.line(2)}")
    team.git("revert", "--no-edit", change)
    revert = team.git("rev-parse", "HEAD")
    (row,) = team.report().changes
    assert (row.state, row.reverted_cost) == ("reverted", 2 * USD)
    team.git("revert", "--no-edit", revert)
    (row,) = team.report().changes
    assert (row.state, row.reverted_cost) == ("", 0)


def test_a_reverted_merge_is_the_merge_and_not_its_first_parent(team: Team) -> None:
    team.commit("m", f"kept\n\n{team.line(5)}")
    team.switch("-c", "x")
    team.commit("x", f"x\n\n{team.line(1)}")
    team.switch("main")
    merge = team.merge("Merge branch 'x'", "x")
    team.git("revert", "--no-edit", "-m", "1", merge)
    assert "reversing" in team.git("log", "-1", "--format=%B")
    assert [(row.state, row.list_cost // USD) for row in team.report().changes] == [("reverted", 1), ("", 5)]


def test_one_commit_of_a_merge_that_is_reverted_makes_it_partly_reverted(team: Team) -> None:
    team.switch("-c", "x")
    gone = team.commit("x", f"x\n\n{team.line(1)}")
    team.commit("y", f"y\n\n{team.line(2)}")
    team.switch("main")
    team.merge("Merge branch 'x'", "x")
    team.git("revert", "--no-edit", gone)
    (row,) = team.report().changes
    assert (row.state, row.reverted_cost // USD) == ("partly reverted", 1)


def test_githubs_revert_names_the_number_and_a_partial_one_says_so(team: Team) -> None:
    team.commit(text=f"Add x (#1)\n\n{team.line(2)}")
    sha = team.commit(text=f"Add y (#2)\n\n{team.line(5)}")
    team.commit(text='Revert "Add x" (#3)\n\nReverts org/repo#1')
    team.commit(text=f"Drop half of y\n\nThis partially reverts commit {sha[:10]}.")
    assert {row.title.number: (row.state, row.reverted_cost // USD) for row in team.report().changes} == {
        1: ("reverted", 2),
        2: ("partly reverted", 5),
    }


def test_what_is_reverted_and_lands_again_is_not_lost(team: Team) -> None:
    line = team.line(2)
    sha = team.commit(text=f"Add x (#1)\n\n{line}")
    team.git("revert", "--no-edit", sha)
    team.commit(text=f"Add x again (#2)\n\n{line}")
    assert [row.state for row in team.report().changes] == [""]


def test_branches_that_are_not_merged_are_told_apart_and_leftovers_of_squashes_are_not_among_them(team: Team) -> None:
    team.switch("-c", "squashed")
    line = team.line(1)
    team.commit("s", f"s\n\n{line}")
    team.switch("main")
    team.commit("s", f"s (#1)\n\n{line}")
    team.switch("-c", "open")
    team.commit("o", f"o\n\n{team.line(2)}")
    team.switch("-c", "on-top")
    team.commit("t", f"t\n\n{team.line(5)}")
    report = team.report()
    assert told(report) == [(1, 1)]
    assert sorted(line.cost or 0 for one in report.open for line in one.lines) == [2 * USD, 5 * USD]


def test_foreign_and_damaged_lines_are_counted_apart(team: Team) -> None:
    bad = team.line(1).replace("~1 USD list", "about a dollar")
    team.commit(text=f"x\n\nAI-Cost: ~$3.20\n{bad}\n{team.line(1)}")
    report = team.report()
    assert (report.foreign_lines, len(report.damaged), report.list_cost) == (1, 1, USD)


def test_only_what_is_new_is_read_and_the_answer_is_that_of_an_empty_cache(team: Team, tmp_path: Path) -> None:
    team.commit(text=f"a (#1)\n\n{team.line(1)}")
    team.report()
    team.switch("-c", "x")
    team.commit("x", f"b\n\n{team.line(2)}")
    team.switch("main")
    team.merge("Merge pull request #2 from x", "x")
    again = team.report()
    fresh = make_report(team.path, tmp_path / "empty", ReportOptions())
    assert told(again) == told(fresh) == [(2, 2), (1, 1)]
    assert again.commits == fresh.commits == 3


def test_a_rewritten_history_forgets_what_is_no_longer_in_it(team: Team) -> None:
    base = team.commit(text=f"a (#1)\n\n{team.line(1)}")
    team.commit(text=f"b (#2)\n\n{team.line(2)}")
    team.report()
    team.git("reset", "-q", "--hard", base)
    team.commit(text=f"c (#3)\n\n{team.line(5)}")
    assert told(team.report()) == [(3, 5), (1, 1)]
    team.git("reset", "-q", "--hard", base)
    assert told(team.report()) == [(1, 1)]


def test_a_tip_that_was_merged_from_the_side_is_no_start_to_go_on_from(team: Team) -> None:
    """Someone merges main into a branch and pushes that as main: the first-parent line is another one now."""
    team.switch("-c", "x")
    team.commit("x", f"x\n\n{team.line(1)}")
    team.switch("main")
    team.commit("m", f"m\n\n{team.line(2)}")
    team.report()
    team.switch("x")
    team.merge("Merge main", "main")
    team.git("branch", "-q", "-f", "main", "x")
    assert [row.list_cost // USD for row in team.report().changes] == [2, 1]


def test_replaced_objects_are_read_as_they_are_and_grafts_and_the_cache_notices(team: Team) -> None:
    """Other clones do not have a replacement; a graft is how this history ends here, like a shallow one."""
    old = team.commit(text=f"a\n\n{team.line(1)}")
    tip = team.commit(text=f"b\n\n{team.line(2)}")
    assert team.report().list_cost == 3 * USD
    new = team.git("commit-tree", "-m", f"a\n\n{team.line(5)}", f"{old}^{{tree}}")
    team.git("replace", old, new)
    assert team.report().list_cost == 3 * USD
    assert make_report(team.path, team.cache, ReportOptions(all_refs=True)).list_cost == 3 * USD
    (team.path / ".git/info/grafts").write_text(f"{tip}\n")
    assert team.report().list_cost == 2 * USD


def test_all_refs_are_what_is_merged_and_what_is_not(team: Team) -> None:
    team.commit(text=f"a (#1)\n\n{team.line(1)}")
    team.switch("-c", "x")
    team.commit("x", f"b\n\n{team.line(2)}")
    team.git("notes", "add", "-m", team.line(10))
    team.switch("main")
    assert told(make_report(team.path, team.cache, ReportOptions(all_refs=True))) == [(None, 2), (1, 1)]


def test_a_bare_clone_and_a_worktree_and_a_subfolder_tell_the_same(team: Team, tmp_path: Path) -> None:
    team.commit("src/a", f"a (#1)\n\n{team.line(1)}")
    team.git("clone", "-q", "--bare", str(team.path), str(tmp_path / "bare.git"))
    team.git("worktree", "add", "-q", str(tmp_path / "linked"))
    for folder in (tmp_path / "bare.git", tmp_path / "linked", team.path / "src", team.path / ".git"):
        assert told(team.report(folder=folder)) == [(1, 1)]
    with pytest.raises(NotARepository):
        team.report(folder=tmp_path)


def test_a_shallow_clone_says_so_and_notices_when_it_is_deepened(team: Team, tmp_path: Path) -> None:
    for number in range(1, 4):
        team.commit(text=f"c (#{number})\n\n{team.line(number)}")
    shallow = tmp_path / "shallow"
    team.git("clone", "-q", "--depth=1", f"file://{team.path}", str(shallow))
    report = team.report(folder=shallow)
    assert told(report) == [(3, 3)]
    assert any("shallow" in note for note in report.notes)
    team.git("fetch", "-q", "--unshallow", cwd=shallow)
    assert told(team.report(folder=shallow)) == [(3, 3), (2, 2), (1, 1)]


@pytest.mark.parametrize("without", ["blob:none", "tree:0"])
def test_a_partial_clone_is_never_completed_by_a_question(team: Team, tmp_path: Path, without: str) -> None:
    for who in range(6):
        team.commit(f"src/{who}", f"c\n\n{team.line(2)}", by=who)
    team.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial.git"
    team.git("clone", "-q", "--bare", f"--filter={without}", f"file://{team.path}", str(partial))
    before = sorted(path.name for path in (partial / "objects").rglob("*"))
    report = team.report(folder=partial, groups=True)
    assert report.list_cost == 12 * USD
    assert "size" not in report.groups
    assert any("partial clone" in note for note in report.notes)
    assert sorted(path.name for path in (partial / "objects").rglob("*")) == before


def test_coverage_is_told_from_five_contributors_up(team: Team) -> None:
    for who in range(3):
        team.commit(text=f"c\n\n{team.line(1)}", by=who)
    assert team.report().coverage is None
    team.commit(by=4)
    team.commit(by=5)
    coverage = team.report().coverage
    assert coverage is not None
    assert (coverage.with_line, coverage.commits) == (3, 6)


def test_two_people_get_changes_and_a_total_and_no_groups(team: Team) -> None:
    for number in range(20):
        team.commit(f"{'ab'[number % 2]}/f", f"c (#{number + 1})\n\n{team.line(2)}", by=number % 2)
    report = team.report(groups=True)
    assert (len(report.changes), report.list_cost, report.groups) == (20, 40 * USD, {})


def six_people(team: Team) -> None:
    """Six people who spend alike in two areas and three releases."""
    for number in range(36):
        team.commit(f"{'ab'[number % 2]}/f", f"c (#{number + 1})\n\n{team.line(2)}", by=number // 2 % 6)
        if number in (11, 23):
            team.git("tag", f"v{number}")


def test_areas_are_top_folders_code_owning_teams_or_what_the_repository_says(team: Team) -> None:
    six_people(team)
    assert {cell.name: cell.list_cost // USD for cell in team.report(groups=True).groups["area"]} == {"a": 36, "b": 36}
    team.commit("CODEOWNERS", "/a/ @org/apes\n")
    (team.path / "CODEOWNERS").write_text("/a/ @org/apes\n/b/ @bob\n")
    team.git("commit", "-qam", "owners")
    assert {cell.name for cell in team.report(groups=True).groups["area"]} == {"org/apes", "b"}
    (team.path / ".tokcost.toml").write_text('[areas]\neverything = ["**"]\n')
    team.git("add", "-A")
    team.git("commit", "-qm", "areas")
    assert [cell.name for cell in team.report(groups=True).groups["area"]] == ["everything"]


def test_types_and_issues_are_those_of_subjects_branches_and_of_what_a_merge_brought(team: Team) -> None:
    six_people(team)
    assert set(team.report(groups=True).missing) == {"type", "issue"}
    for number in range(12):
        team.switch("-qc", f"fix/PAY-{number % 2 + 1}-x{number}")
        team.commit("b/f", f"Mend\n\n{team.line(2)}", by=number // 2)
        team.switch("-q", "main")
        team.merge(f"Merge branch 'fix/PAY-{number % 2 + 1}-x{number}'", f"fix/PAY-{number % 2 + 1}-x{number}")
    for number in range(12):
        team.switch("-qc", f"ann/x{number}")
        team.commit("a/f", f"feat: add (#{number + 500})\n\nCloses #7, PAY-1\n\n{team.line(2)}", by=number % 6)
        team.switch("-q", "main")
        team.merge(f"Merge branch 'ann/x{number}'", f"ann/x{number}")
    report = team.report(groups=True)
    assert {cell.name: cell.list_cost // USD for cell in report.groups["type"]} == {
        "(no type)": 72, "fix": 24, "feat": 24,
    }  # fmt: skip
    assert {cell.name: cell.list_cost // USD for cell in report.groups["issue"]} == {
        "(no issue)": 72, "#7": 12, "PAY-1": 24, "PAY-2": 12,
    }  # fmt: skip
    text = plain(report_lines(report, "issue", None, False))
    assert "split among them in equal parts" in text


def test_a_repository_names_its_types_and_a_wrong_word_is_said(team: Team) -> None:
    six_people(team)
    for number in range(12):
        team.commit("a/f", f"[BUG] c{number}\n\n{team.line(2)}", by=number % 6)
    (team.path / ".tokcost.toml").write_text('[types]\nbug = "[bug]*"\n')
    team.commit("x", "Say what bugs are")
    assert {cell.name for cell in team.report(groups=True).groups["type"]} == {"(no type)", "bug"}
    (team.path / ".tokcost.toml").write_text("[types]\nbug = 5\n")
    team.commit("x", "Say it wrongly")
    with pytest.raises(SettingsDamaged, match=r"types\.'bug'"):
        team.report(groups=True)


def test_rework_is_told_of_changes_whose_lines_did_not_stay(team: Team) -> None:
    for number in range(3):
        team.commit(f"f{number}", f"c{number} (#{number + 1})\n\n{team.line(2)}")
    team.commit("f0", "Write it anew")
    report = make_report(team.path, team.cache, ReportOptions(rework=21))
    assert [change.rework for change in report.changes] == [Rework(5, 0), Rework(5, 0), Rework(5, 5)]
    assert report.reworked == Reworked(21, 1, 2 * USD, 2)
    text = plain(report_lines(report, None, None, False))
    assert "changed again within 21 days: ~$2.00 list, 1 change of which at least half of the lines" in text
    assert "2 changes younger than that" in text
    assert "100% changed again" in text
    assert "does not measure productivity" in text
    assert '"is_most": true' in "".join(report_json(report))
    assert report_csv(report, None).splitlines()[-1].endswith(",5,5")
    assert "100% changed again" in report_markdown(report, None)
    assert "changed again within 21 days" in report_page(report)


def test_rework_of_a_partial_clone_is_not_told(team: Team, tmp_path: Path) -> None:
    team.commit("f", f"c\n\n{team.line(2)}")
    team.commit("f", "Write it anew")
    team.git("config", "uploadpack.allowFilter", "true")
    team.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{team.path}", str(tmp_path / "partial"))
    report = make_report(tmp_path / "partial", team.cache, ReportOptions(rework=21))
    assert (report.reworked, report.changes[0].rework) == (None, None)
    assert any("lines were changed again" in note for note in report.notes)


def test_what_two_ranges_differ_by_is_what_the_changes_between_say_themselves(team: Team) -> None:
    """The limit that no single run can hold, as the README tells it: a subtraction gives changes, and never more."""
    six_people(team)
    shorter, longer = team.report("main~1", groups=True), team.report("main", groups=True)
    (between,) = {row.commit: row for row in longer.changes}.keys() - {row.commit for row in shorter.changes}
    (row,) = (row for row in longer.changes if row.commit == between)
    for grouping, cells in longer.groups.items():
        before = {cell.name: cell.list_cost for cell in shorter.groups[grouping]}
        differences = [cell.list_cost - before.get(cell.name, 0) for cell in cells]
        assert [one for one in differences if one] == [row.list_cost]


def test_every_grouping_adds_up_to_the_total(team: Team) -> None:
    six_people(team)
    report = team.report(groups=True)
    assert {"area", "tag", "month"} <= report.groups.keys()
    for cells in report.groups.values():
        assert sum(cell.list_cost for cell in cells) == report.list_cost
        assert sum(cell.tokens for cell in cells) == report.tokens
    assert [cell.name for cell in report.groups["tag"]] == ["(unreleased)", "v11", "v23"]


def test_eight_people_get_a_trend_by_week_and_the_reason_why_weeks_are_joined(team: Team) -> None:
    """Four of them have a change in each week, so that no week alone may be shown."""
    start = team.now
    for number in range(40):
        week, at = divmod(number, 4)
        team.now = start + week * 7 * 86_400 + at * 3600
        team.commit(text=f"c (#{number + 1})\n\n{team.line(2)}", by=(number + week // 2) % 8)
    report = team.report(groups=True)
    weeks = report.groups["week"]
    assert len(weeks) >= 3
    assert sum(cell.list_cost for cell in weeks) == report.list_cost
    assert [cell.name for cell in weeks] == sorted(cell.name for cell in weeks)
    assert sum(cell.periods for cell in weeks) == 10
    text = plain(report_lines(report, "week", None, decorated=False))
    assert " to 20" in text
    assert "PER WEEK" in text
    assert "weeks are ISO 8601 weeks, Monday to Sunday, in UTC" in text
    assert "what one person spent; a row needs 5 contributors, none of whom stands out." in text
    assert "`contributors` in [report] of the repository's .tokcost.toml (5 here; 3 at least, 5 unless set)" in text
    assert "(other)" not in text


def test_addresses_of_one_person_are_one_contributor_by_mailmap_or_by_name(team: Team) -> None:
    for number in range(24):
        who, mail = ("ann", "ann@home") if number % 5 == 4 else (f"p{number % 5}", f"p{number % 5}@x")
        team.now += 60
        (team.path / "f").write_text(f"{number}")
        team.git("add", "-A")
        team.git("commit", "-qm", f"c\n\n{team.line(2)}", GIT_AUTHOR_NAME=who, GIT_AUTHOR_EMAIL=mail)
    assert team.report(groups=True).groups
    team.commit(".mailmap", "map")
    (team.path / ".mailmap").write_text("p0 <p0@x> <ann@home>\n")
    assert team.report(groups=True).groups == {}


def test_a_repository_cannot_ask_for_less_than_three_contributors(team: Team) -> None:
    (team.path / ".tokcost.toml").write_text("[report]\ncontributors = 2\n")
    team.git("add", "-A")
    team.git("commit", "-qm", "policy")
    with pytest.raises(SettingsDamaged, match="from 3 to"):
        team.report()


def test_the_cache_is_private_and_holds_no_person_path_or_message(team: Team) -> None:
    team.commit("secret-path/f", f"secret-subject\n\nsecret-body\n\n{team.line(1)}")
    team.report(groups=True)
    file = team.cache / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    data = file.read_bytes()
    for word in (b"secret", b"ann", b"x.org"):
        assert word not in data.replace(os.fsencode(team.path), b"")


@pytest.mark.parametrize("damage", [b"no database at all" * 100, b""])
def test_a_damaged_cache_is_made_again(team: Team, damage: bytes) -> None:
    team.commit(text=f"a\n\n{team.line(1)}")
    team.report()
    (team.cache / FILE_NAME).write_bytes(damage)
    assert team.report().list_cost == USD
    with closing(sqlite3.connect(team.cache / FILE_NAME)) as db:
        assert db.execute("SELECT count(*) FROM carrier").fetchone() == (1,)


def test_where_no_cache_can_be_written_the_answer_is_the_same(team: Team) -> None:
    team.commit(text=f"a\n\n{team.line(1)}")
    team.cache.write_text("a file in the way")
    assert team.report().list_cost == USD


@pytest.mark.parametrize("text", ["no-such-branch", "a..b", "--all", "--output=x", "HEAD^{tree}"])
def test_a_range_that_git_does_not_know_is_a_sentence(team: Team, text: str) -> None:
    with pytest.raises(UsageError):
        team.report(text)


def test_a_grouping_of_which_history_says_nothing_is_missing_and_not_withheld(team: Team) -> None:
    for number in range(12):
        team.commit("f", f"c\n\n{team.line(2)}", by=number % 6)
    report = team.report(groups=True)
    assert "tag" not in report.groups
    assert report.missing["tag"] == "No release tag lies on this history."


def test_a_message_that_is_no_utf8_is_read_and_kept_like_any_other(team: Team) -> None:
    name = os.fsdecode(b"mod\xe9l")
    message = f"\xe4 (#1)\n\n{team.line(1, model=name)}\n{team.line(1).replace('USD', name)}"
    file = team.path.parent / "message"
    file.write_bytes(os.fsencode(message))
    team.git("-c", "i18n.commitEncoding=utf-8", "commit", "-q", "--allow-empty", "-F", str(file))
    first, again = team.report(), team.report()
    assert told(first) == told(again) == [(1, 1)]
    assert first.damaged == again.damaged
    assert len(first.damaged) == 1


def plumbed(team: Team, message: str, when: str, parent: str = "HEAD") -> str:
    """A commit on top of the branch whose maker wrote its time by hand."""
    tree, base = team.git("rev-parse", f"{parent}^{{tree}}"), team.git("rev-parse", parent)
    file = team.path.parent / "commit"
    file.write_text(f"tree {tree}\nparent {base}\nauthor x <x@x.org> {when}\ncommitter x <x@x.org> {when}\n\n{message}")
    commit = team.git("hash-object", "-t", "commit", "-w", "--literally", str(file))
    team.git("update-ref", "refs/heads/main", commit)
    return commit


@pytest.mark.few
@pytest.mark.parametrize(
    ("when", "seconds"),
    [
        *(("-5 +0000", 0), ("", 0), ("x", 0), ("253402300800 +0000", 2**32 - 1), ("9" * 19 + " +0000", 2**32 - 1)),
        ("99999999999999999999 +0000", 2**32 - 1),
    ],
)
def test_a_commit_of_an_impossible_time_is_reported_at_the_first_or_last_that_there_is(
    team: Team, when: str, seconds: int
) -> None:
    team.commit(text=f"a\n\n{team.line()}")
    plumbed(team, f"b\n\n{team.line()}\n", when)
    report = team.report(groups=True)
    assert report.changes[0].title.time == seconds
    assert report.list_cost == 2 * USD


@pytest.mark.few
@pytest.mark.parametrize("character", ["\u2028", "\u0085", "\u2029"])
def test_a_ref_whose_name_has_a_line_end_of_unicode_is_a_ref_like_any_other(team: Team, character: str) -> None:
    team.commit(text=f"a\n\n{team.line()}")
    team.git("branch", f"feat{character}x")
    team.git("tag", f"v1{character}")
    assert team.report(groups=True).list_cost == USD


def test_a_history_of_hostile_messages_is_reported_beside_the_right_ones(team: Team) -> None:
    team.commit(text=f"before (#7)\n\n{team.line(1)}")
    for message in hostile_history.messages(24):
        team.commit(text=message)
    team.commit(text=f"after (#8)\n\n{team.line(2)}")
    first, again = team.report(groups=True), team.report(groups=True)
    assert told(first) == told(again) == [(8, 2), (7, 1)]
    assert sorted(first.damaged) == sorted(again.damaged)
    assert (first.foreign_lines, len(first.damaged)) == (again.foreign_lines, len(again.damaged))
    assert len(first.damaged) >= 10


@pytest.mark.slow
def test_a_request_that_thousands_of_commits_take_back_is_found_in_time(team: Team) -> None:
    """A time that grows with the square of their number would be felt here."""
    team.commit(text=f"first (#1)\n\n{team.line(1)}")
    folder = team.path.parent / "theirs.git"
    hostile_history.make(folder, ["again (#1)\n\nThis reverts #1" for _ in range(8000)], seconds=team.now)
    team.git("fetch", "-q", str(folder), "main")
    team.git("merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "Merge theirs", "FETCH_HEAD")
    assert told(team.report("FETCH_HEAD")) == []
    assert team.report().list_cost == USD


def test_all_is_every_branch_and_tag_and_no_ref_that_another_tool_keeps_to_itself(team: Team) -> None:
    for dollars, ref in (
        (1, "refs/heads/open"),
        (2, "refs/remotes/origin/open"),
        (4, "refs/tags/v1"),
        (8, "refs/jj/keep/x"),
        (16, "refs/stash"),
        (32, "refs/original/refs/heads/main"),
    ):
        commit = team.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", f"work\n\n{team.line(dollars)}")
        team.git("update-ref", ref, commit.strip())
    report = make_report(team.path, team.cache, ReportOptions(all_refs=True))
    assert sum(change.list_cost for change in report.changes) == 7 * USD
