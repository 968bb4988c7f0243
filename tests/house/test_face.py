"""The public face is a list."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import feedeval

INIT = Path(feedeval.__file__)
HOMES: dict[str, str] = vars(feedeval)["_homes"]


def test_all_is_sorted_complete_and_real() -> None:
    names = [name for name in feedeval.__all__ if name != "__version__"]
    assert names == sorted(names)
    assert len(names) == len(set(names))
    for name in feedeval.__all__:
        assert hasattr(feedeval, name), name


def test_type_checkers_read_the_same_names_from_the_same_homes() -> None:
    stub = ast.parse(INIT.with_suffix(".pyi").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name: f"{node.module}:{alias.name}" if alias.asname else node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    stated = next(ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign))
    assert imported == HOMES
    assert stated == feedeval.__all__ == list(HOMES)


def test_the_face_defines_nothing() -> None:
    for path in (INIT, INIT.with_suffix(".pyi")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [
            n
            for n in ast.walk(tree)
            if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
        ]


def test_the_face_holds_its_names_and_nothing_else_that_could_be_taken_for_one() -> None:
    assert [name for name in dir(feedeval) if not name.startswith("__")] == sorted({*HOMES} - {"__version__"})


def test_everything_public_says_what_it_does() -> None:
    for name in feedeval.__all__:
        thing = getattr(feedeval, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name
