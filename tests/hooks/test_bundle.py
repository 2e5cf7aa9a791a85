"""The bundle of modules: used when it holds, ignored when anything changed."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import tokcost

HOOKS = Path(__file__).parent.parent.parent / "hooks"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of ours by name, and a folder for the bundle."""
    folder = tmp_path / "path" / "tokcost"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text("VALUE = 1\n")
    return folder


def python(package: Path, code: str) -> str:
    path = [str(package.parent), str(HOOKS)]
    file = str(package.parent / "b")
    begin = f"import sys; sys.path += {path!r}; from tokcost_hooks import bundle, bundling; FILE = {file!r}\n"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", begin + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


WRITE = "import json, tokcost.one; bundling.complete(FILE)"
USE = (
    "bundle.use(FILE); import json, tokcost.one as one; used = type(one.__spec__.loader).__name__ == 'Bundle';"
    "print(used, one.VALUE, one.__file__, json.loads('1'))"
)
SOURCE = "print(type(one.__spec__.loader).__name__, type(json.__spec__.loader).__name__)"


def test_modules_come_from_the_bundle_and_know_their_file(package: Path) -> None:
    python(package, WRITE)
    assert python(package, f"{USE}; {SOURCE}") == f"True 1 {package / 'one.py'} 1\nBundle Bundle"


@pytest.mark.parametrize("change", ["edit", "touch", "remove"])
def test_a_bundle_is_ignored_once_a_file_of_ours_has_changed(package: Path, change: str) -> None:
    python(package, WRITE)
    file = package / "one.py"
    if change == "touch":
        os.utime(file, ns=(1, 1))
    elif change == "edit":
        file.write_text("VALUE = 1 + 1\n")
    else:
        file.unlink()
        (package / "one").mkdir()
        (package / "one" / "__init__.py").write_text("VALUE = 2\n")
    value = 1 if change == "touch" else 2
    assert python(package, USE).startswith(f"False {value} ")


@pytest.mark.parametrize("content", [b"", b"\0", b"rubbish", b"i\x01\0\0\0", None])
def test_a_damaged_bundle_is_ignored(package: Path, content: bytes | None) -> None:
    if content is None:
        (package.parent / "b").mkdir()
    else:
        (package.parent / "b").write_bytes(content)
    assert python(package, USE).startswith("False 1 ")


def test_a_bundle_that_cannot_be_written_is_no_error(package: Path) -> None:
    (package.parent / "b").mkdir()
    (package.parent / "b" / "x").write_text("")
    python(package, WRITE)
    assert sorted(path.name for path in package.parent.iterdir()) == ["b", "tokcost"]


def test_a_bundle_grows_by_what_was_not_in_it(package: Path) -> None:
    (package / "two.py").write_text("VALUE = 2\n")
    python(package, WRITE)
    python(package, "bundle.use(FILE); import tokcost.two; bundling.complete(FILE)")
    code = (
        "bundle.use(FILE); from tokcost import one, two; print(*(type(m.__spec__.loader).__name__ for m in (one, two)))"
    )
    assert python(package, code).count("Bundle") == 2


def test_only_what_is_imported_is_read(package: Path) -> None:
    (package / "rare.py").write_text(f"VALUE = {'x' * 2_000_000!r}\n")
    python(package, WRITE)
    python(package, "bundle.use(FILE); import tokcost.rare; bundling.complete(FILE)")
    assert (package.parent / "b").stat().st_size > 2_000_000
    watch = "import os; real, sizes = os.pread, []; os.pread = lambda *a: (sizes.append(a[1]), real(*a))[1]; "
    assert int(python(package, f"{watch}{USE}; print(sum(sizes))").split()[-1]) < 1_000_000


def test_a_bundle_that_lost_its_end_serves_what_is_left(package: Path) -> None:
    python(package, WRITE)
    whole = (package.parent / "b").read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, len(whole) // 20):
        (package.parent / "b").write_bytes(whole[:size])
        assert python(package, USE).endswith(f" 1 {package / 'one.py'} 1")


def test_a_module_that_changed_is_replaced_in_the_bundle(package: Path) -> None:
    python(package, WRITE)
    (package / "one.py").write_text("VALUE = 3 * 7\n")
    python(package, f"bundle.use(FILE); {WRITE}")
    assert python(package, USE).startswith("True 21 ")


def test_a_hook_that_was_too_slow_has_the_next_one_find_everything_ready(tmp_path: Path) -> None:
    ours = tmp_path / "hooks"
    shutil.copytree(HOOKS / "tokcost_hooks", ours / "tokcost_hooks", ignore=shutil.ignore_patterns("__pycache__"))
    (ours / "tokcost_hooks/__pycache__").mkdir()
    repo = tmp_path / "repo"
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    os.mkfifo(repo / "message")  # nobody ever writes to it
    path = os.pathsep.join(os.path.dirname(os.path.dirname(str(one.__file__))) for one in (tokcost, msgspec))
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(ours / "tokcost_hooks/run.py"), "prepare-commit-msg", "message", "message"],
        cwd=repo,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TOKCOST_PATH": path},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert "took longer" in said
    (file,) = wait_for(lambda: list((ours / "tokcost_hooks/__pycache__").glob("*.bundle")))
    kept = f"from tokcost_hooks import bundle; bundle.use({str(file)!r}); print(*sys.meta_path[0].entries)"
    names = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ours)!r}); {kept}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {"tokcost.services.committing", "tokcost.readers.claude_code_lines", "msgspec"} <= set(names)


def wait_for(look: Callable[[], list[Path]]) -> list[Path]:
    """What is there in the end; a busy machine may take its time."""
    for _ in range(600):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


LOADERS = (
    "print(*(f'{n}:{type(m.__spec__.loader).__name__}' for n, m in sys.modules.items() if n.startswith('tokcost.')))"
)
TOLD = (
    "import tokcost; print(sorted((m.__name__, m.__package__, m.__file__, list(getattr(m, '__path__', [])),"
    " m.__spec__.name, m.__spec__.parent) for n, m in sys.modules.items() if n.startswith('tokcost')),"
    " tokcost.part.deep.DEEP)"
)


@pytest.fixture
def nested(package: Path) -> Path:
    """Modules that bring others along; a package that imports its own parts, one of which asks for the package."""
    (package / "one.py").write_text("from tokcost import two\nfrom tokcost.part import DEEP\nVALUE = two.VALUE\n")
    (package / "two.py").write_text("import json\nVALUE = 2\n")
    (package / "part").mkdir()
    (package / "part" / "__init__.py").write_text("from tokcost.part.deep import DEEP\n")
    (package / "part" / "deep.py").write_text("from tokcost import part\nDEEP = 4\n")
    python(package, "bundle.use(FILE); import tokcost.one; bundling.complete(FILE)")
    python(package, "bundle.use(FILE); import tokcost.one; bundling.complete(FILE)")
    return package


def test_what_a_module_brings_along_is_run_before_it_in_the_order_it_was_ready(nested: Path) -> None:
    brings = python(nested, "bundle.use(FILE); print(sys.meta_path[0].brings['tokcost.one'])")
    order = eval(brings)
    assert order.index("json.scanner") < order.index("json") < order.index("tokcost.two")
    assert "tokcost.one" not in order
    watch = "run = bundle.Bundle._run; ran = []; bundle.Bundle._run = lambda *a: (ran.append(a[1]), run(*a))[1]; "
    ran = python(nested, f"{watch}bundle.use(FILE); import tokcost.one; print(ran)")
    assert "tokcost.two" in eval(ran)


def test_modules_that_were_brought_along_are_like_others(nested: Path) -> None:
    known = python(nested, f"import tokcost.one; {TOLD}")
    assert python(nested, f"bundle.use(FILE); import tokcost.one; {TOLD}") == known


def test_a_module_that_changed_is_not_brought_from_the_bundle(nested: Path) -> None:
    (nested / "two.py").write_text("import tokcost.rare\nVALUE = 2 + 1\n")
    (nested / "rare.py").write_text("VALUE = 1\n")
    assert python(nested, "bundle.use(FILE); import tokcost.one as one; print(one.VALUE)") == "3"
    for _ in range(3):
        python(nested, "bundle.use(FILE); import tokcost.one; bundling.complete(FILE)")
    assert "tokcost.rare" in python(nested, "bundle.use(FILE); print(sys.meta_path[0].brings['tokcost.one'])")


def test_a_module_that_fails_says_what_it_always_says(nested: Path) -> None:
    (nested / "two.py").write_text("import os\nif 'BROKEN' in os.environ: import nothing_like_it\nVALUE = 5\n")
    for _ in range(3):
        python(nested, "bundle.use(FILE); import tokcost.one; bundling.complete(FILE)")
    code = (
        "import os; os.environ['BROKEN'] = ''; bundle.use(FILE)\n"
        "try: import tokcost.one\nexcept ImportError as error: print(error, 'tokcost.two' in sys.modules)\n"
        "del os.environ['BROKEN']; import tokcost.one as one; print(one.VALUE)"
    )
    assert python(nested, code) == "No module named 'nothing_like_it' False\n5"


def test_extension_modules_are_not_looked_for_either(package: Path) -> None:
    python(package, "import zlib; import tokcost.one; bundling.complete(FILE)")
    code = "bundle.use(FILE); sys.path.clear(); import zlib; print(zlib.crc32(b'x'), bool(zlib.__spec__.origin))"
    assert python(package, code) == "2363233923 True"


def test_nothing_is_written_when_nothing_was_learned(nested: Path) -> None:
    before = (nested.parent / "b").stat().st_ino
    python(nested, "bundle.use(FILE); import tokcost.one; bundling.complete(FILE)")
    assert (nested.parent / "b").stat().st_ino == before


def test_a_module_that_was_lost_is_added_again(package: Path) -> None:
    python(package, WRITE)
    whole = (package.parent / "b").read_bytes()
    (package.parent / "b").write_bytes(whole[: len(whole) // 2])
    for _ in range(2):
        python(package, f"bundle.use(FILE); {WRITE}")
    assert python(package, f"{USE}; {SOURCE}").endswith("Bundle Bundle")


@pytest.mark.parametrize("closed", [(0,), (2,), (0, 1, 2)])
def test_closing_the_standard_streams_does_not_close_the_bundle(package: Path, closed: tuple[int, ...]) -> None:
    python(package, WRITE)
    close = "".join(f"os.close({number}); " for number in closed)
    code = (
        f"import os; {close}bundle.use(FILE)\n"
        "for number in range(3): os.path.exists(f'/proc/self/fd/{number}') and os.close(number)\n"
        "import tokcost.one as one; open(FILE + '.said', 'w').write(type(one.__spec__.loader).__name__)"
    )
    python(package, code)
    assert (package.parent / "b.said").read_text() == "Bundle"


def test_a_hook_that_imports_unusually_much_adds_nothing(package: Path) -> None:
    python(package, WRITE)
    before = (package.parent / "b").read_bytes()
    (package / "rare.py").write_text("VALUE = 1\n")
    crowd = "sys.modules.update({f'crowd{n}': sys for n in range(bundle._MOST)})"
    python(package, f"bundle.use(FILE); import tokcost.rare; {crowd}; bundling.complete(FILE)")
    assert (package.parent / "b").read_bytes() == before
