"""Histories in other encodings, and in clones that lack a part: read as they are, shown as UTF-8, never completed."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from support.git_sandbox import GitSandbox
from support.tables import few
from support.terminal import piped
from tokcost.repo.history import Range, find_repository, read_authors, some_authors

PEOPLE = 6
TEXTS = {
    "ISO-8859-1": "Größe",
    "Shift_JIS": "表示ソ能",
    "EUC-JP": "ログイン",
    "EUC-KR": "로그인",
    "GB18030": "登录",
    "KOI8-R": "Вход",
    "UTF-8": "日本é",
}
BROKEN = {
    "nothing": b"\xff\xfe\x80",
    "half a character": b"ok\xe2\x82",
    "a surrogate": b"\xed\xa0\x80x",
    "overlong": b"\xc0\xafx",
    "a byte order mark": b"\xff\xfeG\xe4r",
}
FORMS = {
    "text": [],
    "verbose": ["--verbose"],
    "CSV": ["--csv"],
    "Markdown": ["--markdown"],
    "JSON": ["--json"],
    "HTML": ["--html", "-"],
    "text by area": ["--by", "area"],
    "CSV by tag": ["--by", "tag", "--csv"],
    "Markdown by area": ["--by", "area", "--markdown"],
}


def cost_line(number: int) -> bytes:
    return b"AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5; %012d" % number


class Raw(GitSandbox):
    """A repository whose commits, paths, authors, branches and tags hold exactly these bytes."""

    def object(self, kind: str, data: bytes) -> bytes:
        asked = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
        return subprocess.run(asked, cwd=self.path, input=data, capture_output=True, check=True).stdout.strip()

    def tree(self, kind: bytes, name: bytes, inner: bytes) -> bytes:
        return self.object("tree", kind + b" " + name + b"\0" + bytes.fromhex(inner.decode()))

    def add(self, text: bytes, header: str | None, number: int) -> None:
        """A commit on main with a tag, and one on a branch that is not merged."""
        self.now += 86_400
        blob = self.object("blob", b"x\n" * number)
        tree = self.tree(b"40000", text, self.tree(b"100644", text, blob))
        for line, ref in ((number, b"heads/main"), (number + 500, b"heads/open-%d-" % number + text)):
            self.point(ref, self.commit_object(tree, text, header, line))
        self.point(b"tags/v%d-" % number + text, self.git("rev-parse", "main").encode())

    def commit_object(self, tree: bytes, text: bytes, header: str | None, line: int) -> bytes:
        parent = self.git("rev-parse", "-q", "--verify", "main", ok=False).encode()
        who = text + b" <p%d@x.org> %d +0000" % (line % PEOPLE, self.now)
        parts = [b"tree " + tree, *([b"parent " + parent] if parent else []), b"author " + who, b"committer " + who]
        parts += [b"encoding " + header.encode()] if header else []
        return self.object("commit", b"\n".join([*parts, b"", text, b"", cost_line(line), b""]))

    def point(self, ref: bytes, commit: bytes) -> None:
        subprocess.run(["git", "update-ref", b"refs/" + ref, commit], cwd=self.path, check=True)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Raw:
    """A change in every encoding, said and unsaid, and in bytes that are text in none."""
    repo = Raw(tmp_path_factory.mktemp("mixed") / "repo")
    number = 0
    for encoding, text in TEXTS.items():
        for header in (encoding, None):
            repo.add(text.encode(encoding).replace(b"\\", b""), header, number := number + 1)
    for raw in BROKEN.values():
        for header in (None, "ISO-8859-1"):
            repo.add(raw, header, number := number + 1)
    return repo


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TOKCOST_HOME": str(tmp_path / "t"), "LANG": "C.UTF-8"}


@pytest.mark.few
@pytest.mark.parametrize(
    ("form", "locale"),
    [
        *((form, "C") for form in FORMS if form != "HTML"),
        *(pytest.param(form, "C.UTF-8", marks=pytest.mark.slow) for form in FORMS if form != "HTML"),
        ("HTML", "C.UTF-8"),  # a page is UTF-8 by itself
    ],
)
def test_every_format_of_a_report_is_utf8_whatever_encoding_a_history_is_in(
    mixed: Raw, environ: dict[str, str], form: str, locale: str
) -> None:
    if form == "HTML":
        pytest.importorskip("altair")
    done = piped(["report", *FORMS[form]], mixed.path, environ | {"LC_ALL": locale})
    assert (done.returncode, done.stderr) == (0, "")
    assert "Traceback" not in done.stdout


def reported(repo: Raw, environ: Mapping[str, str]) -> dict[str, object]:
    # A strict parser: Python's own takes half a character.
    return msgspec.json.decode(piped(["report", "--json"], repo.path, environ).stdout)


def test_a_report_counts_every_line_of_a_history_in_any_encoding(mixed: Raw, environ: dict[str, str]) -> None:
    told = reported(mixed, environ)
    count = 2 * len(TEXTS) + 2 * len(BROKEN)
    assert (told["claims"], told["damaged_lines"], told["list_cost"]) == (count, 0, f"{2 * count}.000000000")
    assert len(told["open"]) == count  # type: ignore[arg-type]


@pytest.mark.few
@pytest.mark.parametrize("encoding", [name for name in TEXTS if name != "Shift_JIS"])
def test_a_subject_is_shown_as_it_was_written_where_a_commit_says_its_encoding(
    tmp_path: Path, environ: dict[str, str], encoding: str
) -> None:
    repo = Raw(tmp_path / "repo")
    repo.add(TEXTS[encoding].encode(encoding), encoding, 1)
    (change,) = reported(repo, environ)["changes"]  # type: ignore[misc]
    assert change["subject"] == TEXTS[encoding]


@pytest.mark.few
@pytest.mark.parametrize("header", [None, "UTF-8", "no-such-encoding"])
def test_bytes_of_a_subject_that_are_no_utf8_are_written_out(
    tmp_path: Path, environ: dict[str, str], header: str | None
) -> None:
    repo = Raw(tmp_path / "repo")
    repo.add("Größe".encode("latin-1"), header, 1)
    told = reported(repo, environ)
    assert told["changes"][0]["subject"] == r"Gr\xf6\xdfe"  # type: ignore[index]
    assert told["open"][0]["branch"] == r"open-1-Gr\xf6\xdfe"  # type: ignore[index]
    for form in ("text", "CSV"):
        assert r"Gr\xf6\xdfe" in piped(["report", *FORMS[form]], repo.path, environ).stdout


@pytest.mark.few
@pytest.mark.parametrize(
    "encoding", few(["Shift_JIS", "SJIS", "CP932", "EUC-JP", "ISO-2022-JP", "Big5", "GBK", "JOHAB"], 4)
)
def test_a_coarse_line_counts_where_an_encoding_has_another_character_for_the_tilde(
    tmp_path: Path, environ: dict[str, str], encoding: str
) -> None:
    # glibc reads the byte 7E of Shift_JIS as an overline, so git shows `‾2 USD list; ‾1M tokens`.
    repo = Raw(tmp_path / "repo")
    repo.add(b"Work", encoding, 1)
    told = reported(repo, environ)
    assert (told["claims"], told["damaged_lines"], told["precision"]) == (1, 0, "coarse")
    assert (told["list_cost"], told["tokens"]) == ("2.000000000", 1_000_000)


def blobless(origin: GitSandbox, path: Path, *args: str) -> Path:
    """A blobless clone of it whose remote notes each fetch in a file beside it."""
    program = path.parent / "upload-pack"
    program.write_text(f'#!/bin/sh\necho fetch >> "{path.parent}/fetches"\nexec git-upload-pack "$@"\n')
    program.chmod(0o755)
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    origin.git("clone", "-q", *args, "--filter=blob:none", "-u", str(program), f"file://{origin.path}", str(path))
    subprocess.run(["git", "config", "remote.origin.uploadpack", str(program)], cwd=path, check=True)
    (path.parent / "fetches").unlink()
    return path


@pytest.fixture
def mapped(tmp_path: Path) -> GitSandbox:
    """A history of two addresses that are one person's by its mailmap."""
    repo = GitSandbox(tmp_path / "repo")
    (repo.path / ".mailmap").write_text("Ann <ann@x.org> <ann@home>\n")
    repo.commit("one")
    repo.now += 60
    (repo.path / "two").write_text("2\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "two", GIT_AUTHOR_EMAIL="ann@home", GIT_AUTHOR_NAME="Ann")
    return repo


@pytest.mark.few
@pytest.mark.parametrize("how", [["--bare"], ["--no-checkout"], []])
def test_a_blobless_clone_fetches_no_mailmap(tmp_path: Path, mapped: GitSandbox, how: list[str]) -> None:
    clone = blobless(mapped, tmp_path / "clone", *how)
    repository = find_repository(str(clone))
    tip = mapped.git("rev-parse", "HEAD")
    has_map = (clone / ".mailmap").exists()
    assert read_authors(repository, [tip]) == {tip: ("ann@x.org" if has_map else "ann@home", "Ann")}
    assert ("ann@home", "Ann") not in some_authors(repository, Range("", (tip,)), 10) or not has_map
    assert not (tmp_path / "fetches").exists()
    if how == ["--bare"]:  # the promisor would have told
        subprocess.run(["git", "log", "--format=%aE"], cwd=clone, check=True, capture_output=True)
        assert (tmp_path / "fetches").exists()
        assert read_authors(repository, [tip]) == {tip: ("ann@x.org", "Ann")}


def test_a_blobless_clone_whose_settings_name_a_mailmap_in_the_history_does_not_fetch_it(
    tmp_path: Path, mapped: GitSandbox
) -> None:
    clone = blobless(mapped, tmp_path / "clone", "--no-checkout")
    subprocess.run(["git", "config", "mailmap.blob", "HEAD:.mailmap"], cwd=clone, check=True)
    tip = mapped.git("rev-parse", "HEAD")
    assert read_authors(find_repository(str(clone)), [tip]) == {tip: ("ann@home", "Ann")}
    assert not (tmp_path / "fetches").exists()


def test_a_whole_clone_has_its_mailmap_bare_or_not(tmp_path: Path, mapped: GitSandbox) -> None:
    tip = mapped.git("rev-parse", "HEAD")
    mapped.git("clone", "-q", "--bare", str(mapped.path), str(tmp_path / "bare"))
    for folder in (mapped.path, tmp_path / "bare"):
        assert read_authors(find_repository(str(folder)), [tip]) == {tip: ("ann@x.org", "Ann")}


def test_log_tells_the_subject_of_a_commit_in_any_encoding(mixed: Raw, environ: dict[str, str]) -> None:
    for args in (["log"], ["log", "--json"], ["log", "--csv"], ["log", "--all-repos", "--json"], ["preview"]):
        done = piped(args, mixed.path, environ)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), args
        if "--json" in args:
            json.loads(done.stdout)
