"""shmpubd --check: every mistake is told with its file and line, a good file in silence."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, SHMPUBD, needs_root, run_shmpubd

FEED = "[feed a]\nsource = a.csv\n"

# label: (text, line, what the message holds)
BAD = {
    "unknown section": ("[demon]\n", 1, "unknown section [demon], did you mean [daemon]?"),
    "unknown section, feed": ("[fed a]\n", 1, "did you mean [feed NAME]?"),
    "unknown section, no idea": ("[logging]\n", 1, "[daemon] or [feed NAME] wanted"),
    "feed without a name": ("[feed]\n", 1, "a feed without a name"),
    "feed name": ("[feed a/b]\nsource = x\n", 1, "feed name 'a/b'"),
    "feed name, dot first": ("[feed .a]\nsource = x\n", 1, "feed name '.a'"),
    "feed name, 41": (f"[feed {'a' * 41}]\nsource = x\n", 1, "1 to 40"),
    "unknown key": (FEED + "intervall = 5s\n", 3, "did you mean 'interval'?"),
    "unknown CSV option": (FEED + "index-col = a\n", 3, "did you mean 'index_col'?"),
    "unknown key in daemon": ("[daemon]\nworker = 1\n", 2, "did you mean 'workers'?"),
    "feed key in daemon": ("[daemon]\nsource = x\n", 2, "unknown key 'source' in [daemon]"),
    "key like no other": (FEED + "colour = red\n", 3, "unknown key 'colour'"),
    "key before a section": ("interval = 5s\n", 1, "before the first section"),
    "key twice": (FEED + "interval = 5s\ninterval = 6s\n", 4, "interval is set twice"),
    "dtype twice": (FEED + "dtype.a = str\ndtype.a = str\n", 4, "dtype.a is set twice"),
    "duration": (FEED + "interval = 5\n", 3, "'5' is no duration"),
    "duration, word": (FEED + "interval = often\n", 3, "ms, s, m or h"),
    "duration, negative": (FEED + "interval = -1s\n", 3, "is no duration"),
    "duration, huge": (FEED + "interval = 99999999h\n", 3, "not within"),
    "size": ("[daemon]\nmax_bytes = 1 GB\n", 2, "'1 GB' is no size"),
    "size, small": (FEED + "max_row_bytes = 1000K\n", 3, "is not within 1M and 1024M"),
    "size, large": (FEED + "max_row_bytes = 2G\n", 3, "is not within 1M and 1024M"),
    "count": ("[daemon]\nworkers = 1000\n", 2, "from 0 to 256"),
    "mode": (FEED + "file_mode = 0666\n", 3, "file_mode"),
    "mode, not octal": (FEED + "file_mode = 0648\n", 3, "file_mode"),
    "mode, unreadable": (FEED + "file_mode = 0044\n", 3, "file_mode"),
    "group": (FEED + "group = no-such-group\n", 3, "no group is named"),
    "yes or no": ("[daemon]\nkeep_on_exit = true\n", 2, "yes or no wanted"),
    "log level": ("[daemon]\nlog_level = loud\n", 2, "error, warning, info or debug"),
    "log format": ("[daemon]\nlog_format = json\n", 2, "auto, text, logfmt or journal wanted"),
    "instance": ("[daemon]\ninstance = a.b\n", 2, "instance"),
    "no source": ("[feed a]\ninterval = 5s\n", 1, "no source"),
    "empty section": ("[feed a]\n[feed b]\nsource = x\n", 1, "no source"),
    "empty source": ("[feed a]\nsource =\n", 2, "no value"),
    "command, none": ("[feed a]\nsource = exec:\n", 2, "exec: no word"),
    "command, no name": ("[feed a]\nsource = exec: '' x\n", 2, "exec: the program has no name"),
    "command, open quote": ("[feed a]\nsource = exec: a 'b\n", 2, "exec: a ' without its end"),
    "command, no text": ("[feed a]\nsource = shell:\n", 2, "shell: a command wanted"),
    "environment": (
        "[feed a]\nsource = exec: a\nenvironment = X=1 =2\n",
        3,
        "environment: NAME=VALUE wanted",
    ),
    "environment, quote": (
        "[feed a]\nsource = exec: a\nenvironment = X='1\n",
        3,
        "environment: a ' without its end",
    ),
    "user": (
        "[feed a]\nsource = exec: a\nuser = no-such-user\n",
        3,
        "user: no user is named 'no-such-user'",
    ),
    "timeout": ("[feed a]\nsource = exec: a\ntimeout = 0\n", 3, "timeout: '0' is not within 1ms"),
    "source, class of a pattern": (
        "[feed a]\nsource = a[[:digit:]].csv\n",
        2,
        "'[:', '[.' and '[=' in a pattern are not served",
    ),
    "feed twice": (FEED + FEED, 3, "feed a is already that of"),
    "segment twice": (
        "[feed a]\nsource = a\ncsv_segment = s\n[feed b]\nsource = b\narray_segment = s\n"
        "array_dtype = int32\n",
        4,
        "segment s is already that of",
    ),
    "segment twice in a feed": (
        FEED + "csv_segment = s\narray_segment = s\narray_dtype = int8\n",
        1,
        "segment s is already that of",
    ),
    "segment with a slash": (FEED + "csv_segment = a/b\n", 3, "a name under /dev/shm"),
    "segment hidden": (FEED + "csv_segment = .a\n", 3, "a name under /dev/shm"),
    "segment of the instance": (FEED + "csv_segment = shmpub\n", 1, "the instance's name"),
    "array without dtype": (FEED + "array_segment = s\n", 1, "array_segment without array_dtype"),
    "dtype without array": (FEED + "array_dtype = int8\n", 1, "need array_segment"),
    "array dtype": (FEED + "array_segment = s\narray_dtype = int\n", 4, "int8 to int64"),
    "mode without segment": (FEED + "segment_mode = 0660\n", 1, "segment_mode without"),
    "room without segment": (FEED + "segment_room = 1G\n", 1, "segment_room without"),
    "segment_room": (FEED + "csv_segment = s\nsegment_room = 1X\n", 4, "is no size"),
    "CSV option's value": (FEED + "dtype.a = integer\n", 3, "dtype"),
    "delimiter": (FEED + "delimiter = ;;\n", 3, "delimiter"),
    "delimiter semicolon": (FEED + "delimiter = ;\n", 3, "semicolon"),
    "too many feeds": ("[daemon]\nmax_feeds = 1\n" + FEED + "[feed b]\nsource = b\n", 5, "2 feeds"),
    # what inih would do silently
    "long section": (f"[feed {'a' * 60}]\nsource = x\n", 1, "longer than 49"),
    "long line": (FEED + f"na_values = {'a,' * 100}\n", 3, "longer than 199"),
    "long name": (FEED + f"dtype.{'a' * 50} = str\n", 3, "longer than 49"),
    "comment in a value": (FEED + "na_values = a ;b\n", 3, "begins a comment"),
    "colon": (FEED + "interval: 5s\n", 3, "'=' or ':'"),
    "indented key": ("[feed a]\n  source = a.csv\n  interval = 5s\n", 3, "beginning"),
    "indented section": (FEED + "  [feed b]\n", 3, "beginning"),
    "text after a section": ("[feed a] b\nsource = x\n", 1, "after a section"),
    "UTF-16": ("[daemon]\n".encode("utf-16"), 1, "UTF-16"),
    "no =": (FEED + "interval\n", 3, "no '='"),
}

# Mistakes that are told once, without problems that only follow from them.
ONE_LINE = {
    "no feed": ("", 1, "no feed: a section [feed NAME] with a source is wanted"),
    "only comments": ("; [feed a]\n;source = a.csv\n", 2, "no feed"),
    "no feed, only the daemon": ("[daemon]\nworkers = 2\n\n", 3, "no feed"),
    "no feed, nothing included": ("[daemon]\ninclude = none/*.ini\n", 2, "no feed"),
    "the only feed's name": ("[feed a b]\nsource = x\n", 1, "feed name 'a b'"),
    "the only feed's section": ("[fed a]\nsource = x\n", 1, "unknown section"),
    "the only section, open": ("[feed a\nsource = x\n", 1, "without ']'"),
    "no section": ("source = x\n", 1, "before the first section"),
    "source, comment": ("[feed a]\nsource = x.csv # c\n", 2, "'#' begins a comment only at"),
    "source, empty comment": ("[feed a]\nsource = x.csv #\n", 2, "'#' begins a comment only at"),
    "source, quotes": ('[feed a]\nsource = "x.csv"\n', 2, "values stand without quotes"),
    "source, single quotes": ("[feed a]\nsource = 'x.csv'\n", 2, "values stand without quotes"),
    "source, tilde": ("[feed a]\nsource = ~/x.csv\n", 2, "'~' is not expanded"),
    "source, ftp": ("[feed a]\nsource = ftp://h/x.csv\n", 2, "'ftp://' is not served yet"),
    "source, s3": ("[feed a]\nsource = s3://b/x.csv\n", 2, "'s3://' is not served yet"),
    "source, HTTP": ("[feed a]\nsource = HTTP://h/x.csv\n", 2, "'HTTP://' is not served yet"),
    "source, anything": ("[feed a]\nsource = git+ssh://h/x\n", 2, "'git+ssh://' is not served"),
    "source, file": ("[feed a]\nsource = file:///x.csv\n", 2, "without 'file://'"),
    "source, misspelt": ("[feed a]\nsorce = x.csv\n", 2, "did you mean 'source'?"),
    "directory, tilde": ("[daemon]\ndirectory = ~/shm\n" + FEED, 2, "'~' is not expanded"),
    "directory, quotes": ('[daemon]\ndirectory = "/x"\n' + FEED, 2, "without quotes"),
    "include, comment": ("[daemon]\ninclude = d/*.ini # more\n" + FEED, 2, "'#' begins"),
    "interval, comment": (FEED + "interval = 5s # fast\n", 3, "no duration: a whole number"),
    "interval, hint": (FEED + "interval = 5s #fast\n", 3, "'#' begins a comment only at"),
    "interval, quotes": (FEED + 'interval = "5s"\n', 3, "values stand without quotes"),
    "dtype, comment": (FEED + "dtype.a = str # text\n", 3, "'#' begins a comment only at"),
    "array dtype": (FEED + "array_segment = s\narray_dtype = int\n", 4, "int8 to int64"),
    "array dtype, misspelt": (FEED + "array_segment = s\narray_dtyp = int8\n", 4, "did you mean"),
    "array segment": (FEED + "array_segment = .s\narray_dtype = int8\n", 3, "a name under"),
    "csv segment": (FEED + "csv_segment = .s\nsegment_mode = 0600\n", 3, "a name under"),
    "feed twice": (FEED + "[feed a]\ninterval = 1s\n", 3, "feed a is already that of"),
    "feed twice, segment": (
        "[feed a]\nsource = x\ncsv_segment = s\n" * 2,
        4,
        "feed a is already that of",
    ),
    "source without a value": ("[feed a]\nsource\n", 2, "no '=' in this line"),
    "a line outside of sections": ("a,b\n", 1, "no '=' in this line"),
    "too many feeds": (
        "[daemon]\nmax_feeds = 1\n[feed b]\nsource = x\n[feed a]\nsource = x\n",
        5,
        "2 feeds, max_feeds is 1",
    ),
    "key twice": (FEED + "interval = 5s\ninterval = 6s\n", 4, "twice, first in line 3"),
    "sep and delimiter": (
        FEED + "delimiter = ,\nsep = tab\n",
        4,
        "sep is another name of delimiter, set in line 3",
    ),
    "delimiter and sep": (
        FEED + "sep = tab\ndelimiter = ,\n",
        4,
        "delimiter is another name of sep, set in line 3",
    ),
}

GOOD = {
    "separator": FEED + "sep = tab\n",
    "a hash in a name": "[feed a]\nsource = Report #3.csv\n",
    "a colon in a name": "[feed a]\nsource = a:b.csv\n",
    "a tilde in a name": "[feed a]\nsource = a~/~x.csv~\n",
    "feed": FEED,
    "comments": "; a\n# b\n[feed a] ; c\nsource = a.csv ; d; e\n",
    "byte order mark, CRLF": b"\xef\xbb\xbf[feed a]\r\nsource = a.csv\r\n",
    "long value": FEED + "na_values = " + ",\n  ".join(["none"] * 100) + "\n",
    "long path": "[feed a]\nsource = /" + "\\\n  ".join(["folder/" * 20] * 20) + "\n",
    "every unit": "".join(
        f"[feed {u}]\nsource = a\ninterval = 7{u}\n" for u in ("ms", "s", "m", "h")
    )
    + "[feed zero]\nsource = a\ninterval = 0\n",
    "40 bytes": f"[feed {'a' * 40}]\nsource = x\n",
    "names": "[feed 0a.b-c_d]\nsource = x\n[feed _]\nsource = x\n",
    "article": FEED + "csv_segment = s1\narray_segment = s2\narray_dtype = int32\n"
    "array_columns = a, b\nsegment_mode = 0666\n",
    "CSV options": FEED + "index_col = a\nparse_dates = b\ndate_format = %Y-%m-%d %H:%M\n"
    "dtype.a b = category\n",
    "daemon": "[daemon]\nworkers = 2\nlog_level = debug\nfile_mode = 0640\n"
    f"group = {os.getegid()}\nkeep_on_exit = yes\nmax_feeds = 10\nmax_bytes = 1G\n"
    "spare_bytes = 0\n" + FEED,
}


def check(path: Path, text: str | bytes) -> tuple[int, list[str]]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    run = run_shmpubd("-c", path, "--check", "--quiet")
    assert run.stdout == ""
    return run.returncode, run.stderr.splitlines()


@pytest.mark.parametrize("label", BAD)
def test_bad(tmp_path, label):
    text, line, message = BAD[label]
    status, told = check(tmp_path / "shmpubd.ini", text)
    assert status == 1
    assert told[0].startswith(f"{tmp_path}/shmpubd.ini:{line}: "), told
    assert any(message in t for t in told), told
    assert all(re.match(r".*shmpubd\.ini:\d+: .", t) for t in told), told


@pytest.mark.parametrize("label", ONE_LINE)
def test_one_mistake_is_one_line(tmp_path, label):
    text, line, message = ONE_LINE[label]
    status, told = check(tmp_path / "shmpubd.ini", text)
    assert status == 1
    assert len(told) == 1, told
    assert told[0].startswith(f"{tmp_path}/shmpubd.ini:{line}: ") and message in told[0], told


@pytest.mark.parametrize("label", GOOD)
def test_good(tmp_path, label):
    status, told = check(tmp_path / "shmpubd.ini", GOOD[label])
    assert status == 0
    assert [t for t in told if "warning: source:" not in t] == []


def test_sources_are_looked_at(tmp_path):
    """A source may come later: a missing one is a warning with its line, and status 0."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    ini = tmp_path / "c.ini"
    assert check(ini, FEED) == (0, [])
    rows = {
        "none.csv": f"{tmp_path}/none.csv: No such file or directory",
        "folder": f"{tmp_path}/folder: a directory, not a file",
        "fifo": f"{tmp_path}/fifo: a FIFO, not a file",
        "a.csv #c": f"{tmp_path}/a.csv #c: No such file or directory; a '#' begins a comment only "
        "at the beginning of a line",
    }
    text = "".join(f"[feed f{n}]\nsource = {name}\n" for n, name in enumerate(rows))
    status, told = check(ini, text)
    assert status == 0
    assert told == [
        f"{ini}:{2 * n + 2}: warning: source: {message}" for n, message in enumerate(rows.values())
    ]


def test_a_directory_that_is_not_there(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    ini = tmp_path / "shmpubd.ini"
    status, told = check(ini, f"{FEED}[daemon]\ndirectory = {tmp_path}/none\n")
    assert status == 0
    assert told == [f"{ini}:4: warning: directory: open {tmp_path}/none: No such file or directory"]


def as_nobody(ini):
    command = [SHMPUBD, "-c", ini, "--check", "--quiet"]
    return subprocess.run(
        command, capture_output=True, text=True, user=65534, group=65534, extra_groups=[]
    )


@needs_root
def test_what_another_user_may_not(open_folder):
    source, ini = open_folder / "a.csv", open_folder / "c.ini"
    source.write_text("a\n1\n")
    source.chmod(0o600)
    assert check(ini, FEED) == (0, [])
    run = as_nobody(ini)
    assert run.returncode == 0
    assert run.stderr == f"{ini}:2: warning: source: {source}: Permission denied\n"
    source.chmod(0o644)
    ini.write_text(FEED + "group = root\n")
    run = as_nobody(ini)
    assert run.returncode == 1
    assert run.stderr.startswith(f"{ini}:3: group: root: the user of this process (65534) is not a")
    ini.write_text(FEED + "group = 65534\n")
    assert as_nobody(ini).returncode == 0


def test_lines_in_the_order_of_the_files(tmp_path):
    """This holds also for problems that are found only when the whole configuration is known."""
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (folder / "1.ini").write_text("[feed d]\nsource = none\n[feed c]\ninterval = 1\n")
    (folder / "2.ini").write_text("[feed b]\nsource = none\nfoo = 1\n")
    text = "[feed z]\n[feed b]\nsource = none\nbar = 1\n[daemon]\ninclude = conf.d/*.ini\n"
    status, told = check(tmp_path / "c.ini", text)
    assert status == 1
    assert [t.removeprefix(f"{tmp_path}/").split(": ")[:2] for t in told] == [
        ["c.ini:1", "no source"],
        ["c.ini:4", "unknown key 'bar' in [feed]"],
        ["conf.d/1.ini:3", "no source"],
        ["conf.d/1.ini:4", "interval"],
        ["conf.d/2.ini:1", f"feed b is already that of {tmp_path}/c.ini:2"],
        ["conf.d/2.ini:3", "unknown key 'foo' in [feed]"],
    ]
    (folder / "1.ini").write_text("[feed d]\nsource = none\n[feed c]\nsource = none\n")
    (folder / "2.ini").unlink()
    text = "[feed z]\nsource = none\n[daemon]\ninclude = conf.d/*.ini\n"
    status, told = check(tmp_path / "c.ini", text)
    assert status == 0
    places = [t.removeprefix(f"{tmp_path}/").split(": ")[0] for t in told]
    assert places == ["c.ini:2", "conf.d/1.ini:2", "conf.d/1.ini:4"]


def test_the_same_at_the_start(tmp_path):
    """The start refuses what --check refuses, with the same lines."""
    for label, (text, _, _) in ONE_LINE.items():
        ini = tmp_path / "c.ini"
        _, told = check(ini, text)
        run = run_shmpubd("-c", ini)
        assert run.returncode == 1, label
        started = run.stderr.splitlines()
        assert started == told, label


def test_all_problems_at_once(tmp_path):
    text = "[feed a]\nintreval = 5s\nsource = x\ninterval = 5\n[oops]\nfoo = bar\n"
    status, told = check(tmp_path / "c.ini", text)
    assert status == 1
    assert [t.split(":")[1] for t in told] == ["2", "4", "5"]


def test_many_problems_are_counted(tmp_path):
    (tmp_path / "x").touch()
    status, told = check(tmp_path / "c.ini", "[feed a]\nsource = x\n" + "x\n" * 500)
    assert status == 1 and len(told) == 101
    assert told[-1].endswith("400 more problems")


def test_include(tmp_path):
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (tmp_path / "a.csv").touch()
    for name in ("x", "y"):
        (folder / name).touch()
    main = "[daemon]\ninclude = conf.d/*.ini\n" + FEED
    assert check(tmp_path / "c.ini", main) == (0, [])
    (folder / "20.ini").write_text("[feed a]\nsource = x\n")
    (folder / "10.ini").write_text("[feed c]\nsource = y\nsorce = z\n")
    (folder / "30.other").write_text("nonsense\n")
    status, told = check(tmp_path / "c.ini", main)
    assert status == 1 and len(told) == 2
    assert told[0].startswith(f"{folder}/10.ini:3: unknown key 'sorce'")
    assert told[1].startswith(f"{folder}/20.ini:1: feed a is already that of {tmp_path}/c.ini:3")
    (folder / "10.ini").write_text("[daemon]\nworkers = 1\n[feed c]\nsource = y\n")
    (folder / "20.ini").write_text("[daemon]\nworkers = 2\nlog_level = info\nlog_level = info\n")
    assert check(tmp_path / "c.ini", main) == (
        1,
        [
            f"{folder}/20.ini:2: workers is set twice, first in another file",
            f"{folder}/20.ini:4: log_level is set twice, first in line 3",
        ],
    )
    (folder / "10.ini").write_text("[daemon]\ninclude = *.ini\n")
    (folder / "20.ini").unlink()
    (folder / "25.ini").mkdir()
    status, told = check(tmp_path / "c.ini", main)
    assert status == 1
    assert "not in an included file" in told[0]
    assert told[1] == f"{folder}/25.ini: a directory, not a file"


def test_no_file(tmp_path):
    run = run_shmpubd("-c", tmp_path / "none.ini", "--check")
    assert run.returncode == 1
    assert run.stderr == f"shmpubd: {tmp_path}/none.ini: No such file or directory\n"
    run = run_shmpubd("-c", tmp_path, "--check")
    assert run.returncode == 1 and "a directory, not a file" in run.stderr


def test_command_line(tmp_path):
    assert run_shmpubd("--version").stdout.startswith("shmpubd 0.")
    assert "usage: shmpubd" in run_shmpubd("--help").stdout
    for bad, told in [
        (["--chekc"], "what is '--chekc'?"),
        (["file.ini"], "what is 'file.ini'?"),
        (["-c"], "-c wants a value"),
        (["--test"], "--test wants a value"),
        (["--check", "--once"], "--check, --once, --test, --until-eof exclude each other"),
        (["--test", "a", "--check"], "--check, --once, --test, --until-eof exclude each other"),
    ]:
        run = run_shmpubd(*bad)
        assert run.returncode == 2 and "usage: shmpubd" in run.stderr
        assert run.stderr.startswith(f"shmpubd: {told}\n")


# --- what is written about keys -----------------------------------------------------------------


def accepted():
    """The keys as the tables of the program have them, by the section that they belong into."""
    daemon = (ROOT / "daemon" / "keys.c").read_text()
    options = (ROOT / "lib" / "csv" / "options.c").read_text()
    row = re.compile(
        r'^\t\{ "(\w+)", (?:key_)?set_\w+, [^}\n]*?(NULL|set_column_\w+|) ?\},$', re.MULTILINE
    )
    tables = {
        name: re.search(rf"{name}\[\] = \{{\n(.*?)^\}};", text, re.MULTILINE | re.DOTALL)[1]
        for name, text in (("daemon_rows", daemon), ("feed_rows", daemon), ("keys", options))
    }
    keys = {name: row.findall(text) for name, text in tables.items()}
    assert all(len(keys[name]) == len(tables[name].splitlines()) for name in keys)
    families = {f"{key}." for key, column in keys["keys"] if column != "NULL"}
    return {
        "daemon": {key for key, _ in keys["daemon_rows"]},
        "feed": {key for key, _ in keys["feed_rows"] + keys["keys"]} | families,
    }


def shown(text):
    """Return the keys of the sample: {section: {key: (value, whether it is an example)}}."""
    sections: dict[str, dict[str, tuple[str, bool]]] = {}
    section = ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"\[(\w+).*\]", line):
            section = heading[1]
        elif entry := re.fullmatch(r";?([a-z_]+\.?)(\w*) = (.*?)( ; example)?", line):
            assert entry[1] not in sections.setdefault(section, {}), line
            is_example = bool(entry[4]) or not line.startswith(";")
            sections[section][entry[1]] = (entry[3], is_example)
    return sections


def without_comments(text):
    return re.sub(r"^;(?=[a-z_]+(\.\w+)? = )", "", text, flags=re.MULTILINE)


def test_the_sample_shows_every_key():
    text = (ROOT / "config" / "shmpubd.ini").read_text()
    sample = {section: set(keys) for section, keys in shown(text).items()}
    keys = accepted()
    assert "sep" in keys["feed"] and "also called sep" in text  # both at once are a mistake
    assert sample == {"daemon": keys["daemon"], "feed": keys["feed"] - {"sep"}}


def test_the_manual_has_every_key_with_its_default():
    page = (ROOT / "docs" / "man" / "shmpubd.ini.5").read_text()
    sample = shown((ROOT / "config" / "shmpubd.ini").read_text())
    parts = {
        "daemon": page[page.index(".SH [daemon]") : page.index('.SH "[feed NAME]"')],
        "feed": page[page.index('.SH "[feed NAME]"') : page.index(".SH EXAMPLE")],
    }
    for section, keys in accepted().items():
        heads = re.findall(r"^\.TP\n\.BR? (.*)$", parts[section], re.MULTILINE)
        told = {}
        for head in heads:
            default = re.search(r'" \((.*)\)"$', head)
            for key in re.findall(r"\b([a-z_]{2,}\.?)(?=[\s\",]|$)", head.split('" (')[0]):
                told[key] = default[1].replace("\\", "") if default else None
        assert keys <= set(told), keys - set(told)
        for key, (value, is_example) in sample[section].items():
            if not is_example:
                assert told[key] == value, key


def test_the_sample_is_right(tmp_path):
    """The sample is good as it is, and with every default and example in it uncommented."""
    text = (ROOT / "config" / "shmpubd.ini").read_text()
    source = tmp_path / "quotes.csv"
    source.touch()
    group = Path(f"/proc/{os.getpid()}/task").group()
    for used in (text, without_comments(text)):
        used = used.replace("/data/quotes.csv", str(source)).replace("= shmpub ;", f"= {group} ;")
        status, lines = check(tmp_path / "c.ini", used)
        # the sample's source is a file, to which the keys of commands and patterns say nothing
        lines = [line for line in lines if "only a command" not in line]
        assert (status, [line for line in lines if "only a pattern" not in line]) == (0, [])


OVERLAY = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/lower" "$1/upper" "$1/work" "$1/merged"
mount -t overlay none "$1/merged" \
    -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" || exit 77
printf '[daemon]\\ndirectory = %s\\n[feed a]\\nsource = a.csv\\n' "$1/merged" > "$1/c.ini"
printf 'a\\n1\\n' > "$1/a.csv"
"$2" -c "$1/c.ini" --check
ls -A "$1/merged"
"""


@needs_root
def test_a_directory_that_is_not_fit(tmp_path):
    """On the root of a container no segment is filled again: that is a warning, and status 0."""
    command = ["unshare", "-m", "bash", "-c", OVERLAY, "-", tmp_path, SHMPUBD]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 77 or "unshare failed" in run.stderr:
        pytest.skip("an overlay file system cannot be mounted here")
    assert run.returncode == 0, run.stderr
    assert run.stderr == (
        f"{tmp_path}/c.ini:2: warning: directory: {tmp_path}/merged: its file system (overlay?) "
        "does not tell who has a snapshot mapped, so no memory is used again; a tmpfs does\n"
    )
    assert run.stdout.startswith("FEED ")
