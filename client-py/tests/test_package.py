"""The package's public names, its types, its version, and what is in the wheel."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import IS_WINDOWS

import shmpub

SOURCE = Path(shmpub.__file__).parent
TOP = Path(__file__).parents[2]


def test_exported_members() -> None:
    public = {
        name
        for name, value in vars(shmpub).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    } - {"load_ipython_extension", "unload_ipython_extension"}  # names that IPython looks for
    assert sorted(public) == shmpub.__all__
    assert shmpub.__all__ == sorted(shmpub.__all__)


def test_import_loads_little_beside_pandas() -> None:
    """Modules that take milliseconds each, and that most programs never need."""
    code = "import pandas, sys; old = {*sys.modules}; import shmpub; print(*{*sys.modules} - old)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "shmpub._feed" in loaded
    assert not [name for name in loaded if name.startswith("shmpub.ext")]
    assert not loaded & {"shmpub._live", "shmpub._error_table"}
    others = {name for name in loaded if name.split(".")[0] != "shmpub"}
    assert not others & {"asyncio", "html", "ssl", "pyarrow", "polars", "IPython", "json.tool"}
    assert not others & {"dataclasses", "difflib", "http", "pyarrow.pandas_compat", "subprocess"}
    if not IS_WINDOWS:
        others -= {"pandas.api.internals"}  # pandas 3.1 has loaded it
        assert others <= {"resource", "queue", "_queue", "mmap", "zlib", "pwd", "select"}


def test_pandas_insides_are_tried_when_they_are_needed() -> None:
    code = "import shmpub, shmpub._blocks as b; print('way' in vars(b), b.way is vars(b)['way'])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


def test_modules_are_private() -> None:
    assert all(path.name.startswith("_") for path in SOURCE.glob("*.py"))
    assert (SOURCE / "py.typed").exists()
    parts = ["__init__", "dash", "marimo", "panel", "perspective", "shiny", "streamlit"]
    assert sorted(path.stem for path in (SOURCE / "ext").glob("*.py")) == parts


@pytest.mark.parametrize("name", shmpub.__all__)
def test_everything_is_documented(name: str) -> None:
    thing = getattr(shmpub, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            shmpub.Feed,
            "age changed df errors interval last_error live name on_update sequence snapshot "
            "source state updates wait",
        ),
        (
            shmpub.Snapshot,
            "age arrow column columns df diff epoch name nbytes numpy polars published_at schema "
            "sequence shape since source",
        ),
        (shmpub.Diff, "added before changed count gone index"),
        (shmpub.Subscription, "cancel is_cancelled"),
        (shmpub.Served, "close config get instance items keys log pid values"),
        (shmpub.Updates, "aclose close"),
        (shmpub.NewRows, "aclose close"),
    ],
)
def test_public_members(kind: type, names: str) -> None:
    """The public names. All other methods and attributes begin with an underscore."""
    assert sorted(n for n in dir(kind) if not n.startswith("_")) == names.split()


def test_attributes_are_private() -> None:
    feed = shmpub.subscribe("quotes")
    assert all(name.startswith("_") for name in vars(feed))


def test_exceptions() -> None:
    errors = ["InstanceNotFound", "FeedNotFound", "NotPublished", "FormatError", "UntrustedOwner"]
    errors += ["Stale", "Gap"]
    for name in errors:
        assert issubclass(getattr(shmpub, name), shmpub.Error)
    assert issubclass(shmpub.AccessDenied, shmpub.Error | PermissionError)


def test_version() -> None:
    """The package's version is that of the programs and of the library."""
    said = re.search(r"project\(shmpub VERSION ([\d.]+)", (TOP / "CMakeLists.txt").read_text())
    assert said is not None
    assert shmpub.__version__ == said[1]
    project = (TOP / "client-py/pyproject.toml").read_text()
    assert f'\ndaemon = ["shmpub-daemon=={said[1]}"]' in project


@pytest.mark.skipif(IS_WINDOWS, reason="the wheel is the same one there, and Wine can't copy trees")
def test_what_comes_with_the_package(tmp_path: Path) -> None:
    """Licence, authors and the type marker are in the wheel; tests are not."""
    pytest.importorskip("setuptools")
    source = tmp_path / "client-py"
    shutil.copytree(TOP / "client-py", source, ignore=shutil.ignore_patterns("*.egg-info", "build"))
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    done = subprocess.run(
        [*build, "-w", tmp_path, source], capture_output=True, text=True, timeout=50
    )
    if "BackendUnavailable" in done.stderr or "invalid command" in done.stderr:
        pytest.skip("nothing to build wheels with")
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        (metadata,) = [name for name in names if name.endswith("/METADATA")]
        (licence,) = [name for name in names if name.endswith("/LICENSE")]
        text = wheel.read(metadata).decode()
        assert wheel.read(licence) == (TOP / "LICENSE").read_bytes()
    assert f"\nVersion: {shmpub.__version__}\n" in text
    assert "\nAuthor: the shmpub authors\n" in text
    assert "shmpub/py.typed" in names
    assert "shmpub/ext/streamlit.py" in names
    assert not [name for name in names if "test" in name]


def test_never_multiprocessing_shared_memory() -> None:
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] + [getattr(node, "module", "") or ""]
                assert not any("multiprocessing" in name for name in names), path
