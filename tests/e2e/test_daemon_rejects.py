"""on_bad_lines = feed: what was left out is a feed of its own; max_rejects bounds it."""

import pandas as pd
import pytest
from conftest import run_shmpubd, until

TEXT = 'a,b\n1,x\n2,y,z\n"3\n3",v\n4,w,"q,\nr"\r\n\n5,u\n'
LEFT_OUT = pd.DataFrame(
    {
        "line": [3, 6],
        "reason": ["3 fields, expected 2"] * 2,
        "text": ["2,y,z", '4,w,"q,\nr"'],
    }
)


def serve(daemon, options="", text=TEXT):
    d = daemon()
    path = d.source("a.csv", text)
    d.configure({"a": f"source = a.csv\ninterval = 20ms\non_bad_lines = feed\n{options}"})
    return d.start(), path


def reload_with(d, options):
    d.configure({"a": f"source = a.csv\ninterval = 20ms\n{options}"})
    d.reload()


def test_a_table_of_what_was_left_out(daemon):
    d, _ = serve(daemon)
    assert list(d.feed("a").df.b) == ["x", "v", "u"]
    pd.testing.assert_frame_equal(d.feed("a.rejects").df, LEFT_OUT)
    assert d.status("a.rejects")["state"] == "fresh"
    assert d.status("a.rejects")["interval_ms"] == 20


def test_mended(daemon):
    d, path = serve(daemon)
    feed, rejects = d.feed("a"), d.feed("a.rejects")
    path.write_text("a,b\n1,x\n")
    until(lambda: len(feed.df) == 1)
    assert len(rejects.df) == 0 and list(rejects.df.columns) == list(LEFT_OUT.columns)
    assert [str(t) for t in rejects.df.dtypes] == ["int64", "str", "str"]
    path.write_text("a,b\n1,x\n2,y,\n")  # before the table shows it, the rejects do
    until(lambda: feed.sequence == 3)
    assert rejects.sequence >= 3 and list(rejects.df.text) == ["2,y,"]


def test_too_many(daemon):
    d, path = serve(daemon, "max_rejects = 1", "a,b\n1,x\n2,y,z\n")
    assert list(d.feed("a").df.b) == ["x"]
    path.write_text(TEXT)
    until(lambda: d.status("a")["state"] == "failing")
    line = d.status("a")["error"]
    assert line.endswith("a.csv:3: 3 fields, expected 2; 2 such rows, max_rejects is 1")
    assert list(d.feed("a").df.b) == ["x"]  # the last good one
    pd.testing.assert_frame_equal(d.feed("a.rejects").df, LEFT_OUT)
    looked = d.status("a.rejects")["refreshes"]
    until(lambda: d.status("a.rejects")["refreshes"] > looked + 2)
    assert d.status("a.rejects")["state"] == "fresh"  # they are what the source has
    path.unlink()
    until(lambda: d.status("a.rejects")["state"] == "failing")


def test_a_share(daemon):
    d, _ = serve(daemon, "max_rejects = 40%")
    assert len(d.feed("a").df) == 3  # two of five
    reload_with(d, "on_bad_lines = skip\nmax_rejects = 39.9%")
    until(lambda: d.status("a")["state"] == "failing")
    assert d.status("a")["error"].endswith(
        "3 fields, expected 2; 2 such rows of 5, max_rejects is 39.9%"
    )


def test_reload(daemon):
    d, _ = serve(daemon)
    reload_with(d, "on_bad_lines = skip")
    until(lambda: not d.status("a.rejects") and "a.rejects.arrow" not in d.files())
    assert d.status("a")
    reload_with(d, "on_bad_lines = feed")
    until(lambda: d.feed("a.rejects").sequence and len(d.feed("a.rejects").df) == 2)
    d.configure({"b": "source = a.csv\non_bad_lines = skip"})
    d.reload()
    until(lambda: d.status("b") and not d.status("a") and not d.status("a.rejects"))


def test_removed_by_somebody(daemon):
    d, _ = serve(daemon)
    file = d.shm / d.instance / "a.rejects.arrow"
    file.unlink()
    until(file.exists)
    pd.testing.assert_frame_equal(d.feed("a.rejects").df, LEFT_OUT)


def test_after_a_crash(daemon):
    d, _ = serve(daemon)
    sequence = d.feed("a.rejects").sequence
    d.kill()
    d.start()
    until(lambda: d.feed("a.rejects").sequence > sequence)
    pd.testing.assert_frame_equal(d.feed("a.rejects").df, LEFT_OUT)


def test_bytes_that_are_no_text_and_long_rows(daemon):
    d = daemon()
    path = d.source("a.csv", "a\n1\n")
    path.write_bytes(b"a\n1\n\xff\xfe,\xe4\xf6\n" + b"x," * 100_000 + b"\n")
    d.configure({"a": "source = a.csv\non_bad_lines = feed"})
    d.start()
    text = d.feed("a.rejects").df.text
    assert text[0] == "\ufffd\ufffd,\ufffd\ufffd" and len(text[1]) == 65536


def test_many(daemon):
    """More rows than the table of rejects has: it has the first ones, and the count is whole."""
    d, _ = serve(daemon, "", "a\n0\n" + "1,2\n" * 100_500)
    assert len(d.feed("a.rejects").df) == 100_000
    assert d.feed("a.rejects").df.line.iloc[-1] == 100_002
    assert len(d.feed("a").df) == 1


def test_tried_at_a_terminal(daemon):
    d, _ = serve(daemon, "max_rejects = 1")
    run = run_shmpubd("-c", d.ini, "--test", "a")
    assert "rows with too many fields that were left out: 2" in run.stdout
    assert "more than max_rejects: a refresh will fail" in run.stdout


def test_readable_by_the_same_users(daemon):
    d = daemon()
    d.source("a.csv", TEXT)
    d.configure({"a": "source = a.csv\non_bad_lines = feed\nfile_mode = 0640"})
    d.start()
    modes = {
        name: (d.shm / d.instance / f"{name}.arrow").stat().st_mode & 0o777
        for name in ("a", "a.rejects")
    }
    assert modes == {"a": 0o640, "a.rejects": 0o640}


FEED = "[feed a]\nsource = a.csv\n"


@pytest.mark.parametrize(
    ("ini", "text"),
    [
        (FEED + "max_rejects = some\n", "a number of rows, or a share"),
        (FEED + "max_rejects = 101%\n", "a number of rows, or a share"),
        (FEED + "on_bad_lines = warn\n", "error, skip or feed"),
        (f"[feed {'a' * 33}]\nsource = x\non_bad_lines = feed\n", "longer than 40"),
        (
            FEED + "on_bad_lines = feed\n[feed a.rejects]\nsource = x\n",
            "on_bad_lines = feed needs the name a.rejects, which is already that of",
        ),
        ("[daemon]\nmax_feeds = 1\n" + FEED + "on_bad_lines = feed\n", "2 feeds, max_feeds is 1"),
    ],
)
def test_refused(tmp_path, ini, text):
    (tmp_path / "shmpubd.ini").write_text(ini)
    run = run_shmpubd("-c", tmp_path / "shmpubd.ini", "--check")
    assert run.returncode == 1 and text in run.stdout + run.stderr
