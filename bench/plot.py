"""The ratios as an SVG of our own: a bar for each file, its spread as a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

ROW, LEFT, WIDTH, TOP = 26, 150, 430, 46


def draw(path: Path, results: list[dict[str, Any]], title: str) -> None:
    most = max([r["ratio"]["max"] for r in results] + [2.0])
    scale = WIDTH / most
    height = TOP + ROW * len(results) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for i, r in enumerate(results):
        y, ratio = TOP + ROW * i, r["ratio"]
        middle = y + 8
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">'
            f"{escape(r['file'])}, {escape(r['variant'])}</text>",
            f'<rect x="{LEFT}" y="{y}" width="{ratio["median"] * scale:.1f}" height="16" '
            'fill="#4878a8"/>',
            f'<line x1="{LEFT + ratio["min"] * scale:.1f}" x2="{LEFT + ratio["max"] * scale:.1f}" '
            f'y1="{middle}" y2="{middle}" stroke="#222" stroke-width="1.5"/>',
            f'<text x="{LEFT + ratio["max"] * scale + 6:.1f}" y="{y + 12}">'
            f"{ratio['median']:.1f}</text>",
        ]
    one = LEFT + scale
    bottom = TOP + ROW * len(results)
    parts += [
        f'<line x1="{one:.1f}" x2="{one:.1f}" y1="{TOP - 8}" y2="{bottom}" stroke="#b03030" '
        'stroke-dasharray="4 3"/>',
        f'<text x="{one:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#b03030">'
        "1 = the fastest peer</text>",
        "</svg>",
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
