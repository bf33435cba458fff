"""The article's own layouts on Windows: its readers, as they are printed, in a CPython for it."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable, Iterator

import pytest
from daemons import FAST, SHMPUBD, Daemon
from interpreter import Interpreter
from wine import BUILD, PYTHON, Wine, until

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs scripts/setup-windows")

QUOTES = 'time,price,name\n2024-01-01,1.5,"a, b"\n2024-01-02,2.5,ü\n'
STOCKS = "code\n1\n2\n300001\n688001\n"
ARRAY = "array_dtype = int32"

IMPORTS = """
import gc
import mmap
from io import StringIO
from multiprocessing.shared_memory import SharedMemory
from struct import unpack
"""


Make = Callable[..., Daemon]


@pytest.fixture
def daemon(wine: Wine) -> Iterator[Make]:
    """Makes daemons that serve one feed `a`, and stops them when the test is over."""
    made: list[Daemon] = []

    def make(text: str, lines: str) -> Daemon:
        d = Daemon(wine, wine.drive / f"article-{uuid.uuid4().hex[:8]}")
        made.append(d)
        d.source("a.csv", text)
        d.configure({"a": f"source = a.csv\n{FAST}\n{lines}"})
        return d.start()

    yield make
    for d in made:
        if d.process is not None:
            d.kill()
        shutil.rmtree(d.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def interpreter(wine: Wine) -> Iterator[Interpreter]:
    interpreter = Interpreter(wine)
    interpreter.do(IMPORTS)
    yield interpreter
    interpreter.end()


@pytest.fixture
def reader(interpreter: Interpreter) -> Iterator[Interpreter]:
    """It lets go of what a test called so."""
    yield interpreter
    interpreter.do("for n in ('df', 'b', 'shm', 'm', 's', 'h'): globals().pop(n, None)")
    interpreter.do("_ = gc.collect()")


@pytest.fixture
def name() -> str:
    return f"mapping-{uuid.uuid4().hex[:12]}"


def look(reader: Interpreter, name: str) -> str | None:
    """The text, as the article's reader takes it, which lets go again. None: the length is 0."""
    reader.do(f"m = mmap.mmap(-1, 100*1024, {name!r}, mmap.ACCESS_READ)")
    length = reader.value('unpack("i", m.read(4))[0]')
    text = reader.value(f"m.read({length})").decode() if length else None
    reader.do("m.close()")
    return text


def test_text_reader_as_printed(daemon: Make, reader: Interpreter) -> None:
    daemon(QUOTES, "csv_segment = shared_memory1")
    reader.do("import pandas as pd")
    reader.do('shm = mmap.mmap(-1, 100*1024, "shared_memory1", mmap.ACCESS_READ)')
    reader.do('length = unpack("i", shm.read(4))[0]')
    reader.do("df = pd.read_csv(StringIO(shm.read(length).decode()), index_col=0)")
    assert reader.value("df.to_csv(lineterminator='\\n')") == QUOTES


def test_array_reader_as_printed(daemon: Make, reader: Interpreter, name: str) -> None:
    daemon(STOCKS, f"array_segment = {name}\n{ARRAY}")
    reader.do("import numpy as np")
    reader.do(f"shm = SharedMemory(name={name!r}, size=16)")
    reader.do("b = np.frombuffer(shm.buf, dtype=np.int32, count=4)")
    assert reader.value("b.tolist()") == [1, 2, 300001, 688001]


def test_a_reader_sees_what_comes(daemon: Make, reader: Interpreter, name: str) -> None:
    """In the mapping that it has: shorter, longer, and nothing of the last one behind it."""
    d = daemon("code\n99\n", f"csv_segment = {name}\narray_segment = {name}.2\n{ARRAY}")
    reader.do(f"m = mmap.mmap(-1, 100*1024, {name!r}, mmap.ACCESS_READ)")
    reader.do(f"s = SharedMemory(name='{name}.2', size=16)")
    for text in ("code\n7\n", "code\n" + "8\n" * 20000, STOCKS):
        d.source("a.csv", text)
        size = len(text)
        until(lambda n=size: reader.value('unpack("i", m[:4])[0]') == n)
        assert reader.value(f"m[4:{4 + size}]").decode() == text
        assert reader.value(f"m[{4 + size}:].count(0)") == 100 * 1024 - 4 - size
    assert reader.value('unpack("iiiii", s.buf[:20])') == (1, 2, 300001, 688001, 0)


LOOK = """
def look(times):
    global whole
    for _ in range(times):
        length = unpack("i", m[:4])[0]
        lengths.add(length)
        whole += m[4:4 + length] in texts
    return length
"""


def test_while_it_is_rewritten(daemon: Make, reader: Interpreter, name: str) -> None:
    """The length is that of a version, or 0; a length alone says nothing of what comes after it."""
    texts = ["code\n" + f"{k}\n" * (100 + 900 * k) for k in range(1, 5)]
    d = daemon(texts[0], f"csv_segment = {name}")
    reader.do(f"m = mmap.mmap(-1, 100*1024, {name!r}, mmap.ACCESS_READ)")
    reader.do(f"texts = {[text.encode() for text in texts]!r}; lengths = set(); whole = 0")
    reader.do(LOOK)
    for i in range(20):
        d.source("a.csv", texts[i % 4])
        size = len(texts[i % 4])
        until(lambda n=size: reader.value("look(1000)") == n, pause=0)
    assert reader.value("sorted(lengths - {0})") == sorted(map(len, texts))
    assert reader.value("whole") > 10_000


def test_larger_than_the_section(daemon: Make, reader: Interpreter, name: str) -> None:
    daemon(QUOTES, f"csv_segment = {name}\nsegment_room = 1M")
    assert reader.value(f"len(mmap.mmap(-1, 1 << 20, {name!r}, mmap.ACCESS_READ))") == 1 << 20
    answer = reader.ask(f"mmap.mmap(-1, (1 << 20) + 1, {name!r}, mmap.ACCESS_READ)")
    assert answer.startswith("PermissionError: [WinError 5]") or "Errno 13" in answer


def test_no_daemon(daemon: Make, reader: Interpreter, name: str) -> None:
    """mmap makes a mapping of zeros then, which a daemon that comes later goes on with."""
    assert look(reader, name) is None
    assert reader.ask(f"SharedMemory(name={name!r}, size=16)").startswith("FileNotFoundError")
    reader.do(f"m = mmap.mmap(-1, 100*1024, {name!r}, mmap.ACCESS_READ)")
    d = daemon(QUOTES, f"csv_segment = {name}")
    assert reader.value(f"m[4:{4 + len(QUOTES.encode())}]").decode() == QUOTES
    assert d.end() == 0
    assert reader.value("m[:4]") == bytes(4)
    reader.do("m.close()")
    assert look(reader, name) is None


def test_outgrown(daemon: Make, reader: Interpreter, name: str) -> None:
    """What a reader keeps open cannot grow: that is told, and made good when it lets go."""
    d = daemon(QUOTES, f"csv_segment = {name}\nsegment_room = 200K")
    reader.do(f"m = mmap.mmap(-1, 100*1024, {name!r}, mmap.ACCESS_READ)")
    large = "code\n" + "12345\n" * 50000
    d.source("a.csv", large)
    until(lambda: d.status()["error"])
    assert d.status()["error"] == (
        f"csv_segment {name}: a process keeps the mapping open, which has 204800 bytes, and "
        "303104 are wanted: end that process, and ask for more from the beginning by segment_room"
    )
    status = d.status()
    assert status["state"] == "fresh" and status["rows"] == 50000
    assert reader.value('unpack("i", m[:4])[0]') == len(QUOTES.encode())
    until(lambda: d.status()["unchanged"] > status["unchanged"] + 10)
    assert d.status()["sequence"] == status["sequence"]  # no publishing again meanwhile
    reader.do("m.close()")
    until(lambda: d.status()["error"] == "")
    reader.do(f"m = mmap.mmap(-1, 400000, {name!r}, mmap.ACCESS_READ)")
    assert reader.value(f"m[4:{4 + len(large)}] == {large!r}.encode()")


def test_grows_to_its_room(daemon: Make, reader: Interpreter, name: str) -> None:
    d = daemon(QUOTES, f"csv_segment = {name}")
    reader.do(f"m = mmap.mmap(-1, 60 << 20, {name!r}, mmap.ACCESS_READ)")
    d.source("a.csv", "code\n" + "12345\n" * 1_000_000)
    until(lambda: reader.value('unpack("i", m[:4])[0]') == 6_000_005)
    assert reader.value("m[6_000_003:6_000_010]") == b"12345\n\0"


@pytest.mark.parametrize("kind", ["CreateEventW(None, 0, 0", "CreateMutexW(None, 0"])
def test_name_of_another_object(daemon: Make, reader: Interpreter, name: str, kind: str) -> None:
    reader.do("import ctypes; k = ctypes.WinDLL('kernel32')")
    reader.do(f"h = k.{kind}, {name!r})")
    d = daemon(
        QUOTES,
        f"csv_segment = {name}\narray_segment = {name}.2\narray_dtype = float64",
    )
    assert d.status()["error"] == (
        f"csv_segment {name}: the name is that of another kind of object of some program, such "
        "as a mutex or an event"
    )
    reader.do(f"s = SharedMemory(name='{name}.2', size=16)")
    assert reader.value("unpack('dd', s.buf[:16])") == (1.5, 2.5)
    reader.value("k.CloseHandle(h)")
    until(lambda: d.status()["error"] == "")
    assert look(reader, name) == QUOTES


def test_two_instances_of_one_name(daemon: Make, reader: Interpreter, name: str) -> None:
    first = daemon(STOCKS, f"csv_segment = {name}")
    second = daemon(QUOTES, f"csv_segment = Local\\{name}")
    assert re.fullmatch(
        rf"csv_segment Local\\{name}: process \d+ serves this name for .*{first.instance}",
        second.status()["error"],
    )
    assert look(reader, name) == STOCKS
    first.kill()
    until(lambda: second.status()["error"] == "")
    assert look(reader, name) == QUOTES


def test_killed_while_a_reader_holds(daemon: Make, reader: Interpreter, name: str) -> None:
    d = daemon(STOCKS, f"array_segment = {name}\n{ARRAY}")
    reader.do(f"s = SharedMemory(name={name!r}, size=16)")
    d.kill()
    assert reader.value("unpack('iiii', s.buf[:16])") == (1, 2, 300001, 688001)
    d.source("a.csv", "code\n5\n6\n")
    d.start()
    until(lambda: reader.value("unpack('iiii', s.buf[:16])") == (5, 6, 0, 0))


def test_reload_takes_away_and_renames(daemon: Make, reader: Interpreter, name: str) -> None:
    d = daemon(QUOTES, f"csv_segment = {name}\nsegment_mode = 0666")
    assert look(reader, name) == QUOTES
    assert d.end() == 0
    d.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = Global\\{name}"})
    d.start()
    assert look(reader, f"Global\\{name}") == QUOTES
    assert look(reader, name) is None


LIST = """
import ctypes
advapi32, kernel32 = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
kernel32.OpenFileMappingW.restype = ctypes.c_void_p

def access_list(name):
    h = ctypes.c_void_p(kernel32.OpenFileMappingW(0x20000, False, name))
    descriptor, text = ctypes.c_void_p(), ctypes.c_wchar_p()
    advapi32.GetSecurityInfo(h, 6, 4, None, None, None, None, ctypes.byref(descriptor))
    to_text = advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW
    to_text(descriptor, 1, 4, ctypes.byref(text), None)
    kernel32.CloseHandle(h)
    return text.value
"""


def test_access_list(daemon: Make, reader: Interpreter, name: str) -> None:
    """Readers get what CPython asks for, by segment_mode; of a claim they get nothing."""
    reader.do(LIST)
    d = daemon(QUOTES, f"csv_segment = {name}\nsegment_mode = 0666")
    entries = reader.value(f"access_list({name!r})")
    assert entries.startswith("D:P") and entries.count("(A;") == 3
    assert "(A;;CCDCLCSDRCWDWO;;;WD)" in entries  # 0xF0007, for Everyone
    assert ";;;WD)" not in reader.value(f"access_list('{name}~')")
    assert d.end() == 0
    d.configure({"a": f"source = a.csv\n{FAST}\ncsv_segment = {name}\nsegment_mode = 0600"})
    d.start()
    entries = reader.value(f"access_list({name!r})")
    assert ";;;WD)" not in entries and entries.count("(A;") == 2


BAD_NAMES = ["Global\\", "Session\\x", "Global\\Local\\x", "a b", "a\\b", ".a", "x" * 41]


@pytest.mark.parametrize("bad", BAD_NAMES)
def test_names(wine: Wine, bad: str) -> None:
    folder = wine.drive / "names"
    folder.mkdir(exist_ok=True)
    (folder / "bad.ini").write_text(f"[feed a]\nsource = a.csv\ncsv_segment = {bad}\n")
    run = wine.run(SHMPUBD, "--check", "-c", wine.windows_path(folder / "bad.ini"))
    assert run.returncode == 1
    assert "csv_segment: the name of a mapping wanted: 1 to 40 of" in run.stdout + run.stderr


def test_service(wine: Wine, reader: Interpreter, name: str) -> None:
    """A service's names are global, and open to the sessions of users by segment_mode."""
    place, folder = wine.drive / "Program Files" / "shmpub", wine.drive / f"served-{name}"
    place.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    program = place / "shmpubd.exe"
    shutil.copy(BUILD / "daemon" / "shmpubd.exe", program)
    (folder / "a.csv").write_text(STOCKS)
    (folder / "shmpubd.ini").write_text(
        f"[daemon]\ninstance = served\n[feed a]\nsource = a.csv\ncsv_segment = {name}\n"
        "segment_mode = 0666\n"
    )
    ini = wine.windows_path(folder / "shmpubd.ini")
    run = wine.run(program, "service", "install", "--name", name, "--config", ini)
    assert run.returncode == 0, run
    try:
        assert wine.run(program, "service", "start", "--name", name).returncode == 0
        assert look(reader, f"Global\\{name}") == STOCKS
        assert look(reader, name) is None
    finally:
        wine.run(program, "service", "uninstall", "--name", name)
    assert look(reader, f"Global\\{name}") is None


def test_one_name_twice(wine: Wine) -> None:
    folder = wine.drive / "names"
    folder.mkdir(exist_ok=True)
    names = {"a": "x", "b": "Local\\x"}
    lines = [f"[feed {f}]\nsource = a.csv\ncsv_segment = {n}\n" for f, n in names.items()]
    (folder / "twice.ini").write_text("".join(lines))
    run = wine.run(SHMPUBD, "--check", "-c", wine.windows_path(folder / "twice.ini"))
    assert run.returncode == 1
    assert "segment x is already that of" in run.stdout + run.stderr
