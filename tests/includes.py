#!/usr/bin/env python3
"""The walls between the rooms, checked on the text of the sources.

Include directions, system headers only where the platform may be seen, no printing and no bare
malloc in lib/, and the sizes of files and functions. The rules are tables; before the tree, they
are tried on the rows of `must_fail` and `must_pass`, so that a rule that stopped working is seen.

    tests/includes.py            check; one line per complaint, exit 1 if there are any
    tests/includes.py --sizes    also the longest functions
"""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Which rooms of lib/ a room may include, besides itself and shmpub/shmpub.h.
BELOW = {
    "base": set[str](),
    "columns": {"base"},
    "value": {"base", "columns"},
    "show": {"base", "columns", "value"},
    "csv": {"base", "columns", "value"},
    "rows": {"base", "columns", "value", "csv"},
    "plan": {"base", "columns", "value", "csv", "rows"},
    "types": {"base", "columns", "value", "csv", "rows", "plan"},
    "fill": {"base", "columns", "value", "csv", "rows", "plan", "types"},
    "ingest": {"base", "columns", "value", "csv", "rows", "plan", "types", "fill"},
    "shm": {"base"},
    "catalog": {"base", "shm"},
    "snapshot": {"base", "columns"},
    "publisher": {"base", "columns", "shm", "catalog", "snapshot"},
    "reader": {"base", "columns", "shm", "catalog", "snapshot"},
    "metrics": {"base", "reader"},
}
BELOW["prepare"] = {"ingest", "publisher", "base", "columns", "csv"} | BELOW["publisher"]
BELOW["api"] = set(BELOW)
ROOMS_FOR = {
    "daemon": set(BELOW) - {"api", "reader"},
    "cli": {"base", "columns", "value", "show", "reader", "metrics"},
    "service": {"base"},
    "include": set[str](),
    "examples": set[str](),
    "bench": set(BELOW),
    "tests": set(BELOW),
}

STANDARD = set(
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdbool stddef stdint stdio stdlib stdnoreturn string tgmath time uchar "
    "wchar wctype".split()
)
STANDARD_CXX = set(
    "algorithm array atomic chrono cstddef cstdint cstdio cstdlib cstring exception iostream "
    "memory sstream stdexcept string string_view thread utility vector".split()
)
VECTORS = {"immintrin.h", "emmintrin.h", "nmmintrin.h", "wmmintrin.h", "arm_neon.h", "arm_acle.h"}
COMPILERS = {"intrin.h", "cpuid.h"}  # builtins of MSVC; of gcc and clang
EXPANDERS = {"zlib.h", "zstd.h", "zstd_errors.h", "lzma.h"}
LIBRARIES = {"daemon": {"uv.h", "ini.h", "curl/curl.h"} | EXPANDERS}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
PRINTS = re.compile(
    r"\b(printf|fprintf|vfprintf|puts|fputs|putchar|perror|syslog|exit|abort|_exit)\s*\("
)
ALLOCATES = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|free|strdup|strndup|aligned_alloc)\s*\(")

FILE_LINES = 500
FUNCTION_LINES = 60


def is_platform_file(path: str) -> bool:
    """Files that may see POSIX (or Windows): the seam of lib/, and those named for it above."""
    name = path.rsplit("/", 1)[-1]
    if path.startswith("lib/"):
        return bool(re.fullmatch(r"lib/shm/shm_(\w+_)?(posix|win32)\.[ch]", path))
    if path.startswith(("daemon/", "cli/")):
        return bool(re.search(r"_(posix|win32)\.[ch]$", name))
    return path.startswith(("tests/", "bench/", "examples/", "service/"))


def may_say_win32(path: str) -> bool:
    return path in ("lib/base/atomic.h", "include/shmpub/shmpub.h") or path.startswith(
        ("lib/shm/shm_win32", "service/windows/")
    )


def check_include(path: str, kind: str, target: str) -> str | None:
    top, _, rest = path.partition("/")
    own = rest.split("/", 1)[0] if top == "lib" else top
    if kind == "<":
        return check_system(path, top, target)
    if target.startswith("shmpub/"):
        return None
    room = target.split("/", 1)[0] if "/" in target else own
    if room == own:
        return None
    if room not in BELOW and top in ("tests", "bench"):
        return None  # a helper beside it
    if room not in BELOW:
        return f'"{target}" is no room of lib/'
    allowed = BELOW[own] if top == "lib" else ROOMS_FOR[top]
    if top == "lib" and own not in BELOW:
        return f"lib/{own} is a room that tests/includes.py does not know"
    return None if room in allowed else f'"{target}": {own} may not include {room}'


def check_system(path: str, top: str, target: str) -> str | None:
    stem = target.removesuffix(".h")
    if stem in STANDARD and target.endswith(".h"):
        return None
    if target in STANDARD_CXX and path.endswith((".cpp", ".hpp")):
        return None
    if target.startswith("shmpub/"):
        return None
    if target == "stdatomic.h" and path.startswith(("lib/base/", "tests/")):
        return None
    if target in COMPILERS and path.startswith("lib/base/"):
        return None
    if target in VECTORS and top == "lib":
        return None
    if target in LIBRARIES.get(top, set()) or is_platform_file(path):
        return None
    return f"<{target}> belongs into a file that is named for its platform"


def functions(text: str) -> Iterator[tuple[str, int, int]]:
    """(name, first line, lines of body); clang-format puts braces of functions into column 0."""
    start, before = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            name = re.findall(r"([A-Za-z_]\w*)\s*\(", before)
            yield name[0] if name else "?", start, number - start - 1
            start, before = 0, ""
        elif not start:
            before = line if line[:1] not in ("\t", " ") else before + line


def check(path: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines, more than {FILE_LINES}"
    if path.endswith(".py"):
        return
    for found in INCLUDE.finditer(text):
        complaint = check_include(path, found[1], found[2])
        if complaint:
            yield f"{path}:{text.count(chr(10), 0, found.start(2)) + 1}: {complaint}"
    code = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), text)
    if not may_say_win32(path) and re.search(r"\b_WIN32\b", code):
        yield f"{path}: _WIN32 outside the seam"
    if path.startswith("lib/"):
        for rule, why in (
            (PRINTS, "lib/ never prints or exits"),
            (ALLOCATES, "memory comes from base/alloc.h"),
        ):
            if rule is ALLOCATES and path.startswith("lib/base/alloc."):
                continue
            for found in rule.finditer(code):
                yield f"{path}:{code.count(chr(10), 0, found.start()) + 1}: {found[1]}(): {why}"
    if not path.startswith("tests/"):
        for name, line, n in functions(text):
            if n > FUNCTION_LINES:
                yield f"{path}:{line}: {name}() has {n} lines, more than {FUNCTION_LINES}"


must_fail = [
    ("lib/base/x.c", '#include "columns/table.h"\n', "may not include columns"),
    ("lib/snapshot/x.c", '#include "shm/shm.h"\n', "may not include shm"),
    ("lib/ingest/x.c", '#include "publisher/publisher.h"\n', "may not include publisher"),
    ("lib/publisher/x.c", '#include "ingest/ingest.h"\n', "may not include ingest"),
    ("lib/reader/x.c", '#include "publisher/publisher.h"\n', "may not include publisher"),
    ("lib/shm/x.c", '#  include "catalog/catalog.h"\n', "may not include catalog"),
    ("lib/csv/x.c", '#include "config.h"\n#include "daemon/config.h"\n', "no room"),
    ("lib/catalog/x.c", "#include <unistd.h>\n", "named for its platform"),
    ("lib/shm/other.c", "#include <sys/mman.h>\n", "named for its platform"),
    ("lib/csv/scan_posix.c", "#include <pthread.h>\n", "named for its platform"),
    ("lib/ingest/x.c", "#include <threads.h>\n", "named for its platform"),
    ("lib/catalog/x.c", "#include <stdatomic.h>\n", "named for its platform"),
    ("lib/shm/shm_posix.c", "#include <uv.h>\n#ifdef _WIN32\n", "_WIN32 outside"),
    ("daemon/app.c", "#include <sys/stat.h>\n", "named for its platform"),
    ("daemon/app.c", '#include "reader/reader.h"\n', "may not include reader"),
    ("cli/ls.c", "#include <uv.h>\n", "named for its platform"),
    ("cli/ls.c", '#include "publisher/publisher.h"\n', "may not include publisher"),
    ("include/shmpub/x.h", '#include "reader/reader.h"\n', "may not include reader"),
    ("examples/x.cpp", '#include "base/span.h"\n', "may not include base"),
    ("lib/value/x.c", "int f(void)\n{\n\tputs(a);\n}\n", "never prints"),
    ("lib/value/x.c", "int f(void)\n{\n\tfree(a);\n}\n", "base/alloc.h"),
    ("lib/value/x.c", "int f(void)\n{\n" + "\tg();\n" * 61 + "}\n", "f() has 61 lines"),
    ("lib/value/x.c", "\n" * 501, "501 lines"),
]
must_pass = [
    (
        "lib/ingest/x.c",
        '#include "ingest/ingest.h"\n#include "csv/options.h"\n#include <string.h>\n',
    ),
    ("lib/shm/shm_posix.c", '#include "shm/shm.h"\n#include <sys/mman.h>\n'),
    ("lib/shm/shm_dir_posix.c", '#include "shm/shm.h"\n#include <dirent.h>\n'),
    ("lib/prepare/x.c", '#include "ingest/ingest.h"\n#include "publisher/publisher.h"\n'),
    ("lib/csv/x.c", "#include <immintrin.h>\n/* puts(x); free(y); _WIN32 */\n"),
    ("lib/value/x.c", "int f(void)\n{\n\tmem_free(a);\n\tp->free(a);\n}\n"),
    ("lib/value/x.c", "int f(void)\n{\n" + "\tg();\n" * 60 + "}\n"),
    ("daemon/clock_posix.c", "#include <uv.h>\n#include <unistd.h>\n"),
    ("examples/x.cpp", "#include <shmpub/shmpub.h>\n#include <string>\n"),
    ("tests/unit/test_x.c", '#include "check.h"\n#include <sys/wait.h>\n'),
]


def check_the_rules() -> Iterator[str]:
    for path, text, want in must_fail:
        if not any(want in c for c in check(path, text)):
            yield f"rule gone: {path} {text[:40]!r} should give {want!r}"
    for path, text in must_pass:
        for complaint in check(path, text):
            yield f"rule too strict: {complaint}"
    files = {"lib/ingest/x.c": "int f(void);\n"}
    if list(check_page("`x.c` (`f`), `a b`\n", files)):
        yield "rule too strict: a page that names what is there"
    if len(list(check_page("`y.c` (`g`), `csv/x.c`\n", files))) != 3:
        yield "rule gone: a page that names what is not there"


def check_page(text: str, files: dict[str, str]) -> Iterator[str]:
    """What docs/INGEST.md names in backticks: files of lib/, and words in their code."""
    words = set(re.findall(r"\w+", "\n".join(files.values())))
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"`([^`]+)`", line):
            stem = name.removeprefix("enum ").removeprefix("struct ").rstrip("()")
            pattern = "lib/" + (name if "/" in name else "ingest/" + name)
            if re.search(r"\.[ch]$", name):
                known = any(fnmatch(f, pattern) or f.endswith("/" + name) for f in files)
                known |= (ROOT / name).exists()
            else:
                known = not re.fullmatch(r"[a-zA-Z_]\w*", stem) or stem in words
            if not known:
                yield f"docs/INGEST.md:{number}: `{name}` is not in lib/"


def sources() -> Iterator[tuple[str, str]]:
    tops = ("lib", "daemon", "cli", "service", "include", "examples", "bench", "tests", "client-py")
    for top in tops:
        for file in sorted((ROOT / top).rglob("*")):
            name = file.relative_to(ROOT)
            if name.suffix in (".c", ".h", ".cpp", ".py") and "build" not in name.parts:
                yield name.as_posix(), file.read_text(encoding="utf-8")


def main() -> int:
    complaints = list(check_the_rules())
    lengths: list[tuple[int, str]] = []
    n_files = 0
    for path, text in sources():
        n_files += 1
        complaints += check(path, text)
        if path.endswith(".c") and not path.startswith("tests/"):
            lengths += [(n, f"{path}:{line}: {name}()") for name, line, n in functions(text)]
    library = {p: t for p, t in sources() if p.startswith("lib/")}
    page = (ROOT / "docs/INGEST.md").read_text(encoding="utf-8")
    complaints += check_page(page, library)
    lengths.sort(reverse=True)
    if "--sizes" in sys.argv:
        for n, where in lengths[:25]:
            print(f"{n:4} lines  {where}")
    print(*complaints, sep="\n", end="\n" if complaints else "")
    sizes = [n for n, _ in lengths] or [0]
    print(
        f"summary: {n_files} files, {len(complaints)} complaints; {len(lengths)} functions, "
        f"median {statistics.median(sizes):g}, p90 {sizes[len(sizes) // 10]}, max {sizes[0]} lines"
    )
    return 1 if complaints or n_files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
