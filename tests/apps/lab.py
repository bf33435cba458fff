"""JupyterLab in Chromium: notebooks that are opened, run and looked at."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from conftest import BUILD, App, free_port, until

# The shell's current widget is the one with the focus: there may be none.
PANEL = "[...window.jupyterapp.shell.widgets('main')].find((w) => w.sessionContext)"
KERNEL = f"({PANEL}).sessionContext.session.kernel"
READY = f"""async () => {{
    const panel = window.jupyterapp && {PANEL};
    if (!panel || !panel.sessionContext.isReady || !panel.sessionContext.session) return false;
    const info = panel.sessionContext.session.kernel && panel.sessionContext.session.kernel.info;
    return Boolean(info && await Promise.race([info, new Promise((no) => setTimeout(no, 2000))]));
}}"""


class Lab:
    """A JupyterLab server without any setting of the user's."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "books"
        self.folder.mkdir()
        self.home = home
        quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
        (home / "config" / "labconfig").mkdir(parents=True)
        (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps(quiet))
        places = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.app = App(
            home,
            [
                *("-m", "jupyter", "lab", "--allow-root", "--no-browser", "--ip=127.0.0.1"),
                f"--port={port}",
                "--IdentityProvider.token=",
                "--ServerApp.disable_check_xsrf=True",
                f"--ServerApp.root_dir={self.folder}",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
            ],
            f"{self.url}/api",
            {
                "SHMPUB_DAEMON": str(BUILD / "daemon/shmpubd"),
                **{name: str(home / place) for name, place in places.items()},
            },
        )

    def write(self, name: str, cells: list[str]) -> str:
        book = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"c{n}",
                    "metadata": {},
                    "outputs": [],
                    "execution_count": None,
                    "source": source,
                }
                for n, source in enumerate(cells)
            ],
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.folder / name).write_text(json.dumps(book))
        return name

    def open(self, page: Any, name: str) -> Book:
        # Extensions of other packages make it ask whether to build itself anew.
        page.route("**/lab/api/build*", lambda route: route.abort())
        page.goto(f"{self.url}/lab/workspaces/{secrets.token_hex(4)}/tree/{name}?reset")
        page.wait_for_function("() => window.jupyterapp && window.jupyterapp.shell")

        def is_ready() -> bool:
            try:
                return bool(page.evaluate(READY))
            except Exception:  # the page loads itself anew
                return False

        until(is_ready, 120)
        return Book(page, self.home)

    def stop(self) -> None:
        self.app.stop()


class Book:
    """An open notebook."""

    def __init__(self, page: Any, home: Path) -> None:
        self.page = page
        self.home = home

    def command(self, name: str) -> None:
        self.page.evaluate(f"() => window.jupyterapp.commands.execute('{name}')")

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def run(self, source: str) -> None:
        """Run code in the kernel, beside the notebook's cells."""
        self.page.evaluate(
            f"""async (code) => {{
                await {KERNEL}.requestExecute({{code, store_history: false}}).done;
            }}""",
            source,
        )

    def begin(self, source: str) -> None:
        """Have the kernel run code, and do not wait for it."""
        self.page.evaluate(f"(code) => {{ {KERNEL}.requestExecute({{code}}); }}", source)

    def restart(self) -> None:
        self.page.evaluate(f"() => {KERNEL}.restart()")

    def says(self, source: str) -> str:
        """What an expression is in the kernel, as text."""
        path = self.home / f"said-{secrets.token_hex(4)}"
        self.run(f"__import__('pathlib').Path({str(path)!r}).write_text(str({source}))")
        return path.read_text()
