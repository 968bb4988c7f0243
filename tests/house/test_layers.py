"""Imports point downward through the layers, and each third-party package that matters has one home."""

from __future__ import annotations

import ast
from collections.abc import Set
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "feedeval"

LAYERS = (
    {"errors", "formatting", "html", "lazy", "records", "version"},
    {"feed", "model", "storage"},
    {"run"},
    {"jobs"},
    {"results"},
    {"notebook"},
    {"evaluator", "assistant"},
    {"cli", "app", "dashboard"},
    {"__init__", "__main__"},
)

HOMES = {
    "openai": {"model/client.py", "model/faults.py"},
    "tenacity": {"model/retrying.py"},
    "genai_prices": {"model/pricing.py"},
    "psutil": {"run/health.py"},
    "filelock": {"storage/lock.py"},
    "fsspec": {"storage/remote/objects.py"},
    "tqdm": {"run/reporters.py", "feed/pages/read_pages.py"},
    "protego": {"feed/pages/fetching.py"},
    "matplotlib": {"notebook/plots/", "notebook/report/"},
    "ipywidgets": {
        "notebook/panel/",
        "notebook/widgets.py",
        "notebook/browser/",
        "notebook/labelling/",
        "dashboard/",
        "app/boxes/",
    },
    "lxml": {"feed/"},
    "distributed": {"evaluator/cluster/crew.py"},
    "junitparser": {"cli/pipeline/junit.py"},
    "mcp": {"assistant/server.py"},
}

MOST_FILES = 23
"""In a folder: more, and nobody finds anything in it."""

FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room(path: Path) -> str:
    """The first part of a module's path below the package, which is what a layer is made of."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer(name: str) -> int:
    return next(level for level, rooms in enumerate(LAYERS) if name in rooms)


def imports(path: Path) -> list[str]:
    """All modules that a file imports, at its top or inside functions, with relative ones resolved."""
    package = ["feedeval", *path.relative_to(PACKAGE).parts[:-1]]
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names] if module == "feedeval" else [module]
    return found


def may_import(own: str, other: str) -> bool:
    """Whether a file of one room may import from another."""
    if other == own or layer(own) == len(LAYERS) - 1:
        return True
    return layer(other) < layer(own) or layer(own) == layer(other) == 0


def test_a_file_imports_only_from_its_own_room_or_a_lower_layer() -> None:
    faults = [
        f"{name_of(path)} imports {module}"
        for path in FILES
        for module in imports(path)
        if module.startswith("feedeval.") and not may_import(room(path), module.split(".")[1])
    ]
    assert faults == []


def test_a_third_party_package_is_imported_at_home() -> None:
    faults = [
        f"{name_of(path)} imports {module}"
        for path in FILES
        for module in imports(path)
        if not name_of(path).startswith(tuple(HOMES.get(module.split(".")[0], {""})))
    ]
    assert faults == []


def test_the_layers_name_every_room() -> None:
    assert {room(path) for path in FILES} <= set().union(*LAYERS)


def test_no_file_grows_a_second_job() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > 400} == {}


def dotted(path: Path) -> str:
    """The name of a module."""
    parts = ("feedeval", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, modules: Set[str]) -> set[str]:
    """The modules of the package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in modules else node.module for a in node.names
            }
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return (found & modules) - {dotted(path)}


def test_no_file_imports_in_a_circle_not_even_inside_a_function_or_for_types() -> None:
    modules = {dotted(path) for path in FILES}
    imported = {dotted(path): imported_modules(path, modules) for path in FILES}
    try:
        list(TopologicalSorter(imported).static_order())
    except CycleError as exc:
        pytest.fail(" imports ".join(reversed(exc.args[1])))


FOLDERS = sorted({path.parent for path in FILES})


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_folder_is_small_and_says_which_file_to_open_for_what(folder: Path) -> None:
    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    assert len(names) <= MOST_FILES
    said = ast.get_docstring(tree(folder / "__init__.py")) or ""
    assert said.split("\n")[0].endswith((".", "?")), "the first line is one sentence"
    if folder != PACKAGE:
        rooms = names | {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}
        assert not {name for name in rooms if f"`{name}`" not in said}, "files that its docstring does not name"


def test_no_function_takes_a_folder_and_a_session_id_side_by_side() -> None:
    # `SessionPaths` is the two in one; what a person types names a folder and a session, and so do its makers.
    makers = {"session_paths", "load_session", "find_session", "__init__"}
    faults = []
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in makers:
                names = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
                if names & {"folder", "output_dir"} and names & {"sid", "session_id"}:
                    faults.append(f"{name_of(path)}: {node.name}")
    assert faults == []
