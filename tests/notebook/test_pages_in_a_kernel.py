"""An audit with pages behind it in a notebook: one panel for both steps, which ends with what was found."""

from __future__ import annotations

from pathlib import Path

from tests.feed.pages import answers, shop
from tests.notebook.kernel import started_kernel

CELL = """
import feedeval as fe
from tests.feed.pages import answers
pages = {{"allow_private": True, "limits": fe.PageLimits(pause_s=0, timeout_s=2, max_mb=1)}}
evaluator = fe.ProductFeedEvaluator(model="offline", output_dir="out")
run = evaluator.start(answers.feed_of({base!r})[:12], pages=pages)
run
"""


def test_one_panel_shows_both_steps_and_ends_with_what_the_pages_say(tmp_path: Path) -> None:
    with shop.opened(answers.stock()) as (base, _), started_kernel(tmp_path) as kernel:
        kernel.run(CELL.format(base=base))
        printed = kernel.run("end = run.wait(60); print(run.done, run.second.snapshot().kind, end.kind)")
        assert printed.split() == ["True", "pages", "pages"]
        last = kernel.bundles("update_display_data")[-1]
        shown = str(kernel.bundles("update_display_data"))
        assert "12 of 12 products" in shown and "4 questions of 4 products are answered on the page alone" in shown
        assert "text/html" in last or "text/plain" in last
        assert len([m for m in kernel.messages if m["msg_type"] == "display_data"]) <= 2
        assert "12 of 12" in kernel.run("print(run.panel.text())")
