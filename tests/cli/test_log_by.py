"""`tokcost log --by`: periods in a time zone, sessions that `assign` takes, all repositories in one table."""

import csv
import json
import os
from collections import Counter
from datetime import datetime
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from support.claude_lines import assistant, write
from support.git_sandbox import GitSandbox
from support.terminal import piped

ONE = 4 + 10_000 + 500 + 700 + 200
"""Tokens of one reply."""

MOMENTS = {
    "2025-12-28T12:00:00Z": "s-a",  # Sunday of 2025-W52
    "2025-12-29T12:00:00Z": "s-a",  # Monday of 2026-W01
    "2026-03-28T22:59:59.999Z": "s-b",  # in Berlin the last of the 28th
    "2026-03-28T23:00:00Z": "s-b",  # midnight there; a day of 23 hours begins
    "2026-03-29T21:59:59.999Z": "s-b",
    "2026-03-29T22:00:00Z": "s-b",
    "2026-10-24T21:59:59.999Z": "0199c0de-1111-7000-8000-000000000001",
    "2026-10-24T22:00:00Z": "0199c0de-1111-7000-8000-000000000001",  # a day of 25 hours begins
    "2026-10-25T22:59:59.999Z": "0199c0de-1111-7000-8000-000000000001",
    "2026-10-25T23:00:00Z": "0199c0de-2222-7000-8000-000000000002",
}
ELSEWHERE = {"2026-10-25T12:00:00Z": "0199c0de-2222-7000-8000-000000000002", "2026-11-02T12:00:00Z": "s-c"}
OUTSIDE = {"2026-11-03T12:00:00Z": "s-d"}


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class Home:
    """Two repositories and a folder in none, in which an assistant worked at known moments."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.one, self.other = GitSandbox(path / "one"), GitSandbox(path / "other")
        for number, (folder, moments) in enumerate(
            ((path / "one", MOMENTS), (path / "other", ELSEWHERE), (path / "outside", OUTSIDE))
        ):
            folder.mkdir(exist_ok=True)
            for at, (moment, session) in enumerate(moments.items()):
                name = f"msg_{number}_{at}"
                line = assistant(name, f"req_{name}", ms(moment), cwd=str(folder), sessionId=session, gitBranch="main")
                write(path / f"home/.claude/projects/p/{name}.jsonl", line)
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self.environ = kept | {"HOME": str(path / "home"), "TOKCOST_HOME": str(path / "ledger"), "TZ": "UTC"}

    def runs(self, *words: str, cwd: Path | None = None, **more: str) -> "CompletedProcess[str]":
        return piped(list(words), cwd or self.one.path, self.environ | more)

    def tokens(self, *words: str, TZ: str = "UTC") -> dict[str, int]:
        """Tokens by what was asked for, from CSV, in units of one reply."""
        done = self.runs("log", "--csv", *words, TZ=TZ)
        assert (done.returncode, done.stderr) == (0, "")
        by = words[words.index("--by") + 1]
        found = Counter[str]()
        for row in csv.DictReader(StringIO(done.stdout)):
            assert int(row["tokens"]) % ONE == 0
            found[row[by]] += int(row["tokens"]) // ONE
        return dict(found)

    def json(self, *words: str) -> Any:
        return json.loads(self.runs("log", "--json", *words).stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


def test_days_are_those_of_the_zone_that_is_named_also_where_clocks_change(home: Home) -> None:
    assert home.tokens("--by", "day", "--timezone", "Europe/Berlin") == {
        "2025-12-28": 1, "2025-12-29": 1,
        "2026-03-28": 1, "2026-03-29": 2, "2026-03-30": 1,
        "2026-10-24": 1, "2026-10-25": 2, "2026-10-26": 1,
    }  # fmt: skip


def test_without_a_zone_days_are_those_of_this_machine(home: Home) -> None:
    named = home.tokens("--by", "day", "--timezone", "Asia/Kolkata")
    assert home.tokens("--by", "day", TZ="Asia/Kolkata") == named
    assert home.tokens("--by", "day", TZ="Europe/Berlin") == home.tokens("--by", "day", "--timezone", "Europe/Berlin")
    assert home.tokens("--by", "day") == home.tokens("--by", "day", "--timezone", "UTC", TZ="Asia/Kolkata")


def test_a_zone_whose_clocks_change_by_half_an_hour_is_right_too(home: Home) -> None:
    """Lord Howe Island: UTC+11 in summer, +10:30 in winter."""
    days = home.tokens("--by", "day", "--timezone", "Australia/Lord_Howe")
    assert (days["2026-10-25"], days["2026-10-26"]) == (2, 2)
    assert sum(days.values()) == len(MOMENTS)


def test_a_week_is_one_of_iso_8601_and_says_so(home: Home) -> None:
    weeks = home.tokens("--by", "week")
    assert (weeks["2025-W52"], weeks["2026-W01"]) == (1, 1)
    assert sum(weeks.values()) == len(MOMENTS)
    assert (
        "weeks are ISO 8601 weeks, Monday to Sunday, in this machine's time zone"
        in home.runs("log", "--by", "week").stdout
    )
    zoned = home.runs("log", "--by", "week", "--timezone", "Asia/Tokyo").stdout
    assert "Monday to Sunday, in the time zone Asia/Tokyo" in zoned


def test_months_add_up_their_days(home: Home) -> None:
    assert home.tokens("--by", "month") == {"2025-12": 2, "2026-03": 4, "2026-10": 4}


def test_a_table_by_time_holds_everything_and_closes(home: Home) -> None:
    text = home.runs("log", "--by", "month").stdout
    assert text.splitlines()[0].split() == ["MONTH", "LIST", "COST", "TOKENS"]
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ["2025-12", "2026-03", "2026-10"]
    assert f"{ONE * len(MOMENTS):,} tokens" in text
    assert "months $" in text


def test_since_and_until_mean_days_of_the_zone(home: Home) -> None:
    span = ("--since", "2026-10-25", "--until", "2026-10-25", "--timezone", "Europe/Berlin", "--by", "day")
    assert home.tokens(*span) == {"2026-10-25": 2}
    assert home.tokens(*span, TZ="Asia/Tokyo") == {"2026-10-25": 2}
    assert home.tokens("--since", "2026-10-24 22:00", "--until", "2026-10-25", "--timezone", "UTC", "--by", "day") == {
        "2026-10-24": 1,
        "2026-10-25": 2,
    }


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("berlin", "Did you mean Europe/Berlin?"),
        ("Europe", ""),
        ("Mars/Olympus_Mons", ""),
        ("New York", "America/New_York"),
        ("../../etc/passwd", ""),
        ("", ""),
        ("Europe/Berlin\n", ""),
    ],
)
def test_a_zone_that_does_not_exist_is_a_sentence(home: Home, name: str, hint: str) -> None:
    done = home.runs("log", "--by", "day", "--timezone", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a time zone" in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_json_has_the_periods_that_were_asked_for_of_branches_and_of_what_is_unplaced(home: Home) -> None:
    shown = home.json("--by", "week", "--timezone", "Asia/Tokyo")
    assert shown["timezone"] == "Asia/Tokyo"
    parts = [*shown["branches"], shown["unplaced"]]
    found = Counter[str]()
    for part in parts:
        for week, figures in part.get("weeks", {}).items():
            found[week] += figures["usage"]
        assert "days" not in part
    assert sum(found.values()) == len(MOMENTS)
    assert home.json("--by", "day")["timezone"] is None
    assert "timezone" not in home.json()


def test_sessions_are_listed_by_ids_that_assign_takes(home: Home, tmp_path: Path) -> None:
    fresh = Home(tmp_path)
    lines = fresh.runs("log", "--by", "session").stdout.splitlines()
    assert lines[0].split()[0] == "SESSION"
    ids = [line.split()[0] for line in lines[1:] if line and "=" not in line][:4]
    assert ids == ["0199c0de-2", "0199c0de-1", "s-b", "s-a"]
    assert "`tokcost assign BRANCH --session ID`" in "\n".join(lines)
    fresh.one.commit()
    fresh.one.git("branch", "elsewhere")
    moved = fresh.runs("assign", "elsewhere", "--session", ids[1])
    assert moved.stdout.startswith("3 responses ")
    assert fresh.tokens("--by", "session") == home.tokens("--by", "session")
    branches = fresh.json("--by", "session")["sessions"][1]["branches"]
    assert {name: one["usage"] for name, one in branches.items()} == {"elsewhere": 3}


def test_a_beginning_that_several_sessions_share_moves_none_of_them(home: Home) -> None:
    home.one.commit()
    home.one.git("branch", "-f", "elsewhere")
    before = home.json()["branches"]
    done = home.runs("assign", "elsewhere", "--session", "0199c0de")
    assert done.returncode == 2
    assert "2 sessions begin with 0199c0de" in done.stderr
    assert "0199c0de-1111-7000-8000-000000000001" in done.stderr
    assert home.json()["branches"] == before


def test_the_whole_id_of_a_session_means_it_alone_although_another_one_begins_like_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number, session in enumerate(("s-b-more", "s-b")):
        line = assistant(f"m{number}", f"r{number}", ms("2026-10-01T12:00:00Z"), cwd=str(home.one.path),
                         sessionId=session, gitBranch="main")  # fmt: skip
        write(home.path / f"home/.claude/projects/p/more{number}.jsonl", line)
    home.one.commit()
    home.one.git("branch", "elsewhere")
    assert home.runs("assign", "elsewhere", "--session", "s-b").stdout.startswith("5 responses ")


def test_no_session_is_named_by_nothing(home: Home) -> None:
    done = home.runs("assign", "main", "--session", "")
    assert (done.returncode, done.stdout) == (2, "")


def test_json_and_csv_name_sessions_in_full(home: Home) -> None:
    assert home.tokens("--by", "session") == {
        "s-a": 2,
        "s-b": 4,
        "0199c0de-1111-7000-8000-000000000001": 3,
        "0199c0de-2222-7000-8000-000000000002": 1,
    }
    rows = home.json("--by", "session")["sessions"]
    assert [row["session"] for row in rows][:1] == ["0199c0de-2222-7000-8000-000000000002"]
    assert {row["assistant"] for row in rows} == {"claude-code"}
    assert "sessions" not in home.json()


def test_one_branch_by_session_lists_the_sessions_of_that_branch_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.one.commit()
    home.one.git("branch", "elsewhere")
    home.runs("log")
    home.runs("assign", "elsewhere", "--session", "s-b")
    lines = home.runs("log", "elsewhere", "--by", "session").stdout.splitlines()
    assert lines[lines.index("") + 2].split()[0] == "s-b"
    assert "s-a" not in "\n".join(lines)


def test_all_repositories_share_one_table_by_time(home: Home) -> None:
    text = home.runs("log", "--all-repos", "--by", "month").stdout
    assert text.count("MONTH") == 1
    assert "repository " not in text
    total = len(MOMENTS) + len(ELSEWHERE) + len(OUTSIDE)
    assert f"{ONE * total:,} tokens" in text
    assert [line.split()[0] for line in text.splitlines()[1:5]] == ["2025-12", "2026-03", "2026-10", "2026-11"]


def test_a_session_that_worked_in_two_repositories_is_one_row_of_the_common_table(home: Home) -> None:
    lines = home.runs("log", "--all-repos", "--by", "session").stdout.splitlines()
    assert sum(line.startswith("0199c0de-2 ") for line in lines) == 1
    assert sum(line.startswith("s-") for line in lines) == 4


def test_a_total_for_each_repository_comes_on_request(home: Home) -> None:
    text = home.runs("log", "--all-repos", "--by", "month", "--per-repo").stdout
    assert text.count("MONTH") == 3
    assert f"repository {home.one.path}\n" in text
    assert "all repositories $" in text
    rows = home.runs("log", "--all-repos", "--by", "repository").stdout.splitlines()
    assert rows[0].split()[0] == "REPOSITORY"
    assert {row.split("  ")[0] for row in rows[1:4]} == {
        str(home.one.path), str(home.other.path), "(no repository)"
    }  # fmt: skip
    assert home.tokens("--all-repos", "--by", "repository") == {
        str(home.one.path): len(MOMENTS), str(home.other.path): len(ELSEWHERE), "(no repository)": len(OUTSIDE),
    }  # fmt: skip


def test_per_repo_alone_says_what_it_is_for(home: Home) -> None:
    assert "--per-repo is for --all-repos with --by" in home.runs("log", "--per-repo").stderr
