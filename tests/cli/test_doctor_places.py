"""`tokcost doctor` and the many places of assistants that were never used: the first one, all where that is asked."""

import json
import os
from pathlib import Path

from support import warm
from tokcost.readers.cline_family.reader import ClineReader


def doctor(home: Path, *words: str) -> str:
    environ = {"HOME": str(home), "TOKCOST_HOME": str(home / "t"), "PATH": os.environ["PATH"]}
    done = warm.tokcost("doctor", *words, cwd=home, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def row(text: str) -> str:
    return next(line for line in text.splitlines() if line.split()[:1] == ["cline"])


def test_of_places_that_are_not_there_the_first_is_named_and_all_where_that_is_asked(tmp_path: Path) -> None:
    places = [location.path for location in ClineReader().locations({"HOME": str(tmp_path)})]
    assert row(doctor(tmp_path)).split(maxsplit=1)[1] == (
        f"~/.cline/data/sessions and {len(places) - 1} other places: not found"
    )
    every = f"{', '.join(places)}: not found"
    assert every in row(doctor(tmp_path, "--verbose"))
    found = json.loads(doctor(tmp_path, "--json"))["parts"]["logs"]
    assert next(one["found"] for one in found if one["subject"] == "cline") == every
