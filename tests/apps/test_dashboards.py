"""The example dashboards, looked at in Chromium: each page changes by itself with its source."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import pytest
import shmpub
from conftest import BLOCKS, ROOT, App, Served, free_port, until

EXAMPLES = ROOT / "examples" / "dashboards"
COMMANDS = {
    "streamlit": (
        "-m streamlit run {app} --server.port {port} --server.address 127.0.0.1 "
        "--server.headless true --browser.gatherUsageStats false"
    ),
    "panel": "-m panel serve {app} --port {port} --address 127.0.0.1",
    "dash": "-m uvicorn --app-dir {folder} dash_app:server --port {port}",
    "marimo": "-m marimo run {app} --headless --no-token --host 127.0.0.1 --port {port}",
    "shiny": "-m shiny run {app} --host 127.0.0.1 --port {port}",
}


SHORT = pytest.param("streamlit", marks=pytest.mark.short)


@pytest.mark.parametrize("name", [SHORT, *sorted(COMMANDS.keys() - {"streamlit"})])
def test_the_page_follows_the_source(
    name: str,
    start: Callable[[list[str], str], App],
    served: Served,
    page: Any,
    shoot: Callable[[Any, str], Any],
) -> None:
    pytest.importorskip(name)
    app, port = EXAMPLES / f"{name}_app.py", free_port()
    command = COMMANDS[name].format(app=app, folder=EXAMPLES, port=port).split()
    path = "/panel_app" if name == "panel" else "/"
    page.goto(start(command, f"http://127.0.0.1:{port}{path}").url)
    shown = page.get_by_text("highest bid")  # it looks into shadow roots, too

    def shows(price: float) -> bool:
        return any(f"{price:.2f}" in text for text in shown.all_inner_texts())

    until(lambda: shows(1001.25))
    for _ in range(3):
        price = served.write()
        until(lambda price=price: shows(price), 20)  # type: ignore[misc]
    if name == "streamlit":  # a widget works while the page waits for news
        page.get_by_label("Note").fill("hello")
        page.get_by_label("Note").press("Enter")
        page.wait_for_selector("text=You wrote: hello")
        price = served.write()
        until(lambda: shows(price), 20)
    served.write(text="time,symbol,bid,ask,size\n1,2,3,4,5\n1,2,3,4,5,6,7\n")
    feed = shmpub.subscribe("quotes", served.instance, directory=served.shm)
    until(lambda: feed.last_error)
    page.wait_for_timeout(500)  # the last good one stays
    assert shows(price)
    price = served.write()
    until(lambda: shows(price), 20)
    if name != "streamlit":  # that of the start page is the one in the docs
        shoot(page, name)


def test_the_start_page(
    start: Callable[[list[str], str], App],
    served: Served,
    page: Any,
    shoot: Callable[[Any, str], Any],
) -> None:
    """The dashboard of docs/start.md. Streamlit draws tables on a canvas, with texts."""
    app, port = served.folder / "app.py", free_port()
    app.write_text(BLOCKS["start-streamlit"])
    command = COMMANDS["streamlit"].format(app=app, port=port).split()
    page.goto(start(command, f"http://127.0.0.1:{port}").url)
    page.wait_for_selector("[data-testid=stDataFrame]")

    def shows(text: str) -> bool:
        cells = page.locator("[data-testid=stDataFrame] td").all_text_contents()
        return any(text in cell for cell in cells)

    until(lambda: shows("299"))  # the size in the last row
    served.write(300)
    until(lambda: shows("399"), 20)
    page.wait_for_timeout(500)  # the canvas follows
    shoot(page, "streamlit")


@pytest.mark.parametrize("name", COMMANDS)
def test_without_the_framework(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the command that installs it."""
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"shmpub.ext.{name}", raising=False)
    with pytest.raises(ImportError, match="pip install"):
        importlib.import_module(f"shmpub.ext.{name}")
