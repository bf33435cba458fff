"""Where the programs under test are: in $SHMPUB_BUILD, by default build/dev.

Some tests run them as other users. If those may not enter the project's folder (a clone in /root, a
home directory), the programs are copied to a folder that they may enter, and all tests use the
copies.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("daemon", "cli", "lib", "examples", "tests")


def is_open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def copy(build: Path) -> Path:
    """Copy a build. The copy keeps its name, by which tests recognise a sanitized build."""
    scratch = Path(tempfile.mkdtemp(prefix="shmpub-programs-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    scratch.chmod(0o755)
    for room in ROOMS:
        folder = scratch / build.name / room
        folder.mkdir(parents=True)
        for path in (build / room).glob("*"):
            if path.is_file() and os.access(path, os.X_OK) and not path.name.startswith("test_"):
                shutil.copy2(path, folder, follow_symlinks=False)
    return scratch / build.name


BUILD = Path(os.environ.get("SHMPUB_BUILD", ROOT / "build" / "dev"))
if os.geteuid() == 0 and not is_open_to_all(BUILD):
    BUILD = copy(BUILD)
    os.environ["SHMPUB_BUILD"] = str(BUILD)
    os.environ["LD_LIBRARY_PATH"] = str(BUILD / "lib")
