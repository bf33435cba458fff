"""What notebooks show of a Feed, a Snapshot and a list of feeds, as HTML.

A page of this kind never raises: what can't be shown is told in its place. All text is escaped,
because names, cells and reasons come from whoever wrote the source.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from ._feed import Feed
    from ._snapshot import Snapshot

_HEAD = 5  # rows of a table that are shown
_MOST_FEEDS = 200  # rows of a list that are shown

# JupyterLab tells its theme by variables; elsewhere the reader's own preference counts.
STYLE = """\
.shmpub { --shmpub-ink: #1f2328; --shmpub-faint: #656d76; --shmpub-line: #d0d7de;
 --shmpub-good: #1a7f37; --shmpub-warn: #9a6700; --shmpub-bad: #cf222e; --shmpub-off: #57606a;
 color: var(--jp-ui-font-color1, var(--shmpub-ink)); font-size: 13px }
@media (prefers-color-scheme: dark) { .shmpub { --shmpub-ink: #e6edf3; --shmpub-faint: #9198a1;
 --shmpub-line: #3d444d } }
.shmpub .shmpub-about { margin: 0 0 .4em }
.shmpub .shmpub-facts { color: var(--jp-ui-font-color2, var(--shmpub-faint)) }
.shmpub .shmpub-badge { border-radius: 3px; color: #fff; font-size: 11px; font-weight: 600;
 margin: 0 .3em; padding: 1px 6px; background: var(--shmpub-off) }
.shmpub .shmpub-fresh { background: var(--shmpub-good) }
.shmpub .shmpub-stale { background: var(--shmpub-warn) }
.shmpub .shmpub-failing, .shmpub .shmpub-gone, .shmpub .shmpub-error {
 background: var(--shmpub-bad) }
.shmpub td, .shmpub th { color: inherit; border-color: var(--jp-border-color2, var(--shmpub-line)) }
"""


def of_feed(feed: Feed) -> str:
    """The feed's state, the facts of its newest table, and the table's first rows."""
    try:
        state, why, age = feed.state, feed.last_error, feed.age
    except Exception as error:
        return _page(_about(feed.name, "error", [], _said(error)))
    try:
        snapshot = feed._newest()[0]
    except Exception as error:
        return _page(_about(feed.name, state, [], why or _said(error)))
    facts = [*_facts(snapshot), f"data {rough(age)} old" if age is not None else ""]
    return _page(_about(feed.name, state, facts, why) + _head(snapshot))


def of_snapshot(snapshot: Snapshot) -> str:
    """The facts of one version of a table, and its first rows. Its feed may be further by now."""
    facts = [*_facts(snapshot), f"published {rough(snapshot.age)} ago"]
    return _page(_about(snapshot._feed, "", facts, "") + _head(snapshot))


def of_list(frame: pd.DataFrame) -> str:
    """A list of feeds, as shmpub.feeds() gives it, with a badge for each state."""
    rows = []
    for name, row in frame.head(_MOST_FEEDS).iterrows():
        cells = [f"<th>{escape(str(name))}</th>", f"<td>{badge(row['state'])}</td>"]
        cells += [f"<td>{row[key]:,}</td>" for key in ("sequence", "rows", "columns", "bytes")]
        cells += [f"<td>{_since(row[key])}</td>" for key in ("age", "looked")]
        cells.append(f'<td style="text-align: left">{escape(row["last_error"])}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    titles = ("feed", "state", "sequence", "rows", "columns", "bytes", "age", "looked", "reason")
    head = "".join(f"<th>{title}</th>" for title in titles)
    more = len(frame) - len(rows)
    refused = frame.attrs.get("config_refused")
    return _page(
        f'<table class="dataframe"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
        + (f"<p>and {more} more feeds</p>" if more else "")
        + ("" if len(frame) else "<p>the instance has no feeds</p>")
        + (f"<p>a changed configuration was refused at {refused:%F %T} UTC</p>" if refused else "")
    )


def badge(state: str) -> str:
    """The state in capitals, in a colour that says whether it is well."""
    return f'<span class="shmpub-badge shmpub-{escape(state)}">{escape(state.upper())}</span>'


def rough(age: timedelta) -> str:
    """The time in whole units, of the largest unit that fits, so that the text seldom changes."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _facts(snapshot: Snapshot) -> list[str]:
    columns = len(snapshot._layout.schema.columns)
    return [f"sequence {snapshot.sequence}", f"{len(snapshot):,} rows", f"{columns} columns"]


def _about(name: str, state: str, facts: list[str], why: str) -> str:
    told = ", ".join(fact for fact in facts if fact)
    return (
        f'<p class="shmpub-about"><b>{escape(name)}</b>{badge(state) if state else " "}'
        f'<span class="shmpub-facts">{told}</span>'
        + (f"<br><span>{escape(why)}</span>" if why else "")
        + "</p>"
    )


def _head(snapshot: Snapshot) -> str:
    """The first rows as pandas shows them: it escapes names and cells, and cuts long ones."""
    try:
        width = pd.get_option("display.max_columns") or None
        frame = snapshot.df.head(_HEAD)
        page: str = frame.to_html(max_cols=width, border=0, notebook=True, escape=True)
        return page
    except Exception as error:
        return f"<p>the table can't be shown: {escape(_said(error))}</p>"


def _said(error: Exception) -> str:
    from ._errors import Error

    return str(error) if isinstance(error, Error) else f"{type(error).__name__}: {error}"


def _since(age: pd.Timedelta) -> str:
    return "" if pd.isna(age) else rough(age)


def _page(body: str) -> str:
    # Prices are no formulas: both versions of MathJax leave out what has their class.
    return f'<div class="shmpub tex2jax_ignore mathjax_ignore"><style>{STYLE}</style>{body}</div>'
