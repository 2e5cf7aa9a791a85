"""What a clone brings along is read only if it is a small regular file."""

import os
import time
from pathlib import Path

import pytest

from tokcost.files.foreign import MOST, open_regular, read_bounded, read_inside, shown
from tokcost.files.toml import TomlDamaged, read_toml


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "link to a device", "NUL", "half a character"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    name = {"device": "/dev/zero", "NUL": f"{path}\0", "half a character": f"{path}\ud800"}.get(kind, str(path))
    with pytest.raises(OSError, match=r"not a regular file|not a valid file name|No such file"):
        open_regular(name)


def test_a_file_is_read_up_to_its_bound_and_not_beyond(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * MOST)
    assert len(read_bounded(str(path))) == MOST
    path.write_bytes(b"x" * (MOST + 1))
    with pytest.raises(OSError, match="larger than 256 KiB"):
        read_bounded(str(path))
    os.truncate(path, 1 << 40)
    with pytest.raises(OSError, match="larger than 256 KiB"):
        read_bounded(str(path))


def test_a_link_may_lead_to_another_file_of_the_repository_and_not_out_of_it(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    (repo / "config").mkdir(parents=True)
    (repo / "config/real").write_text("here")
    (tmp_path / "secret").write_text("there")
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository/file").write_text("there")
    for name, target in {
        "inside": "config/real",
        "out": "../secret",
        "beside": "../repository/file",
        "folder": "..",
        "absolute": str(tmp_path / "secret"),
        "loop": "loop",
    }.items():
        (repo / name).symlink_to(target)
    assert read_inside(str(repo), "inside") == read_inside(str(repo), "config/real") == b"here"
    for name in ("out", "beside", "absolute", "folder/secret"):
        with pytest.raises(OSError, match="a link to a place outside the repository"):
            read_inside(str(repo), name)
    with pytest.raises(OSError, match=r"\[Errno"):
        read_inside(str(repo), "loop")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 80_000,
        "a" + ".a" * 120_000 + " = 1",
        "a = " + "9" * 5_000,
        "a = " + "9" * 250_000,
        "a = 1_" * 40_000,
        "\x80",
        '"' * 250_000,
        "a = 2026-02-31",
    ],
)
def test_toml_that_would_break_the_parser_or_keep_it_busy_is_damaged(text: str) -> None:
    began = time.process_time()
    with pytest.raises(TomlDamaged) as caught:
        read_toml(text.encode("latin-1"))
    assert time.process_time() - began < 2
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


HEADER = "[" + ".".join(["a"] * 100) + "]\n"


def numbered(line: str) -> str:
    """As many of such a line as a file may have, each with a number of its own."""
    return "".join(line.replace("N", str(number)) for number in range((MOST - 2_000) // (len(line) + 8)))


@pytest.mark.parametrize(
    "text",
    [
        HEADER + numbered("kN." + ".".join(["a"] * 99) + "=1\n"),
        HEADER + numbered("kN.a.a.a=1\n"),
        HEADER + numbered("k=1\n"),
        HEADER.replace("[", "[[").replace("]", "]]") + numbered("kN=1\n"),
        "\t " + HEADER + 'x="""\n[b]\n"""\n' + numbered("kN=1\n"),
        numbered(".".join(["a"] * 99) + ".kN=1\n"),
        numbered("[kN." + ".".join(["a"] * 99) + "]\n"),
        "x=[\n" + numbered("{" + ".".join(["a"] * 99) + "=1},\n") + "]",
    ],
    ids=["long keys", "keys", "no dots", "list", "hidden header", "no header", "headers", "inline tables"],
)
def test_keys_that_take_the_parser_through_many_tables_are_damaged(text: str) -> None:
    assert len(text) <= MOST
    with pytest.raises(TomlDamaged, match="keys within keys"):
        read_toml(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "[areas]\nx = [\n" + '"*.py",\n' * 25_000 + "]",
        "[areas]\n" + "".join(f"x{number} = [" + '"*.py", ' * 60 + "]\n" for number in range(200)),
        numbered('[[price]]\nmatch = "gpt-4.1-N*"\ninput = "0.85"\noutput = "2.5" # www.example.com/a.b.c.html\n'),
        numbered('[areas."a.b.cN".d]\nx = ["N.py"]\n'),
        "\n" * 250_000 + "[a.b.c]",
        "# etc.\n" * 30_000,
    ],
    ids=["globs", "globs on a line", "prices", "quoted headers", "empty lines", "comments"],
)
def test_a_large_file_of_short_keys_is_read(text: str) -> None:
    assert len(text) <= MOST
    read_toml(text.encode())


def test_a_value_is_quoted_short_and_on_one_line() -> None:
    for value in ("\x1b[31m" * 1000, "a\nb" * 1000, 10**5000, -(10**5000), [1] * 10**6, {"a": 1}, 1.5, True):
        text = shown(value)
        assert len(text) < 70
        assert text.isprintable()
