"""A package whose names are loaded when they are first used (PEP 562), whatever else is imported before."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from types import ModuleType
from typing import Any

_one_at_a_time = threading.RLock()
"""Two threads that import a package and a module of it each wait for the other, which Python ends with an error."""


class LazyNames(ModuleType):
    """The package: a name is looked up in its home when it is first asked for, and kept.

    A class and not a function `__getattr__` in the package: Python puts each module that it has imported into the
    package that holds it, over whatever has the same name there. `feedeval.app` is a package and `fe.app` a function,
    and only a class can keep the one from covering the other.
    """

    _homes: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        if name in self._homes:
            with _one_at_a_time:
                value = vars(self)[name] = _found(name, self._homes[name])
                return value
        # No lock for modules: one may be asked for while it is imported, and the importing thread may wait for another.
        if name.isidentifier() and name[0] != "_" and _is_module(f"{self.__name__}.{name}"):
            return sys.modules[f"{self.__name__}.{name}"]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)

    def __setattr__(self, name: str, value: object) -> None:
        own = isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}"
        if not (own and name in self._homes):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        # What a person may want to use, and what Python keeps of any module.
        return sorted({*self._homes, *(name for name in vars(self) if name.startswith("__"))})


def load_when_used(package: str, homes: Mapping[str, str]) -> None:
    """Let a package load its names when they are first used.

    Args:
        package: Its `__name__`; it is being imported.
        homes: By name the module to import it from; `module:other` where it has another name there.
    """
    module = sys.modules[package]
    vars(module)["_homes"] = homes
    module.__class__ = LazyNames


def _found(name: str, home: str) -> Any:
    """Do as `from home import name` does."""
    module, _, other = home.partition(":")
    return getattr(__import__(module, fromlist=[other or name]), other or name)


def _is_module(name: str) -> bool:
    """Import a module, and return whether there is one of this name."""
    try:
        __import__(name)
    except ModuleNotFoundError as exc:
        if exc.name != name:
            raise
        return False
    return True
