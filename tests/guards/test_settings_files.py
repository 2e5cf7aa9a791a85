"""Settings of assistants as people leave them: a guard goes in and out to the byte, or a sentence says why not."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from support.tables import few
from tokcost.errors import EnvironmentProblem
from tokcost.guards.json_text import beyond_json
from tokcost.services.install_guard import check_guards, install_guard, installed, plan_install, uninstall_guard

PLACES = {
    "claude-code": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini-cli": ".gemini/settings.json",
    "copilot-cli": ".copilot/hooks/tokcost-guard.json",
    "opencode": ".config/opencode/plugin/tokcost-guard.js",
}
IN_A_DOCUMENT = ("claude-code", "codex", "gemini-cli")
READS = {"claude-code": "a mark", "codex": "", "gemini-cli": "a comment"}
"""What each of them reads beside JSON: it was run with each."""

PLAIN: dict[str, bytes] = {
    "empty": b"",
    "only a line end": b"\n",
    "only blanks": b" \t\r\n\r\n",
    "only a mark of the byte order": b"\xef\xbb\xbf",
    "braces": b"{}",
    "braces and a line end": b"{}\n",
    "blank braces": b"{ \n\n }",
    "no line end": b'{"model": "x"}',
    "CRLF": b'{\r\n  "model": "x",\r\n  "hooks": {\r\n    "Stop": []\r\n  }\r\n}\r\n',
    "CR alone": b'{\r  "model": "x"\r}',
    "tabs": b'{\n\t"model": "x"\n}',
    "a slash in a text": b'{"url": "https://x/*y*/", "z": "a\\"// b", "w": ",]"}',
    "others beside": b'{"hooks": {"PreToolUse": [ {"matcher":"Bash","hooks":[]} ], "Other": [ ] } }\n\n',
    "not ASCII": '{"name": "Zo\u00eb \U0001f600"}'.encode(),
}
MORE: dict[str, bytes] = {
    "a mark of the byte order": b'\xef\xbb\xbf{\n  "model": "x"\n}\n',
    "a mark before a line": b'\xef\xbb\xbf{"model": "x"}',
    "a comment": b'{\n  // mine\n  "model": "x" // and behind\n}\n',
    "a comment that is all": b"{\n  // nothing yet\n}\n",
    "a comment at the end": b'{"model": "x"}\n// that is all',
    "a comment of some lines": b'{\r\n  /* mine,\r\n  {"a": 1} */ "hooks": { /* none */ }\r\n}',
    "the last comma": b'{\n  "model": "x",\n}\n',
    "the last commas": b'{"hooks": {"PreToolUse": [{"hooks": [],},],},}',
    "the last comma before a comment": b'{\n  "model": "x", // mine\n}',
}


class Person:
    """Somebody with a home folder and settings of an assistant."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.ledger = name, folder / "ledger"
        self.environ = {"HOME": str(folder / "home")}
        self.path = folder / "home" / PLACES[name]
        self.path.parent.mkdir(parents=True)

    def install(self) -> str:
        """Install the guard; the settings with it."""
        install_guard(self.ledger, plan_install(self.ledger, self.environ, self.name, blocks=True))
        assert [one.guard.name for one in installed(self.ledger)] == [self.name]
        return self.path.read_bytes().decode()

    def uninstall(self) -> None:
        """Take it out."""
        uninstall_guard(self.ledger, self.environ, self.name)
        assert installed(self.ledger) == []

    def refused(self) -> EnvironmentProblem:
        """Install it where that must not change anything."""
        before = self.path.read_bytes()
        with pytest.raises(EnvironmentProblem) as raised:
            self.install()
        assert self.path.read_bytes() == before
        assert installed(self.ledger) == []
        return raised.value


@pytest.fixture
def person(tmp_path: Path, request: pytest.FixtureRequest) -> Person:
    return Person(tmp_path, request.param)


def events(text: str) -> Any:
    """The hooks in settings that any JSON reader understands."""
    return json.loads(text.removeprefix("\ufeff"))["hooks"]


@pytest.mark.parametrize("case", PLAIN)
@pytest.mark.parametrize("person", IN_A_DOCUMENT, indirect=True)
def test_settings_of_every_layout_have_the_guard_and_are_the_same_to_the_byte_without_it(
    person: Person, case: str
) -> None:
    data = PLAIN[case]
    person.path.write_bytes(data)
    text = person.install()
    assert sum("guard check" in json.dumps(value) for value in events(text).values()) == 2
    assert ("\r\n" in text) == (b"\r\n" in data and data.strip() != b"")
    person.uninstall()
    assert person.path.read_bytes() == data


@pytest.mark.parametrize("case", MORE)
@pytest.mark.parametrize("person", IN_A_DOCUMENT, indirect=True)
def test_what_json_has_not_stays_where_the_assistant_reads_it_and_is_named_where_not(person: Person, case: str) -> None:
    data = MORE[case]
    person.path.write_bytes(data)
    if READS[person.name] and case.startswith(READS[person.name]):
        text = person.install()
        assert text.count("guard check") == 2
        for comment in re.findall(r"//.*|/\*[^/]*/", data.decode()):
            assert comment.strip() in text
        person.uninstall()
        assert person.path.read_bytes() == data
        return
    problem = person.refused()
    assert str(problem).startswith(f"{person.path} was not changed: it has a ")
    assert " in line " in str(problem) or "(BOM)" in str(problem)
    assert problem.hint.startswith("Repair it and run the command again, or add the hooks of ")
    assert set(json.loads(problem.hint.partition("by hand: ")[2])) == {"hooks"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{\n  "model": "x"\n  "hooks": {}\n}', "it is not JSON: expecting ',' delimiter in line 3"),
        (b"{", "it is not JSON"),
        (b"[]", "the file is not an object (line 1)"),
        (b"{}\n{}", "there is text after its end in line 2"),
        (b'{\n"hooks": []}', "hooks is not an object (line 2)"),
        (b'{"hooks": 5}', "hooks is not an object (line 1)"),
        (b"null", "the file is not an object (line 1)"),
        (b'{"a": "' + b"\xff\xfe" + b'"}', "it is not UTF-8 (byte 7)"),
        (b"\xff\xfe{\0}\0", "it is not UTF-8 (byte 0)"),
        (b'{"a": ' + b"[" * 100_000, "it is nested too deeply"),
    ],
)
@pytest.mark.parametrize("person", IN_A_DOCUMENT, indirect=True)
def test_broken_settings_are_left_alone_with_file_reason_and_way_on(person: Person, data: bytes, said: str) -> None:
    person.path.write_bytes(data)
    problem = person.refused()
    assert f"{person.path} was not changed: " in str(problem)
    assert said in str(problem)
    assert problem.hint


@pytest.mark.parametrize("person", PLACES, indirect=True)
def test_a_folder_in_the_place_of_settings_is_named(person: Person) -> None:
    person.path.mkdir()
    with pytest.raises(EnvironmentProblem, match="cannot be read: it is not a regular file") as raised:
        person.install()
    assert raised.value.hint == f"Run `ls -l {person.path}` to see what it is and who may read it."


@pytest.mark.parametrize("data", [b"", b'{"model": "x"}'])
@pytest.mark.parametrize("person", IN_A_DOCUMENT, indirect=True)
def test_a_link_stays_a_link_and_what_it_leads_to_is_the_same_again(
    person: Person, data: bytes, tmp_path: Path
) -> None:
    kept = tmp_path / "dotfiles.json"
    kept.write_bytes(data)
    kept.chmod(0o640)
    person.path.symlink_to(kept)
    person.install()
    assert "guard check" in kept.read_text()
    person.uninstall()
    assert (person.path.is_symlink(), kept.read_bytes(), kept.stat().st_mode & 0o777) == (True, data, 0o640)


@pytest.mark.parametrize("person", IN_A_DOCUMENT, indirect=True)
def test_a_link_that_leads_nowhere_leads_nowhere_again(person: Person, tmp_path: Path) -> None:
    person.path.symlink_to(tmp_path / "dotfiles" / "settings.json")
    person.install()
    person.uninstall()
    assert (os.readlink(person.path), person.path.exists()) == (str(tmp_path / "dotfiles/settings.json"), False)
    assert not (tmp_path / "dotfiles").exists()


@pytest.mark.parametrize("person", PLACES, indirect=True)
def test_settings_that_are_read_only_are_refused_both_ways(person: Person) -> None:
    person.path.write_bytes(b"")
    person.path.chmod(0o444)
    assert str(person.refused()) == f"{person.path} is read-only"
    person.path.chmod(0o644)
    person.install()
    person.path.chmod(0o444)
    with pytest.raises(EnvironmentProblem, match="is read-only"):
        person.uninstall()
    person.path.chmod(0o644)
    person.uninstall()
    assert person.path.read_bytes() == b""


@pytest.mark.parametrize("person", ["copilot-cli", "opencode"], indirect=True)
def test_a_file_of_the_guards_own_that_somebody_else_wrote_is_left_alone(person: Person) -> None:
    person.path.write_bytes(b"{}\n")
    assert str(person.refused()) == f"{person.path} already exists, and tokcost did not write it"
    person.path.write_bytes(b"\n")
    person.install()
    person.uninstall()
    assert person.path.read_bytes() == b"\n"


@pytest.mark.parametrize("person", ["claude-code"], indirect=True)
def test_what_was_added_to_an_empty_file_since_stays(person: Person) -> None:
    person.path.write_bytes(b"")
    told = json.loads(person.install())
    person.path.write_text(json.dumps({**told, "model": "x"}))
    person.uninstall()
    assert json.loads(person.path.read_text())["model"] == "x"
    assert "guard check" not in person.path.read_text()


GUARD = '{"claude-code": {"path": "/x", "pieces": ["a"], "whole": null, "blank": null, "folders": []}}'
BROKEN = {
    "no JSON": "{",
    "not UTF-8": "\udcff",
    "deep": "[" * 100_000,
    "a list": "[1, 2]",
    "a number": "3",
    "nothing": "null",
    "a guard that is a number": '{"claude-code": 3}',
    "a guard that is a list": '{"claude-code": []}',
    "a guard of another program": '{"other": 3}',
    "no path": GUARD.replace('"path"', '"file"'),
    "a path that is none": GUARD.replace('"/x"', "7"),
    "pieces that are a text": GUARD.replace('["a"]', '"a"'),
    "pieces that are numbers": GUARD.replace('["a"]', "[1]"),
    "a file that is a list": GUARD.replace('"whole": null', '"whole": ["a"]'),
    "folders that are none": GUARD.replace('"folders": []', '"folders": 3'),
}


@pytest.mark.parametrize("person", ["claude-code"], indirect=True)
@pytest.mark.parametrize("how", few(BROKEN, 5))
def test_a_record_that_cannot_be_understood_is_named_with_the_way_on(person: Person, how: str) -> None:
    person.ledger.mkdir(mode=0o700)
    (person.ledger / "guards.json").write_text(BROKEN[how], errors="surrogateescape")
    for ask in (person.install, person.uninstall):
        with pytest.raises(EnvironmentProblem) as raised:
            ask()
        assert "guards.json cannot be parsed" in str(raised.value)
        assert raised.value.hint.startswith("Rename or remove it")
    (check,) = check_guards(person.ledger, person.environ)
    assert (check.finding, "guards.json cannot be parsed" in check.found) == (True, True)
    (person.ledger / "guards.json").write_text(GUARD)
    assert check_guards(person.ledger, person.environ) == []


@pytest.mark.parametrize("text", ['{"a": ' + '"\\"' * 60_000, "/*" * 60_000, "," * 120_000, '{"a": "' + "\\" * 120_001])
def test_hostile_settings_take_time_by_their_length_alone(text: str) -> None:
    beyond_json(text)
