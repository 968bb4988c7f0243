"""Labelling as a person does it, by keys, in a real JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.browser.busy import ANSWERS_WHILE_BLOCKED, Busy
from tests.notebook.hostile import HOSTILE
from tests.results.factory import SID, Plan, write_session

if TYPE_CHECKING:
    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.slow

SHOW = "import feedeval as fe\nchecks = fe.label(fe.load_session(output_dir={folder!r}), n=40)\nchecks"

Open = Callable[..., "Notebook"]


def test_verdicts_are_labelled_by_keys_and_go_on_after_a_restart(notebook: Open, lab: Lab, tmp_path: Path) -> None:
    over = {n: {"title": HOSTILE["title"], "evidence": HOSTILE["description"]} for n in range(0, 20, 2)}
    write_session(tmp_path, Plan(products=20, overrides=over))
    saved = tmp_path / f"labels_{SID}.csv"

    def labels() -> list[str]:
        return pd.read_csv(saved)["label"].tolist() if saved.exists() else []

    busy = Busy(tmp_path)
    book = notebook(SHOW.format(folder=str(tmp_path)), busy.cell)
    book.run(0)
    out = book.output(0)

    def sees(text: str) -> None:
        book.wait_until(lambda: text in " ".join(out.inner_text().split()))

    sees("0 of 40 labelled")
    assert "Labels of session" not in out.inner_text(), "the static form is hidden while the widget is there"
    keys = book.page.keyboard
    out.locator("input[type=text]").click()
    keys.press("y")
    sees("1 of 40 labelled")
    # As fast as the page takes them: none is lost, and none is a command of the notebook (x would cut the cell).
    keys.type("pnxxyp")
    sees("7 of 40 labelled")
    book.wait_until(lambda: labels() == ["yes", "partial", "no", *["not_applicable"] * 2, "yes", "partial"])
    assert book.page.locator(".jp-Cell").count() == 2
    for left in (6, 5):
        keys.press("Backspace")
        sees(f"{left} of 40 labelled")
    keys.press("s")
    keys.press("u")
    keys.press("u")
    sees("4 of 40 labelled")
    for left in (3, 2, 1, 0):
        keys.press("Backspace")
        sees(f"{left} of 40 labelled")
    keys.type("yn")
    sees("2 of 40 labelled")
    # A button, and the keys go on without a click.
    out.get_by_role("button", name="Does not apply (x)").click()
    sees("3 of 40 labelled")
    book.wait_until(lambda: out.locator("input[type=text]").evaluate("e => e === document.activeElement"))
    keys.press("p")
    sees("4 of 40 labelled")

    book.start(1)
    busy.wait_until_it_is()
    out.locator("input[type=text]").click()
    keys.press("n")
    if not ANSWERS_WHILE_BLOCKED:
        busy.end()
    sees("5 of 40 labelled")
    assert book.runs(1) or not ANSWERS_WHILE_BLOCKED, "the key acted only when the kernel was free again"
    busy.end()
    book.wait_until(lambda: not book.runs(1))

    keys.type("n" * 35)
    sees("All cases are labelled")
    assert len(labels()) == 40
    keys.press("Backspace")
    sees("39 of 40 labelled")
    # Keys that are pressed in the box are letters there, and no commands of the page.
    book.page.locator(".jp-Cell").nth(1).locator(".jp-InputPrompt").click()
    # The static form in the notebook's file follows the widget, it does not come with it.
    book.wait_until(lambda: "39 of 40 labelled" in str(book.save()))
    assert book.complaints == []
    lab.stop_kernels()
    book.load()
    sees("39 of 40 labelled")
    book.run(0)
    out.locator("input[type=text]").wait_for()
    out.locator("input[type=text]").click()
    keys.press("Backspace")
    sees("38 of 40 labelled")
    assert book.page.evaluate("window.obeyed") is None
    of_the_feed = ".feedeval-label :is(script, img, svg, iframe, mjx-container)"
    assert out.locator(of_the_feed).count() == 0
    # JupyterLab may say on the page's console that the widget of the kernel that was stopped is not there any more.
    assert all(said.startswith("Error: widget model not found") for said in book.complaints), book.complaints
