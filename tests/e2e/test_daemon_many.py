"""2,000 feeds in one daemon, under the descriptors that a service gets without asking."""

import resource
import time

import pytest
from conftest import until

FEEDS = 2000


@pytest.mark.timeout(300)
def test_two_thousand_feeds(daemon):
    d = daemon()
    feeds = {}
    for n in range(FEEDS):
        d.source(f"{n}.csv", f"number,text\n{n},row {n}\n{n + 1},row\n")
        feeds[f"f{n}"] = f"source = {n}.csv\ninterval = 1s"
    d.configure(feeds)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        d.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    arrows = {f"f{n}.arrow" for n in range(FEEDS)}
    until(lambda: arrows <= d.files(), seconds=120)
    for n in range(0, FEEDS, 97):
        assert list(d.feed(f"f{n}").df.number) == [n, n + 1]
    changed = range(0, FEEDS, 7)
    for n in changed:
        d.source(f"{n}.csv", f"number,text\n-{n},new\n")
    for n in changed:
        until(lambda n=n: list(d.feed(f"f{n}").df.number) == [-n], seconds=120)
    time.sleep(1.5)
    assert f"{FEEDS} feeds, " in d.log_text()  # by then ready, with as many as it had published
    assert "warning" not in d.log_text() and "error" not in d.log_text()
    for n in range(0, FEEDS, 2):
        del feeds[f"f{n}"]
    d.configure(feeds)
    d.reload()
    until(lambda: "f0.arrow" not in d.files() and "f1.arrow" in d.files(), seconds=120)
    assert d.stop() == 0
    assert d.files() == {"lock"}
