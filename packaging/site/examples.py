"""Docstrings as Markdown, for mkdocstrings: examples and lists in columns become blocks of code."""

from __future__ import annotations

import re
from typing import Any

import griffe


def as_markdown(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n\n".join(fenced(paragraph) for paragraph in paragraphs)


def fenced(paragraph: str) -> str:
    if paragraph.startswith(">>> "):
        return f"~~~~pycon\n{paragraph}\n~~~~"
    if re.search(r"^\S.*\S  +\S", paragraph, re.M):
        return f"~~~~text\n{paragraph}\n~~~~"
    return paragraph


class Examples(griffe.Extension):
    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
