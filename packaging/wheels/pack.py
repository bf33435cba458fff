"""Write the wheel shmpub-daemon for one platform: python pack.py --help.

The same files give the same bytes: names are sorted, times fixed, and nothing is taken from the
file system but what files contain. Prints the wheel's path.
"""

import argparse
import base64
import hashlib
import re
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can have

TAGS = {
    "x86_64": "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    "aarch64": "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    "windows": "win_amd64",
}

METADATA = """\
Metadata-Version: 2.4
Name: shmpub-daemon
Version: {version}
Summary: The programs of shmpub: CSV sources, parsed once, as live tables in shared memory
Author: the shmpub authors
License-Expression: {license}
{license_files}Classifier: Environment :: No Input/Output (Daemon)
Classifier: Operating System :: {system}
Classifier: Programming Language :: C
Classifier: Programming Language :: Python :: 3 :: Only
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{description}"""

# On Windows an entry point would be a program that starts a Python that starts a program: whoever
# ends the first leaves the last behind. There the programs are the wheel's scripts.
ENTRY_POINTS = """\
[console_scripts]
shmpub = shmpub_daemon:_shmpub
shmpubd = shmpub_daemon:_shmpubd
"""


def client_version():
    """Return the client's version: the two distributions go together."""
    text = (ROOT / "client-py/src/shmpub/__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.M).group(1)


def programs(platform, folder, data):
    """Return names in the wheel and bytes of the two programs, and of what goes with them."""
    if platform == "windows":
        return {f"{data}/scripts/{n}.exe": (folder / f"{n}.exe").read_bytes() for n in NAMES}
    files = {f"shmpub_daemon/bin/{n}": (folder / n).read_bytes() for n in NAMES}
    for name in UNITS:
        files[f"shmpub_daemon/systemd/{name}"] = (ROOT / "service/systemd" / name).read_bytes()
    for page in sorted((ROOT / "docs/man").glob("*.[0-9]")):
        if page.stem.startswith("shmpub"):
            files[f"{data}/data/share/man/man{page.suffix[1:]}/{page.name}"] = page.read_bytes()
    return files


NAMES = ("shmpubd", "shmpub")
UNITS = ("shmpubd.service.in", "shmpubd-user.service.in", "shmpub.sysusers", "shmpub.tmpfiles")


def contents(args):
    """Return the wheel's files but RECORD: names and bytes."""
    stem = f"shmpub_daemon-{args.version}"
    info = f"{stem}.dist-info"
    files = programs(args.platform, args.programs, f"{stem}.data")
    for source in sorted((HERE / "shmpub_daemon").glob("*.py")):
        files[f"shmpub_daemon/{source.name}"] = source.read_bytes()
    names = []
    for name, path in sorted(map(tuple, args.license)):
        files[f"{info}/licenses/{name}"] = Path(path).read_bytes()
        names.append(name)
    metadata = METADATA.format(
        version=args.version,
        license=args.license_expression,
        license_files="".join(f"License-File: {name}\n" for name in names),
        system="Microsoft :: Windows" if args.platform == "windows" else "POSIX :: Linux",
        description=(HERE / "README.md").read_text(encoding="utf-8"),
    )
    files[f"{info}/METADATA"] = metadata.encode()
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in TAGS[args.platform].split("."))
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: shmpub\nRoot-Is-Purelib: false\n{tags}".encode()
    )
    if args.platform != "windows":
        files[f"{info}/entry_points.txt"] = ENTRY_POINTS.encode()
    return files, f"{info}/RECORD"


def record_line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def is_program(name):
    return "/bin/" in name or "/scripts/" in name


def write(path, files, record):
    """Write the zip file. RECORD is the last entry, as the format of wheels asks for."""
    lines = "".join(record_line(name, files[name]) for name in sorted(files))
    entries = [(name, files[name]) for name in sorted(files)]
    entries.append((record, (lines + f"{record},,\n").encode()))
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in entries:
            entry = zipfile.ZipInfo(name, TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever this runs: the mode counts
            entry.external_attr = (0o100755 if is_program(name) else 0o100644) << 16
            wheel.writestr(entry, data, compresslevel=9)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", choices=TAGS, required=True)
    parser.add_argument("--programs", type=Path, required=True, help="the folder of the programs")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the wheel")
    parser.add_argument("--version", default=client_version())
    parser.add_argument("--license-expression", default="MIT")
    parser.add_argument(
        "--license",
        nargs=2,
        action="append",
        default=[("LICENSE", ROOT / "LICENSE")],
        metavar=("NAME", "FILE"),
        help="the licence of a library that is in the programs",
    )
    args = parser.parse_args()
    files, record = contents(args)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"shmpub_daemon-{args.version}-py3-none-{TAGS[args.platform]}.whl"
    write(path, files, record)
    print(path)


if __name__ == "__main__":
    main()
