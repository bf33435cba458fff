"""A CPython for Windows under Wine that evaluates what it is sent, line by line.

Starting it and importing pandas takes seconds, so the tests of a file share one.
"""

from __future__ import annotations

import os
import select
import subprocess
from typing import Any

from wine import PATIENCE, PYTHON, WINE, Wine

LOOP = """
import sys
names = {}
for line in sys.stdin:
    code = eval(line)
    try:
        try:
            answer = repr(eval(code, names))
        except SyntaxError:
            exec(code, names)
            answer = "None"
    except BaseException as e:
        answer = f"{type(e).__name__}: {e}"
    print(repr(answer), flush=True)
"""


class Interpreter:
    def __init__(self, wine: Wine) -> None:
        self.process = subprocess.Popen(
            [WINE, str(PYTHON), "-u", "-c", LOOP],
            env=wine.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )

    def ask(self, code: str) -> str:
        """repr() of an expression's value, "None" for a statement, or "Error: what it says"."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write((repr(code) + "\n").encode())
        ready, _, _ = select.select([self.process.stdout], [], [], 4 * PATIENCE)
        assert ready, f"no answer to {code}"
        line = self.process.stdout.readline().decode()
        assert line.startswith(("'", '"')), (
            line + os.read(self.process.stdout.fileno(), 4096).decode()
        )
        answer = eval(line)
        assert isinstance(answer, str)
        return answer

    def do(self, code: str) -> None:
        answer = self.ask(code)
        assert answer == "None", answer

    def value(self, code: str) -> Any:
        """For numbers, text and bytes, and lists of them."""
        return eval(self.ask(code))

    def end(self) -> None:
        """As by Ctrl-C on a task: nothing of it is tidied up."""
        self.process.kill()
        self.process.communicate()
