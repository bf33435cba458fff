#!/usr/bin/env python3
"""Writes the pages of the site: stage.py FOLDER.

The pages are docs/ as it stands. A link from there to another file of the repository leads to a
page that shows this file. Added are a page of the Python client's docstrings and one for each
manual page. A page that MkDocs would lay out otherwise than GitHub does is an error.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OTHER_PAGES = ["CHANGELOG.md", "CONTRIBUTING.md", "client-py/README.md"]
LANGUAGES = {".py": "python", ".c": "c", ".cpp": "cpp", ".h": "c", ".cs": "csharp", ".ini": "ini"}
LINK = re.compile(r"(\]\()([^)#:\s]+)(#[^)\s]*)?(\))")
FENCE = re.compile(r"^( *)(```|~~~)")


class Site:
    """The folder of the pages, and the files of the repository that they show."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shown: set[Path] = set()
        self.wrong: list[str] = []

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def place_of(self, target: Path) -> str:
        """Where the site has a file or a folder of the repository."""
        if (target / "README.md").is_file():
            target /= "README.md"
        if target.is_relative_to(DOCS) and target.is_file():
            return str(target.relative_to(DOCS))
        name = str(target.relative_to(ROOT))
        if name in OTHER_PAGES:
            return name
        if name == "README.md":
            return "index.md"
        if name.endswith(".md"):
            self.wrong.append(f"{name} is linked, and no page of the site")
        self.shown.add(target)
        return f"files/{name}.md"

    def page(self, source: Path, name: str) -> None:
        """A page of the repository, with its links as they are in the site."""
        text = source.read_text(encoding="utf-8")
        self.judge(source, text)
        text = re.sub(r"<!-- (test|not run): .*? -->\n", "", text)

        def move(found: re.Match[str]) -> str:
            begin, path, anchor, end = found.groups()
            target = (source.parent / path).resolve()
            if not target.exists():
                self.wrong.append(f"{source.relative_to(ROOT)}: no {path}")
                return found[0]
            there = os.path.relpath(self.place_of(target), Path(name).parent)
            return f"{begin}{there}{anchor or ''}{end}"

        self.write(name, LINK.sub(move, text))

    def judge(self, source: Path, text: str) -> None:
        """Python-Markdown wants an empty line before a list, and four columns for code in one."""
        is_code, before = False, ""
        for number, line in enumerate(text.splitlines(), 1):
            fence = FENCE.match(line)
            is_item = re.match(r" *([*+-]|\d+\.) ", line) and not is_code
            if (fence and len(fence[1]) % 4) or (
                is_item and before.strip() and not re.match(r" *([*+-]|\d+\.) |  ", before)
            ):
                self.wrong.append(f"{source.relative_to(ROOT)}:{number}: {line}")
            is_code ^= fence is not None
            before = line

    def files(self) -> None:
        for path in sorted(self.shown):
            parts = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
            text = f"# {path.relative_to(ROOT)}\n"
            for part in parts:
                head = f"\n## {part.name}\n" if path.is_dir() else ""
                text += head + shown(part)
            self.write(f"files/{path.relative_to(ROOT)}.md", text)


def shown(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return f"\n~~~~{LANGUAGES.get(path.suffix, 'text')}\n{text}~~~~\n"
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]
    parts = [
        f"~~~~python\n{source}\n~~~~" if kind == "code" else re.sub("^#+ (.*)", r"**\1**", source)
        for kind, source in cells
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def reference() -> str:
    """The public names of the client, each with its docstring."""
    tree = ast.parse((ROOT / "client-py/src/shmpub/__init__.py").read_text(encoding="utf-8"))
    names = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    )
    functions = [name for name in names if name.islower()]
    first = ["Feed", "Snapshot", "Snapshots", "Diff", "Updates", "Subscription", "Served", "Error"]
    text = "# Python, by name\n\nEvery example was run by the tests.\n"
    for name in functions + first + [n for n in names if n not in functions + first]:
        text += f"\n::: shmpub.{name}\n"
    return text


def manual(path: Path) -> str:
    command = ["groff", "-man", "-Tutf8", "-P-cbou", "-rLL=95n", path]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return f"# {path.name}\n\n~~~~text\n{text}~~~~\n"


def main() -> int:
    site = Site(Path(sys.argv[1]))
    shutil.rmtree(site.folder, ignore_errors=True)
    for path in sorted(DOCS.rglob("*")):
        name = str(path.relative_to(DOCS))
        if path.suffix == ".md":
            site.page(path, name)
        elif re.fullmatch(r".*\.[1-9]", name):
            site.write(f"reference/{path.name}.md", manual(path))
        elif path.is_file():
            (site.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, site.folder / name)
    for name in OTHER_PAGES:
        site.page(ROOT / name, name)
    site.files()
    site.write("reference/python.md", reference())
    for line in site.wrong:
        print(line, file=sys.stderr)
    return bool(site.wrong)


if __name__ == "__main__":
    sys.exit(main())
