"""A package whose names are loaded when they are first used."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

FILES = {
    "__init__": """
        from feedeval.lazy import load_when_used

        load_when_used(
            __name__,
            {"shape": "lazypack.shape", "other": "lazypack:plain", "gone": "lazypack.broken", "typo": "lazypack.plain"},
        )
    """,
    "shape": "def shape(): ...",
    "plain": "VALUE = 1",
    "broken": "import lazypack_needs_this",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ModuleType]]:
    folder = tmp_path / "lazypack"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda: importlib.import_module("lazypack")
    for name in [name for name in sys.modules if name.split(".")[0] == "lazypack"]:
        del sys.modules[name]


def test_nothing_is_loaded_before_it_is_used(package: Callable[[], ModuleType]) -> None:
    face = package()
    assert "lazypack.shape" not in sys.modules
    assert face.shape.__module__ == "lazypack.shape"
    assert vars(face)["shape"] is face.shape


def test_a_module_never_covers_a_name(package: Callable[[], ModuleType]) -> None:
    module = importlib.import_module("lazypack.shape")
    face = package()
    assert face.shape is module.shape
    del sys.modules["lazypack.shape"]
    importlib.import_module("lazypack.shape")
    assert face.shape is module.shape


def test_a_name_can_be_a_module_that_is_called_otherwise(package: Callable[[], ModuleType]) -> None:
    assert package().other.VALUE == 1


def test_a_name_can_be_replaced(package: Callable[[], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    face = package()
    with monkeypatch.context() as patch:
        patch.setattr(face, "shape", "another")
        assert face.shape == "another"
    assert callable(face.shape)


def test_modules_are_there_without_being_imported_first(package: Callable[[], ModuleType]) -> None:
    assert package().plain.VALUE == 1


@pytest.mark.parametrize("name", ["nothing", "_nothing", "__nothing__", "no thing", "plain.nothing"])
def test_an_unknown_name_is_an_attribute_error_in_the_usual_words(name: str, package: Callable[[], ModuleType]) -> None:
    with pytest.raises(AttributeError, match=f"^module 'lazypack' has no attribute '{name}'$"):
        getattr(package(), name)


@pytest.mark.parametrize("name", ["gone", "broken"])
def test_a_package_that_is_missing_is_not_taken_for_an_unknown_name(
    name: str, package: Callable[[], ModuleType]
) -> None:
    with pytest.raises(ModuleNotFoundError, match="lazypack_needs_this"):
        hasattr(package(), name)


def test_a_name_that_its_home_does_not_have_is_an_attribute_error(package: Callable[[], ModuleType]) -> None:
    with pytest.raises(AttributeError, match=r"'lazypack\.plain' has no attribute 'typo'"):
        _ = package().typo


def test_all_names_are_listed(package: Callable[[], ModuleType]) -> None:
    assert {"shape", "other", "gone", "__name__"} <= set(dir(package()))
