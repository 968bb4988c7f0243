"""One server and one browser for all tests of this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.lab import Lab, Notebook


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    # Where they must run, what is missing is a failure.
    missing = pytest.fail if os.environ.get("FEEDEVAL_BROWSER_TESTS") == "required" else pytest.skip
    if executable is None:
        missing("Chromium is not installed: apt-get install chromium")
    for package in ("playwright", "jupyterlab"):
        if find_spec(package) is None:
            missing(f'{package} is not installed: pip install "feedeval[test]"')
    from playwright.sync_api import sync_playwright

    from tests.browser.lab import CHROMIUM_FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab server."""
    from tests.browser.lab import Lab

    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.fixture
def notebook(lab: Lab, browser: Browser) -> Iterator[Callable[..., Notebook]]:
    """Opens a notebook made of the given cells."""
    from tests.browser.lab import opened

    with ExitStack() as stack:
        yield lambda *cells: stack.enter_context(opened(lab, browser, *cells))
