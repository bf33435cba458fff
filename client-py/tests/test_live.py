"""The notebook output: in IPython's own shell, and in notebooks that nbclient runs in a kernel."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import read
from handmade import Instance

import shmpub
from shmpub import _live

ROWS = pd.DataFrame({"a": range(1000, 1020), "b": [0.123456789] * 20})


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_over() -> bool:
    gc.collect()
    return not any(thread.name == "shmpub-live" for thread in threading.enumerate())


@pytest.fixture
def shell() -> Iterator[Any]:
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()
    for view in list(_live._views):
        view.is_cancelled = True
    until(is_over)


@pytest.fixture
def captured(shell: Any) -> Iterator[Any]:
    from IPython.utils.capture import capture_output

    with capture_output() as output:
        yield output


def pages(captured: Any) -> list[str]:
    return [output.data["text/html"] for output in captured.outputs]


def test_begins_with_the_newest(instance: Instance, directory: Path, captured: Any) -> None:
    instance.publish("quotes", read("a\n111\n7\n"), 3)
    live = shmpub.subscribe("quotes", directory=directory).live()
    assert len(pages(captured)) == 1
    assert "111" in pages(captured)[0]
    assert "quotes: sequence 3, 2 rows, published" in pages(captured)[0]
    assert "data 0 s old" in repr(live)


def test_keeps_itself_fresh(instance: Instance, directory: Path, captured: Any) -> None:
    instance.slot("quotes")
    live = shmpub.subscribe("quotes", directory=directory).live(rows=1)
    assert "quotes was not published yet" in pages(captured)[0]
    for n in (1, 2):
        instance.publish("quotes", read(f"a\n{n}{n}{n}\n7\n"), n)
        until(lambda n=n: f"sequence {n}, 2 rows" in pages(captured)[-1])
        assert f"{n}{n}{n}" in pages(captured)[-1]
    assert "<td>7</td>" not in pages(captured)[-1]
    live.cancel()
    until(is_over)
    assert "no longer followed" in pages(captured)[-1]
    assert "222" in pages(captured)[-1]


def test_tells_why_as_df_does(instance: Instance, directory: Path, captured: Any) -> None:
    views = [shmpub.subscribe("quotes", instance="other", directory=directory).live()]
    instance.publish("quotes", ROWS, 1)
    views.append(shmpub.subscribe("qoutes", directory=directory).live())
    instance.fail("late", "/data/late.csv: no such file")
    views.append(shmpub.subscribe("late", directory=directory).live())
    instance.place("broken", b"no Arrow file")
    instance.announce("broken", 1)
    views.append(shmpub.subscribe("broken", directory=directory).live())
    for page, want in zip(
        pages(captured)[:4],
        ("nothing is published at", "&#x27;quotes&#x27;", "no such file", "broken.arrow"),
        strict=True,
    ):
        assert want in page
    views.clear()


def test_tells_the_state(instance: Instance, directory: Path, captured: Any) -> None:
    instance.publish("quotes", ROWS, 1)
    live = shmpub.subscribe("quotes", directory=directory).live()
    instance.announce("quotes", 2, mtime_ns=time.time_ns() - 7300 * 10**9)
    until(lambda: "data 2 h old" in pages(captured)[-1])
    instance.fail("quotes", "line 7: 3 fields")
    until(lambda: "failing: line 7: 3 fields" in pages(captured)[-1])
    instance.set_state(3)
    until(lambda: "publisher gone: stopped" in pages(captured)[-1])
    assert "1019" in pages(captured)[-1]
    live.cancel()


def test_a_removed_feed_leaves_its_table(
    instance: Instance, directory: Path, captured: Any
) -> None:
    instance.publish("quotes", ROWS, 1)
    live = shmpub.subscribe("quotes", directory=directory).live()
    instance.remove("quotes")
    until(lambda: "has no feed" in pages(captured)[-1])
    assert "1019" in pages(captured)[-1]
    live.cancel()


def test_obeys_pandas_options(instance: Instance, directory: Path, captured: Any) -> None:
    instance.publish("quotes", ROWS, 1)
    feed = shmpub.subscribe("quotes", directory=directory)
    for options in (
        ("display.max_rows", 60),
        ("display.max_rows", 4),
        ("display.max_columns", 1),
        ("display.precision", 2),
        ("display.show_dimensions", True),
    ):
        with pd.option_context(*options):
            page = feed.live()._repr_html_()
            assert page is not None
            assert feed.df._repr_html_() in page
            assert repr(feed.live()).endswith(repr(feed.df))
    with pd.option_context("display.notebook_repr_html", False):
        assert feed.live()._repr_html_() is None
    assert repr(feed.live(rows=3)).endswith(repr(feed.df.head(3)))


@pytest.mark.parametrize("rows", ["3", 1.5])
def test_rows_are_checked(directory: Path, rows: Any) -> None:
    feed = shmpub.subscribe("quotes", directory=directory)
    with pytest.raises(TypeError):
        feed.live(rows)
    with pytest.raises(ValueError, match="rows"):
        feed.live(-1)


def test_one_thread_for_all(instance: Instance, directory: Path, captured: Any) -> None:
    views = []
    for n in range(10):
        instance.publish(f"f{n}", ROWS, 1)
        views.append(shmpub.subscribe(f"f{n}", directory=directory).live())
    assert sum(t.name.startswith("shmpub") for t in threading.enumerate()) == 1
    for n in range(10):
        instance.publish(f"f{n}", ROWS, 2)
    until(lambda: sum("sequence 2" in page for page in pages(captured)) == 10)
    del views[5:]
    until(lambda: sum("no longer followed" in page for page in pages(captured)) == 5)
    views.clear()
    until(is_over)


def test_at_most_four_updates_a_second(instance: Instance, directory: Path, captured: Any) -> None:
    instance.publish("quotes", ROWS, 1)
    start = time.monotonic()
    live = shmpub.subscribe("quotes", directory=directory).live()
    n = 1
    while time.monotonic() < start + 1.5:
        n += 1
        instance.publish("quotes", ROWS, n)
    live.cancel()
    until(is_over)
    assert 1 < len(pages(captured)) <= 2 + 4 * (time.monotonic() - start)


def test_a_front_end_that_fails_ends_it(
    instance: Instance, directory: Path, captured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.publish("quotes", ROWS, 1)
    live = shmpub.subscribe("quotes", directory=directory).live()

    def fail(*_: object, **__: object) -> None:
        raise OSError("closed")

    monkeypatch.setattr(live._view._handles[0], "update", fail)
    instance.publish("quotes", ROWS, 2)
    until(is_over)


def test_a_terminal_shows_it_once(
    instance: Instance, directory: Path, monkeypatch: pytest.MonkeyPatch, captured: Any
) -> None:
    monkeypatch.setattr(_live, "_is_terminal", lambda shell: True)
    instance.publish("quotes", ROWS, 1)
    live = shmpub.subscribe("quotes", directory=directory).live()
    assert is_over()
    assert "sequence 1" in repr(live)


@pytest.mark.parametrize("has_ipython", [True, False])
def test_without_a_notebook(instance: Instance, directory: Path, has_ipython: bool) -> None:
    instance.publish("quotes", read("a\n5\n"), 1)
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        + ("" if has_ipython else "sys.modules['IPython'] = None\n")
        + "import shmpub, threading\n"
        "try:\n"
        f"    shmpub.subscribe('quotes', directory={str(directory)!r}).live()\n"
        "    print(threading.active_count(), 'thread')\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if has_ipython:
        pytest.importorskip("IPython")
        assert "quotes: sequence 1, 1 rows" in done.stdout, done.stderr
        assert done.stdout.endswith("1 thread\n")
    else:
        assert "needs IPython" in done.stdout, done.stderr


# --- in a kernel ----------------------------------------------------------------------------------


class Notebook:
    """Runs cells in a real kernel, one after the other."""

    def __init__(self) -> None:
        nbclient = pytest.importorskip("nbclient")
        pytest.importorskip("ipykernel")
        self.format = pytest.importorskip("nbformat").v4
        self.book = self.format.new_notebook()
        self.client = nbclient.NotebookClient(self.book, timeout=50, kernel_name="python3")

    def run(self, source: str) -> list[str]:
        """The cell's outputs, as text."""
        cell = self.format.new_code_cell(source)
        self.book.cells.append(cell)
        self.client.execute_cell(cell, len(self.book.cells) - 1)
        return self.outputs(len(self.book.cells) - 1)

    def outputs(self, index: int) -> list[str]:
        """The outputs after some time."""
        return [
            output.get("text") or output["data"].get("text/html", "no html")
            for output in self.book.cells[index].outputs
        ]


PRELUDE = """
import sys; sys.modules["anywidget"] = None  # the HTML, also where the widget can be had
import gc, shmpub, threading, time
from shmpub import _live
def threads(): return sum("shmpub" in t.name for t in threading.enumerate())
def until(condition):
    end = time.monotonic() + 30
    while not condition(): assert time.monotonic() < end; time.sleep(.02)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    path = str(tmp_path_factory.mktemp("jupyter"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setenv("IPYTHONDIR", path)
        patch.setenv("JUPYTER_RUNTIME_DIR", path)
        book = Notebook()
        with book.client.setup_kernel():
            book.run(PRELUDE)
            yield book


@pytest.fixture
def notebook(kernel: Notebook, directory: Path) -> Iterator[Notebook]:
    kernel.run(f"feed = shmpub.subscribe('quotes', directory={str(directory)!r})")
    yield kernel
    kernel.run("for view in list(_live._views): view.is_cancelled = True")
    kernel.run("until(lambda: not threads())")


# Warnings from Jupyter's own libraries, when they end.
@pytest.mark.filterwarnings("ignore")
class TestInAKernel:
    def test_shows_once_and_begins_with_the_newest(
        self, notebook: Notebook, instance: Instance
    ) -> None:
        instance.publish("quotes", ROWS, 1)
        for source in ("feed.live()", "view = feed.live()\nview", "view = feed.live()"):
            outputs = notebook.run(source)
            assert len(outputs) == 1, source
            assert "sequence 1" in outputs[0]
            assert "1019" in outputs[0]

    def test_goes_on_after_its_cell(self, notebook: Notebook, instance: Instance) -> None:
        """The Live object is kept by a variable, by the notebook's Out, or not at all."""
        instance.publish("quotes", ROWS, 1)
        kept = len(notebook.book.cells)
        notebook.run("view = feed.live()\nprint('more')")
        notebook.run("feed.live()")
        notebook.run("feed.live()\nprint('more')")
        instance.publish("quotes", ROWS, 2)

        def newest(index: int) -> bool:
            return any("sequence 2" in output for output in notebook.outputs(index))

        until(
            lambda: notebook.run("time.sleep(.1)") == [] and all(map(newest, range(kept, kept + 3)))
        )
        assert notebook.run("print(threads())") == ["1\n"]

    def test_ends_with_its_object(self, notebook: Notebook, instance: Instance) -> None:
        instance.publish("quotes", ROWS, 1)
        notebook.run("view = feed.live()")
        assert notebook.run("print(threads())") == ["1\n"]
        notebook.run("del view; gc.collect(); until(lambda: not threads())")

    def test_ends_when_it_is_cancelled(self, notebook: Notebook, instance: Instance) -> None:
        instance.publish("quotes", ROWS, 1)
        index = len(notebook.book.cells)
        notebook.run("feed.live()")
        notebook.run("_.cancel(); until(lambda: not threads())")
        assert "no longer followed" in notebook.outputs(index)[0]

    def test_ends_when_its_cell_is_run_again(self, notebook: Notebook, instance: Instance) -> None:
        """Sends the cell's id, as front ends do and nbclient does not."""
        instance.publish("quotes", ROWS, 1)
        execute = notebook.client.kc.execute

        def tell_cell(code: str, **options: Any) -> Any:
            message = notebook.client.kc.session.msg(
                "execute_request",
                {
                    "code": code,
                    "silent": False,
                    "store_history": True,
                    "user_expressions": {},
                    "allow_stdin": False,
                    "stop_on_error": True,
                },
            )
            message["metadata"] = {"cellId": "the same"}
            notebook.client.kc.shell_channel.send(message)
            return message["header"]["msg_id"]

        notebook.client.kc.execute = tell_cell
        for _ in range(3):
            notebook.run("feed.live()")
        notebook.client.kc.execute = execute
        notebook.run("until(lambda: len(_live._views) == 1)")
