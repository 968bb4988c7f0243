"""The public face is a list."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import feedeval

INIT = Path(feedeval.__file__)


def test_all_is_sorted_complete_and_real() -> None:
    names = [name for name in feedeval.__all__ if name != "__version__"]
    assert names == sorted(names)
    assert len(names) == len(set(names))
    for name in feedeval.__all__:
        assert hasattr(feedeval, name), name


def test_all_names_everything_that_is_imported() -> None:
    tree = ast.parse(INIT.read_text(encoding="utf-8"))
    bound = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }
    assert {name for name in bound if not name.startswith("_")} <= set(feedeval.__all__)


def test_the_face_defines_nothing() -> None:
    tree = ast.parse(INIT.read_text(encoding="utf-8"))
    assert not [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)]


def test_everything_public_says_what_it_does() -> None:
    for name in feedeval.__all__:
        thing = getattr(feedeval, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name
