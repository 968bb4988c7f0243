"""Imports point downward through the layers, and each third-party package that matters has one home."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "feedeval"

LAYERS = (
    {"errors", "records", "html"},
    {"feed", "model", "run"},
    {"jobs"},
    {"results"},
    {"notebook"},
    {"handle"},
    {"evaluator"},
    {"cli", "app", "dashboard"},
    {"__init__", "__main__"},
)

HOMES = {
    "openai": {"model/client.py", "model/faults.py"},
    "tenacity": {"model/retrying.py"},
    "genai_prices": {"model/pricing.py"},
    "psutil": {"run/health.py"},
    "filelock": {"run/lock.py"},
    "tqdm": {"run/reporters.py"},
    "matplotlib": {"notebook/"},
    "ipywidgets": {"notebook/panel.py", "notebook/widgets.py", "notebook/browser/", "dashboard/", "app/boxes/"},
    "lxml": {"feed/"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The first part of a module's path below the package, which is what a layer is made of."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer(name: str) -> int:
    return next(level for level, rooms in enumerate(LAYERS) if name in rooms)


def imports(path: Path) -> list[str]:
    """All modules that a file imports, at its top or inside functions, with relative ones resolved."""
    package = ["feedeval", *path.relative_to(PACKAGE).parts[:-1]]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names] if module == "feedeval" else [module]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_from_its_own_room_or_a_lower_layer(path: Path) -> None:
    own = room(path)
    for module in imports(path):
        if not module.startswith("feedeval."):
            continue
        other = module.split(".")[1]
        if other == own or layer(own) == len(LAYERS) - 1:
            continue
        same_layer_base = layer(own) == layer(other) == 0
        assert layer(other) < layer(own) or same_layer_base, f"{path.name} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_third_party_package_is_imported_at_home(path: Path) -> None:
    here = str(path.relative_to(PACKAGE))
    for module in imports(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or any(here.startswith(home) for home in homes), f"{here} imports {module}"


def test_the_layers_name_every_room() -> None:
    assert {room(path) for path in FILES} <= set().union(*LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_grows_a_second_job(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
