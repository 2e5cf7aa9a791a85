"""`tokcost report --html`: one page that needs nothing but itself, shows what `--json` shows, and believes no text."""

import functools
import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from support.machine import Machine
from support.terminal import piped
from tokcost.model.changes import Change, ChangeTitle, Report
from tokcost.model.trailer import Line, format_line
from tokcost.reports.charts import distribution

USD = 10**9
AREAS = ("api", "web", "<img src=x onerror=alert(1)>", "a&b\"'")
MODELS = ("claude-opus-4-5", "gpt-5.1-codex")
CHROMIUM = shutil.which("chromium")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> GitSandbox:
    """Nine people, and names that want to be markup in every place where a name can come from."""
    repo = GitSandbox(tmp_path_factory.mktemp("history") / "repo")
    for number in range(120):
        repo.now += 17_280
        path = repo.path / AREAS[number // 3 % len(AREAS)] / f"f{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_text("x\n" * (5, 30, 100)[number // 2 % 3])
        repo.git("add", "-A")
        cost = (1, 2, 5)[number % 3] * USD
        text = format_line(Line(f"{number:012d}", 1, cost, False, 1_000_000, (MODELS[number // 4 % 2],)))
        who = f"person{number % 9}"
        subject = f"</table><script>alert({number})</script> {{{{ 7 * 6 }}}} (#{number})"
        message = f"{subject}\n\n{text}"
        repo.git("commit", "-q", "-m", message, GIT_AUTHOR_NAME=who, GIT_AUTHOR_EMAIL=f"{who}@x.org")
    repo.git("tag", "v1<b>")
    repo.git("revert", "--no-edit", "HEAD")
    return repo


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TOKCOST_HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull}


@pytest.fixture(scope="module")
def page(history: GitSandbox, environ: dict[str, str]) -> str:
    done = piped(["report", "--html", "-"], history.path, environ)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


class Parsed(HTMLParser):
    """What a browser would make of a page: tags, attributes, tables, text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.lasttag in ("td", "th") and data.strip():
            self.rows[-1][-1] += data


def test_it_shows_the_rows_of_the_json_and_no_others(page: str, history: GitSandbox, environ: dict[str, str]) -> None:
    told = json.loads(piped(["report", "--json", "--by", "area"], history.path, environ).stdout)
    parsed = Parsed(page)
    starts = [number for number, row in enumerate(parsed.rows) if row[1:2] == ["list cost"]]
    tables = {
        parsed.rows[start][0]: parsed.rows[start + 1 : end]
        for start, end in zip(starts, [*starts[1:], None], strict=True)
    }
    assert len(tables["change"]) == len(told["changes"]) == 120
    del tables["change"]
    assert tables.keys() == told["groups"].keys() - ({"week"} if "month" in tables else {"month"})
    assert {"area", "model", "size"} <= tables.keys()
    for name, rows in tables.items():
        figures = {row[0]: row[1].strip("~$").replace(",", "") for row in rows}
        assert figures == {cell["name"]: f"{float(cell['list_cost']):.2f}" for cell in told["groups"][name]}, name


def test_it_says_the_total_the_coverage_what_was_reverted_and_what_is_kept_back(page: str) -> None:
    text = Parsed(page).text
    expected = ["~$320.00", "reverted later", "~$5.00", "of 121 commits carry a cost line", "rounded to 1, 2 or 5"]
    promises = ["No figure is by person", "Anyone with the repository can add up", "it is not a bill"]
    for words in expected + promises:
        assert words in text


def test_what_must_not_be_shown_is_told_with_the_reason(tmp_path: Path, environ: dict[str, str]) -> None:
    repo = GitSandbox(tmp_path / "two")
    for number in range(3):
        repo.git(
            "commit", "-q", "--allow-empty", "-m", format_line(Line(f"{number:012d}", 1, USD, False, 1000, ("m",)))
        )
    text = Parsed(piped(["report", "--html", "-"], repo.path, environ).stdout).text
    assert "By month, area, model or size: not shown" in text
    assert text.count("they would reveal what one person spent") == 1
    assert "needs 5 contributors" in text
    assert "~$3.00" in text


def test_a_column_that_no_row_fills_is_left_out(page: str) -> None:
    (month,) = [row for row in Parsed(page).rows if row[0] in ("month", "week")]
    assert month[-1] == "tokens"
    for table in re.findall(r"<table>.*?</table>", page, re.DOTALL):
        head, *rows = Parsed(table).rows
        assert {len(row) for row in rows} == {len(head)}
        assert all(any(texts) for texts in zip(*rows, strict=True)), head


def test_nothing_in_it_reaches_outside_or_runs(page: str) -> None:
    parsed = Parsed(page)
    assert "://" not in page
    assert not re.search(r"@import|url\((?!#)", page)
    assert not parsed.tags & {"script", "link", "iframe", "img", "object", "embed", "base", "form", "image", "a"}
    names = {name for name, _ in parsed.attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "srcset", "style", "href", "action")]
    assert ("http-equiv", "Content-Security-Policy") in parsed.attributes
    (policy,) = [value for name, value in parsed.attributes if name == "content" and "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_names_are_text_wherever_they_come_from(page: str) -> None:
    parsed = Parsed(page)
    known = (
        "html head meta title style body header main footer section div span strong h1 h2 p figure table thead tbody"
    )
    assert parsed.tags <= {
        *known.split(),
        "tr",
        "th",
        "td",
        "svg",
        "g",
        "path",
        "text",
        "rect",
        "line",
        "defs",
        "clippath",
    }
    assert "<script>alert(3)</script> {{ 7 * 6 }}" in parsed.text
    assert "<img src=x onerror=alert(1)>" in parsed.text


def test_the_page_names_no_person(page: str) -> None:
    assert "x.org" not in page
    assert not re.search(r"person\d", page)


def test_every_chart_is_there_and_drawn_in_the_pages_colours(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) >= 5
    assert all("var(--ink)" in chart and "var(--bar)" in chart for chart in charts)
    assert not [one for one in charts if re.search(r'(?:fill|stroke)="#', one)]
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_it_is_written_to_a_file_or_told_why_not(history: GitSandbox, environ: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    done = piped(["report", "--html", str(target)], history.path, environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"tokcost: wrote {target}\n")
    assert target.read_text().startswith("<!doctype html>")
    done = piped(["report", "--html", str(tmp_path / "no/such")], history.path, environ)
    assert (done.returncode, "cannot be written" in done.stderr) == (3, True)


@pytest.mark.parametrize("args", [["--json"], ["--by", "area"], ["--against", "HEAD~3..HEAD"]])
def test_what_a_page_cannot_be_is_refused(history: GitSandbox, environ: dict[str, str], args: list[str]) -> None:
    done = piped(["report", "--html", "-", *args], history.path, environ)
    assert (done.returncode, done.stdout) == (2, "")


def test_without_lines_the_page_says_what_that_means(empty_machine: Machine, tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path / "plain")
    repo.commit()
    done = piped(["report", "--html", "-"], repo.path, empty_machine.environ)
    assert done.returncode == 0
    assert "No cost lines in main; 1 commit read." in Parsed(done.stdout).text


@pytest.mark.slow
@pytest.mark.parametrize("package", ["altair", "vl_convert", "jinja2"])
def test_where_the_charts_are_not_installed_it_says_how_to_install_them(
    history: GitSandbox, environ: dict[str, str], package: str
) -> None:
    code = f"import sys; sys.modules['{package}'] = None; from tokcost.cli.start import main; main()"
    asked = [sys.executable, "-P", "-c", code, "report"]
    done = subprocess.run([*asked, "--html", "-"], cwd=history.path, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "")
    project = tomllib.loads((Path(__file__).parent.parent.parent / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["html"]
    assert f"pip install {shlex.join(extra)}" in done.stderr
    assert subprocess.run(asked, cwd=history.path, env=environ, capture_output=True).returncode == 0


def test_a_distribution_counts_each_change_once_and_shows_gaps() -> None:
    costs = [USD, USD + 1, 10 * USD, 5 * 10**6, None]
    lines = [Line(f"{n:012d}", 1, cost, cost is None, 1, ("m",)) for n, cost in enumerate(costs)]
    report = Report("x", [Change(str(n), ChangeTitle("s", None, 0), [line], [str(n)]) for n, line in enumerate(lines)])
    found = distribution(report)
    assert [one for one in found if one[1]] == [("≤ $0.01", 1), ("≤ $1", 1), ("≤ $2", 1), ("≤ $10", 1), ("unpriced", 1)]
    assert ("≤ $5", 0) in found


class _Seen(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(page: str, tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The page on a server that remembers what it was asked for."""
    (tmp_path / "index.html").write_text(page)
    asked: list[str] = []
    handler = type("Handler", (_Seen,), {"asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    thread.join()
    server.server_close()


def browse(scratch: Path, address: str, *options: str) -> str:
    """What Chromium prints, with no other host in reach."""
    more = [f"--user-data-dir={scratch / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    asked = [str(CHROMIUM), *QUIET, *more, *options, address]
    environ = {"PATH": os.environ["PATH"], "HOME": str(scratch)}
    return subprocess.run(asked, env=environ, capture_output=True, text=True, check=True, timeout=90).stdout


def corner(png: bytes) -> tuple[int, ...]:
    """The first pixel: what the page's paper looks like."""
    assert png.startswith(b"\x89PNG")
    data, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        data += png[at + 8 : at + 8 + size] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += size + 12
    return tuple(zlib.decompress(data)[1:4])


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_browser_shows_it_light_dark_and_on_paper_and_asks_for_nothing(
    served: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = served
    text = Parsed(browse(tmp_path, address, "--dump-dom")).text
    assert "AI list cost of merged changes" in text
    assert "<script>alert(3)</script>" in text
    for scheme, paper in (("1", (255, 255, 255)), ("0", (0x12, 0x16, 0x1D))):
        picture = tmp_path / f"{scheme}.png"
        browse(tmp_path, address, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}")
        assert corner(picture.read_bytes()) == paper
    browse(tmp_path, address, f"--print-to-pdf={tmp_path / 'page.pdf'}")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "page.pdf").read_bytes())) <= 12
    assert set(asked) <= {"/", "/favicon.ico"}
