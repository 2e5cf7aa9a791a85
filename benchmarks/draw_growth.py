"""Draws the tables under "Growth" in docs/performance.md into docs/pictures/growth.svg, from the figures in them.

python benchmarks/draw_growth.py
"""

import re
from math import log10
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE, PICTURE = ROOT / "docs/performance.md", ROOT / "docs/pictures/growth.svg"
COLORS = {"`tokcost log`": "#1f6feb", "`tokcost status`": "#8250df", "`git commit` with our hooks": "#bf5700"}
PANELS = {"usage": "responses in the ledger", "commits": "commits in the history", "branches": "local branches"}
WIDTH, HEIGHT, LEFT, TOP, GAP = 220, 150, 50, 50, 30
LOWEST, HIGHEST = 50.0, 2000.0
"""Milliseconds at the foot and at the head of a panel; both axes are logarithmic."""


def rows(page: str) -> dict[str, list[tuple[int, list[float]]]]:
    """By what grows: how many there are, and the milliseconds of the columns of `COLORS`."""
    table = page.split("Growth with the ledger", 1)[1].split("|---", 1)[1].split("\n\n", 1)[0]
    found: dict[str, list[tuple[int, list[float]]]] = {}
    kind = ""
    for line in table.splitlines()[1:]:
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        kind = next((one for one in PANELS if one in name), kind)
        figures = [float(cell.replace(",", "")) for cell in cells[:3]]
        number = re.match(r"[\d,]+", name)
        assert number is not None, line
        found.setdefault(kind, []).append((int(number[0].replace(",", "")), figures))
    return found


def _height(milliseconds: float) -> float:
    share = (log10(milliseconds) - log10(LOWEST)) / (log10(HIGHEST) - log10(LOWEST))
    return TOP + HEIGHT * (1 - share)


def _panel(number: int, kind: str, points: list[tuple[int, list[float]]]) -> list[str]:
    left = LEFT + number * (WIDTH + GAP)
    step = (WIDTH - 60) / (len(points) - 1)
    at = [left + 30 + step * index for index in range(len(points))]
    lines = [f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 40}" text-anchor="middle">{PANELS[kind]}</text>']
    for limit in (50, 100, 200, 500, 1000, 2000):
        y = _height(limit)
        lines.append(f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="#8b949e" stroke-opacity=".4"/>')
        if not number:
            lines.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{limit:,}</text>')
    for x, (many, _) in zip(at, points, strict=True):
        lines.append(f'<text x="{x:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{many:,}</text>')
    for column, color in enumerate(COLORS.values()):
        dots = [(x, _height(figures[column])) for x, (_, figures) in zip(at, points, strict=True)]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        lines.append(f'<polyline points="{way}" fill="none" stroke="{color}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in dots]
    return lines


def drawing(page: str) -> str:
    """The picture of the page's tables."""
    found = rows(page)
    width, height = LEFT + 3 * (WIDTH + GAP), TOP + HEIGHT + 55
    told = "; ".join(
        f"{PANELS[kind]}: " + ", ".join(f"{many:,}: {' / '.join(f'{one:g}' for one in ms)} ms" for many, ms in points)
        for kind, points in found.items()
    )
    names = " / ".join(name.replace("`", "") for name in COLORS)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="title told" font-family="sans-serif" font-size="11" fill="#6e7781">',
        '<title id="title">Growth: milliseconds of CPU time, on logarithmic axes</title>',
        f'<desc id="told">{names}. {told}.</desc>',
        f'<text x="{LEFT - 44}" y="34">CPU ms</text>',
    ]
    for number, (name, color) in enumerate(COLORS.items()):
        lines.append(f'<text x="{LEFT + 20 + number * 150}" y="16" fill="{color}">{name.replace("`", "")}</text>')
    for number, kind in enumerate(PANELS):
        lines += _panel(number, kind, found[kind])
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(drawing(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
