"""A real history with cost lines sprinkled in: what collecting and reporting it takes.

    python benchmarks/seeded.py ~/src/git ~/src/rails --every 7

copies each history commit by commit, with its dates, people, encodings and merges, and adds a line of ours to the
message of every seventh commit. Files are not copied: the copy borrows the objects of the original. Then whole
processes of `tokcost collect`, `tokcost report` and `tokcost dataset check` are timed, the first time and again.
"""

import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha1
from pathlib import Path
from random import Random
from typing import BinaryIO

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.organisation import claim_id  # noqa: E402
from tokcost.model.trailer import Line, format_line  # noqa: E402

_COMMIT = 1
"""The type of a commit in a pack."""
_DOLLARS = (1, 2, 5, 10, 20)
_MODELS = (("claude-opus-4-5",), ("gpt-5.1-codex",), ("claude-opus-4-5", "gpt-5.1-codex"), ())


def main() -> None:
    """Copy the histories, time the commands, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=7, help="commits, of which one gets a line; 0 for none")
    parser.add_argument("--keep", type=Path, help="a folder for the copies and the dataset")
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="tokcost-seeded-"))
    try:
        copies = [folder / f"{one.resolve().name}-{number}.git" for number, one in enumerate(arguments.repository)]
        for original, copy in zip(arguments.repository, copies, strict=True):
            if not copy.exists():
                commits, lines = seed(original.resolve(), copy, arguments.every)
                print(f"{original}: {commits:,} commits, {lines:,} lines", flush=True)
        measure(folder, copies)
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder)


def measure(folder: Path, copies: Sequence[Path]) -> None:
    """Times and memory of each command."""
    dataset = os.fspath(folder / "costs")
    for copy in copies:
        for _ in range(2):
            timed(folder, "report", "--json", at=copy)
        for _ in range(2):
            timed(folder, "collect", os.fspath(copy), "--into", dataset, "--json")
    timed(folder, "dataset", "check", dataset)
    timed(folder, "report", "--dataset", dataset)


def timed(folder: Path, *args: str, at: Path | None = None) -> None:
    """Run one command, and print what it took. Its output goes to a file in `folder`."""
    environ = os.environ | {"TOKCOST_HOME": os.fspath(folder / "home"), "XDG_CACHE_HOME": os.fspath(folder / "cache")}
    program = Path(sys.executable).with_name("tokcost")
    began = time.perf_counter()
    with (folder / f"{args[0]}.out").open("wb") as out:
        process = subprocess.Popen([program, *args], cwd=at or folder, env=environ, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
    seconds, code = time.perf_counter() - began, os.waitstatus_to_exitcode(status)
    what = f"{args[0]} {(at or Path(args[1])).name}"
    print(
        f"{what:40s} {seconds:8.1f} s {usage.ru_utime:8.1f} s user {usage.ru_maxrss / 1000:8.0f} MB, exit {code}",
        flush=True,
    )


def seed(original: Path, copy: Path, every: int) -> tuple[int, int]:
    """Copy the default branch's history; the numbers of its commits and of the lines."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", os.fspath(copy)], check=True)
    (copy / "objects/info/alternates").write_text(f"{original / 'objects'}\n")
    names: dict[bytes, bytes] = {}
    lines = 0
    pack = copy / "objects/pack/seeded.pack"
    random = Random(1)
    with pack.open("w+b") as stream:
        stream.write(struct.pack(">4sII", b"PACK", 2, 0))
        for number, (name, data) in enumerate(_commits(original)):
            head, _, message = data.partition(b"\n\n")
            if every and number % every == 0:
                lines += 1
                message = message.rstrip(b"\n") + b"\n\n" + _line(random, name) + b"\n"
            fields = [_renamed(field, names) for field in head.split(b"\n")]
            body = b"\n".join(fields) + b"\n\n" + message
            names[name] = _write(stream, body)
        _finish(stream, len(names))
    subprocess.run(["git", "index-pack", os.fspath(pack)], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    (copy / "refs/heads/main").write_bytes(list(names.values())[-1] + b"\n")
    return len(names), lines


def _commits(original: Path) -> Iterator[tuple[bytes, bytes]]:
    """Each commit's name and bytes, parents first."""
    walk = ["git", "rev-list", "--topo-order", "--reverse", "HEAD"]
    with (
        subprocess.Popen(walk, cwd=original, stdout=subprocess.PIPE) as listing,
        subprocess.Popen(
            ["git", "cat-file", "--batch"], cwd=original, stdin=listing.stdout, stdout=subprocess.PIPE
        ) as cat,
    ):
        assert cat.stdout is not None
        while header := cat.stdout.readline():
            name, _, size = header.split()
            yield name, cat.stdout.read(int(size) + 1)[:-1]


def _line(random: Random, name: bytes) -> bytes:
    dollars = random.choice(_DOLLARS) * 10**9
    line = Line(claim_id(name), 1, dollars, False, dollars // 1000, random.choice(_MODELS))
    return format_line(line).encode()


def _renamed(field: bytes, names: dict[bytes, bytes]) -> bytes:
    key, _, value = field.partition(b" ")
    return b"parent " + names[value] if key == b"parent" else field


def _write(stream: BinaryIO, body: bytes) -> bytes:
    """Add a commit to a pack; its name."""
    size = len(body)
    first = (_COMMIT << 4) | (size & 15)
    size >>= 4
    header = bytearray()
    while size:
        header.append(first | 128)
        first, size = size & 127, size >> 7
    header.append(first)
    stream.write(bytes(header) + zlib.compress(body, 1))
    return sha1(b"commit %d\0" % len(body) + body).hexdigest().encode()


def _finish(stream: BinaryIO, count: int) -> None:
    """Write the number of objects into a pack's head, and the digest behind its end."""
    stream.seek(8)
    stream.write(struct.pack(">I", count))
    stream.seek(0)
    digest = sha1()
    while data := stream.read(1 << 20):
        digest.update(data)
    stream.write(digest.digest())


if __name__ == "__main__":
    main()
