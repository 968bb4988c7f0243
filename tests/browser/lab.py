"""A JupyterLab server of our own and a notebook that is open in it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 90.0
"""How long anything is waited for: only what never comes takes so long, also on a busy machine."""
_PRESSES = 40

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # What is saved is what a test saves, and every cell is in the page.
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


class Lab:
    """A server that runs on a free port of this machine, with no settings but its own.

    Args:
        folder: Where it keeps its files.
        module: The package that serves.
        pages: Where it has its notebooks.
    """

    def __init__(self, folder: Path, *, module: str = "jupyterlab", pages: str = "doc/tree") -> None:
        self._pages = pages
        self.folder = folder / "notebooks"
        self.folder.mkdir()
        self._token = "a-test"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        own = {name: folder / name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
        environment = {f"JUPYTER_{name}_DIR": str(path) for name, path in own.items()}
        settings = folder / "settings"
        for name, values in _SETTINGS.items():
            path = settings / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values), encoding="utf-8")
        environment |= {
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "PYTHONPATH": str(ROOT),
        }
        options = ("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0")
        self._log = (folder / "lab.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *options, f"--IdentityProvider.token={self._token}"],
            cwd=self.folder,
            env=os.environ | environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait_until_ready(folder / "lab.log")

    def _wait_until_ready(self, log: Path) -> None:
        until_s = time.monotonic() + BOUND_S
        while time.monotonic() < until_s and self._process.poll() is None:
            try:
                self._ask("GET", "/api/status")
                return
            except OSError:
                time.sleep(0.2)
        self.close()
        raise AssertionError(f"it did not start:\n{log.read_text(errors='replace')[-3000:]}")

    def close(self) -> None:
        """Stop the server with all its kernels."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()

    def address_of(self, name: str) -> str:
        return f"{self.address}/{self._pages}/{name}?token={self._token}"

    def stop_kernels(self) -> None:
        """Shut down every kernel, as its menu entry does."""
        for session in self._ask("GET", "/api/sessions"):
            self._ask("DELETE", f"/api/sessions/{session['id']}")

    def _ask(self, method: str, path: str) -> list[dict[str, str]]:
        headers = {"Authorization": f"token {self._token}"}
        request = urllib.request.Request(self.address + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            body = reply.read()
        found: list[dict[str, str]] = json.loads(body) if body else []
        return found


_OF_JUPYTERLAB = "Error: Canceled future for create_subshell_request"
"""JupyterLab asks one subshell for all widgets of a page and, where its kernel connection is renewed meanwhile (a slow
machine), says once a widget, on the console and as a promise that nobody awaits, that the request came to nothing; the
widgets then use the main shell. No page can mend it."""


def keep_complaints(page: Page) -> list[str]:
    """Return the list that a page's errors are written to from now on, on its console and thrown."""
    complaints: list[str] = []

    def note(complaint: str) -> None:
        if not complaint.startswith(_OF_JUPYTERLAB):
            complaints.append(complaint)

    page.on("console", lambda message: note(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(str(error)))
    return complaints


class Notebook:
    """A notebook on a page: cells are counted from 0."""

    def __init__(self, lab: Lab, page: Page, path: Path) -> None:
        self.path = path
        self.page = page
        self._lab = lab
        page.set_default_timeout(1000 * BOUND_S)
        self.complaints = keep_complaints(page)
        self.load()

    def load(self) -> None:
        """Load the page, for the first time or again."""
        self.page.goto(self._lab.address_of(self.path.name))
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()

    def start(self, cell: int) -> None:
        """Begin to run a cell."""
        before = self._prompt(cell)
        for _ in range(_PRESSES):
            self._answer_dialogs()
            self.page.locator(".jp-Cell").nth(cell).locator(".jp-InputArea-editor").click()
            self.page.keyboard.press("Control+Enter")
            # A page that has only just opened may not have its kernel yet, and passes the keys over.
            for _ in range(20):
                if self._prompt(cell) != before:
                    return
                self.page.wait_for_timeout(100)
        raise AssertionError(f"cell {cell} did not start")

    def _answer_dialogs(self) -> None:
        """Take the kernel that JupyterLab proposes, as a slow start makes it ask; any other question is a fault."""
        dialog = self.page.locator(".jp-Dialog")
        if dialog.count():
            text = dialog.first.inner_text()
            assert "Select Kernel" in text, text
            dialog.first.locator(".jp-mod-accept").click()

    def run(self, cell: int) -> None:
        """Run a cell and wait until it is done."""
        self.start(cell)
        self.wait_until(lambda: self._is_done(cell))

    def _is_done(self, cell: int) -> bool:
        prompt = self._prompt(cell)[1:-2].strip()
        if not prompt:
            # A page whose kernel has only just been started again drops what was asked of the connection before.
            self.start(cell)
        return prompt.isdigit()

    def restart_and_run_all(self) -> None:
        """Restart the kernel and run every cell, as the menu entry does."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name="Restart Kernel and Run All Cells").click()
        self.page.locator(".jp-Dialog .jp-mod-accept").click()

    def _prompt(self, cell: int) -> str:
        return self.page.locator(".jp-Cell").nth(cell).locator(".jp-InputPrompt").inner_text().strip()

    def output(self, cell: int) -> Locator:
        """Return the output of a cell."""
        return self.page.locator(".jp-Cell").nth(cell).locator(".jp-Cell-outputArea")

    def state(self, cell: int) -> str:
        """Return the word for the state in the panel of a cell; empty where there is no panel yet."""
        words = self.output(cell).locator("[role=status]:visible")
        return words.last.inner_text() if words.count() else ""

    def through(self, cell: int) -> int:
        """Return how many records the panel of a cell says are through; 0 where there is no panel yet."""
        found = re.search(r"([\d,]+) of [\d,]+ products", self.output(cell).inner_text())
        return int(found[1].replace(",", "")) if found is not None else 0

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true."""
        until_s = time.monotonic() + BOUND_S
        while not true():
            assert time.monotonic() < until_s, f"it did not come about: {self.page.inner_text('body')[:3000]}"
            self.page.wait_for_timeout(20)

    def runs(self, cell: int) -> bool:
        """Return whether a cell is being run."""
        return self._prompt(cell) == "[*]:"

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook and return it as it stands on disk."""
        before_ns = self.path.stat().st_mtime_ns
        for _ in range(_PRESSES):
            # A page that still waits to hear of the save before this one passes the keys over.
            self.page.keyboard.press("Control+s")
            for _ in range(20):
                saved = self._stands() if self.path.stat().st_mtime_ns != before_ns else None
                if saved is not None:
                    return saved
                self.page.wait_for_timeout(100)
        raise AssertionError("the notebook was not saved")

    def _stands(self) -> nbformat.NotebookNode | None:
        """Return the notebook as it stands on disk; None while it is being written."""
        try:
            return nbformat.read(self.path, as_version=4)
        except (ValueError, nbformat.reader.NotJSONError):
            return None


@contextmanager
def opened(lab: Lab, browser: Browser, *cells: str) -> Iterator[Notebook]:
    """Write a notebook, open it in a page of its own, and shut its kernel down afterwards."""
    path = lab.folder / f"test_{len(list(lab.folder.iterdir()))}.ipynb"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    try:
        yield Notebook(lab, page, path)
    finally:
        page.close()
        lab.stop_kernels()
