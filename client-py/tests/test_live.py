"""The notebook output, shown by IPython itself."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import read
from handmade import Instance

import shmpub


def test_keeps_itself_fresh(instance: Instance, directory: Path) -> None:
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    InteractiveShell.instance()
    feed = shmpub.subscribe("quotes", directory=directory)
    with capture_output() as captured:
        live = feed.live(rows=1)
        for n in (1, 2):
            instance.publish("quotes", read(f"a\n{n}{n}{n}\n7\n"), n)
            deadline = time.monotonic() + 20
            while f"sequence {n}" not in repr(live) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert f"sequence {n}, 2 rows" in repr(live)
        live.cancel()
        live._subscription._thread.join(20)
    pages = [output.data["text/html"] for output in captured.outputs]
    assert "nothing published yet" in pages[0]
    assert any("111" in page for page in pages)
    assert "222" in pages[-1]
    assert "<td>7</td>" not in pages[-1]
    InteractiveShell.clear_instance()


def test_without_a_notebook(instance: Instance, directory: Path) -> None:
    instance.publish("quotes", read("a\n5\n"), 1)
    script = (
        "import sys\n"
        "sys.modules['IPython'] = None\n"
        "import shmpub\n"
        "try:\n"
        f"    shmpub.subscribe('quotes', directory={str(directory)!r}).live()\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}"],
        capture_output=True,
        text=True,
    )
    assert "needs IPython" in done.stdout, done.stderr
