"""The tables of operations in docs/PYTHON.md, made of those that the tests run.

python client-py/tests/operations_table.py    write them into the page
"""

from __future__ import annotations

from pathlib import Path

from operations import VALUES, WRITES
from operations_others import OTHERS

PAGE = Path(__file__).parents[2] / "docs" / "PYTHON.md"
START, END = "<!-- operations -->\n", "<!-- end of operations -->\n"


def table() -> str:
    """Everything between the two marks."""
    libraries = sorted({library for _, library in OTHERS})
    total = len(VALUES) + len(WRITES) + len(OTHERS)
    lines = [
        f"{total} operations: {len(WRITES)} statements of pandas and NumPy that write, "
        f"{len(VALUES)} expressions that read one, and {len(OTHERS)} by other libraries.",
        "",
        "| library | operations |",
        "|---|---|",
    ]
    for library in libraries:
        names = [do.__name__.replace("_", " ") for do, its in OTHERS if its == library]
        lines.append(f"| {library} | {', '.join(names)} |")
    for title, texts in (("Written", WRITES), ("Read", VALUES)):
        lines += ["", f"{title}, by pandas and NumPy:", "", "```python", *texts, "```"]
    return "\n".join(lines) + "\n"


def page_with(text: str) -> str:
    page = PAGE.read_text()
    before, rest = page.split(START)
    return before + START + text + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page_with(table()))
