from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.support import until
from tests.notebook.kernel import Kernel, started_kernel

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SLOW = (
    "from tests.notebook.cells import *\nhandle = Handle(CountingJob(2_000, seconds_each=0.5), max_workers=8)\nhandle"
)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with started_kernel(tmp_path) as kernel:
        yield kernel


def test_a_fast_run_ends_at_100_percent_and_floods_nobody(kernel: Kernel) -> None:
    kernel.run("from tests.notebook.cells import *")
    kernel.run("handle = Handle(CountingJob(20_000, fail_every=500), max_workers=64, batch_size=100)\nhandle")
    kernel.run("end = handle.wait()")
    printed = kernel.run("import json; print(json.dumps([end.elapsed_s, handle.timed.cost_s, widgets_left()]))")
    elapsed_s, cost_s, left = json.loads(printed)

    redraws = Counter(m["content"]["comm_id"] for m in kernel.messages if m["msg_type"] == "comm_msg")
    # What the run itself says of its length: at most five in each of its seconds, the first and the last beside them.
    assert 2 <= max(redraws.values()) <= 5 * elapsed_s + 3

    last = kernel.bundles("update_display_data")[-2]
    assert WIDGET_VIEW not in last
    assert "20,000 of 20,000 products · 100 %" in last["text/html"]
    assert "20,000 of 20,000 products · 100 %" in last["text/plain"]
    assert "failed 40 " in last["text/plain"]
    assert left <= 10
    # Its CPU beside the length of the same run: mostly half a hundredth.
    assert cost_s <= 0.03 * elapsed_s, f"the panel took {cost_s:.2f} s of {elapsed_s:.2f} s"


def test_a_finished_run_without_failures_leaves_a_summary_and_lets_go_of_the_run(kernel: Kernel) -> None:
    kernel.run("from tests.notebook.cells import *\nhandle = Handle(CountingJob(50)); handle.panel.display()")
    kernel.run("end = handle.wait()")
    assert int(kernel.run("print(widgets_left())")) <= 5
    kernel.run("import gc, weakref; seen, panel = weakref.ref(handle), handle.panel")
    kernel.run("del handle; gc.collect(); assert seen() is None")


def test_buttons_act_while_the_kernel_is_idle(kernel: Kernel) -> None:
    kernel.run(SLOW)
    kernel.press("Pause")
    message = kernel.wait_for("You paused it. Press Resume to go on.")
    assert "paused" in kernel.run("print(handle.snapshot().status.value)")
    kernel.press("Resume")
    kernel.wait_for("Running</span>")
    kernel.press("Stop")
    kernel.wait_for("You stopped it.")
    assert "stopped" in kernel.run("print(handle.wait().status.value)")
    assert message["msg_type"] in ("comm_msg", "update_display_data")


def test_what_a_button_raises_is_shown_in_the_panel(kernel: Kernel) -> None:
    kernel.run(SLOW)
    kernel.run("def refuse(): raise ValueError('<b>no</b> way')\nhandle.pause = refuse")
    kernel.press("Pause")
    message = kernel.wait_for("That did not work:")
    assert "ValueError: &lt;b&gt;no&lt;/b&gt; way" in str(message["content"])
    assert "running" in kernel.run("print(handle.snapshot().status.value); handle.stop()")


def test_retrying_brings_the_panel_back_to_life(kernel: Kernel) -> None:
    kernel.run("from tests.notebook.cells import *\nhandle = Handle(CountingJob(40, fail_every=10))\nhandle")
    kernel.run("handle.wait()")
    summary, button = kernel.bundles("update_display_data")[-2:]
    assert WIDGET_VIEW not in summary, "the summary needs no widget"
    assert WIDGET_VIEW in button
    kernel.press("Retry failed")
    kernel.wait_for("40 of 40 products · 100 % · done 40 · failed 0")
    kernel.run("handle.wait()")
    assert int(kernel.run("print(widgets_left())")) <= 10
    assert all(WIDGET_VIEW not in bundle for bundle in kernel.bundles("update_display_data")[-2:])


def test_the_panel_is_shown_again_by_every_cell_that_asks(kernel: Kernel) -> None:
    kernel.run(SLOW)
    before = int(kernel.run("print(widgets_left())"))
    kernel.run("handle")
    assert int(kernel.run("print(widgets_left())")) == before
    first, second = [bundle for bundle in kernel.bundles("display_data") if WIDGET_VIEW in bundle]
    assert first[WIDGET_VIEW]["model_id"] == second[WIDGET_VIEW]["model_id"]
    kernel.run("handle.stop(); handle.wait()")
    ends = [bundle for bundle in kernel.bundles("update_display_data") if "Stopped" in bundle["text/html"]]
    assert len(ends) >= 2, "both outputs show the end"


def saved_text(kernel: Kernel) -> str:
    """Return what a notebook that is saved now would show, once the kernel has said so."""
    kernel.run("pass")
    return str(kernel.bundles("update_display_data")[-1:])


def test_what_is_saved_beside_the_panel_is_kept_up_to_date(kernel: Kernel) -> None:
    kernel.run(SLOW)
    panel, saved = kernel.bundles("display_data")
    assert panel["text/html"] == panel["text/plain"] == ""
    assert WIDGET_VIEW not in saved
    assert "Running" in saved["text/html"]
    assert "Running" in saved["text/plain"]
    kernel.run("handle.pause()")
    until(lambda: "Paused" in saved_text(kernel), "what is saved to say it")
    kernel.run("handle.stop(); handle.wait()")
    assert "Stopped" in kernel.bundles("update_display_data")[-2]["text/plain"]


def test_a_run_that_began_without_a_panel_gets_one(kernel: Kernel) -> None:
    kernel.run(
        "from tests.notebook.cells import *\nfrom feedeval.notebook.panel.reporter import panel_for\n"
        "run = start(CountingJob(2_000, seconds_each=0.5), tempfile.mkdtemp(), RunSettings(max_workers=8))"
    )
    kernel.run("assert panel_for(run) is panel_for(run); panel_for(run)")
    kernel.wait_for("of 2,000 products")
    kernel.run("run.stop(); run.wait()")
    assert "Stopped" in kernel.bundles("update_display_data")[-2]["text/html"]


def test_a_run_that_is_over_is_shown_without_widgets(kernel: Kernel) -> None:
    kernel.run(
        "from tests.notebook.cells import *\nfrom feedeval.notebook.panel.reporter import panel_for\n"
        "run = start(CountingJob(20), tempfile.mkdtemp()); run.wait(); panel_for(run)"
    )
    assert "20 of 20 products" in kernel.bundles("display_data")[0]["text/html"]
    assert int(kernel.run("print(widgets_left())")) == 0


def test_importing_feedeval_does_not_import_the_panel(kernel: Kernel) -> None:
    kernel.run("import feedeval, sys; assert 'feedeval.notebook.panel.widgets' not in sys.modules")


def test_html_alone_moves_and_ends(kernel: Kernel) -> None:
    kernel.run(
        "from tests.notebook.cells import *\nfrom feedeval.notebook.panel.choose_reporters import reporters_for\n"
        "run = start(CountingJob(200, seconds_each=0.1), tempfile.mkdtemp(), RunSettings(max_workers=8),"
        " reporters=reporters_for('html')); end = run.wait()"
    )
    shown = kernel.bundles("update_display_data")
    elapsed_s = float(kernel.run("print(end.elapsed_s)"))
    assert 2 <= len(shown) <= 5 * elapsed_s + 3, "it is drawn seldom, and not for each record"
    assert "200 of 200 products · 100 %" in shown[-1]["text/html"]


def test_going_on_with_a_finished_audit_shows_it_and_says_that_nothing_was_left(kernel: Kernel) -> None:
    kernel.run(
        "import tempfile, feedeval as fe\n"
        "evaluator = fe.ProductFeedEvaluator(model='offline', output_dir=tempfile.mkdtemp())\n"
        "feed = [{'id': str(n), 'title': f'Lamp {n}'} for n in range(3)]\n"
        "results = evaluator.evaluate_products_batch(products_df=feed)"
    )
    before = len(kernel.bundles("display_data"))
    assert kernel.run("print(len(evaluator.resume_evaluation(feed)))").strip() == "3"
    shown = kernel.bundles("display_data")[before:]
    assert "nothing was left to do" in str([*shown, *kernel.bundles("update_display_data")[-2:]])


NEEDY = """import tempfile
from feedeval.evaluator import ProductFeedEvaluator
from tests.e2e.support import make_feed
from tests.server import ModelServer
server = ModelServer(latency_s=0.01, api_key="sk-right-and-never-to-be-seen")
server.__enter__()
evaluator = ProductFeedEvaluator("sk-wrong", base_url=server.base_url, output_dir=tempfile.mkdtemp())
run = evaluator.start(make_feed(40), num_questions=4, max_in_flight=4)
run.wait(60, until_paused=True)
run"""


def test_a_pause_for_a_key_has_a_field_for_it_and_resume_without_one_says_what_is_needed(kernel: Kernel) -> None:
    kernel.run(NEEDY)
    kernel.wait_for("API key:")
    kernel.press("Resume")
    kernel.wait_for("another key is needed")
    kernel.run(
        "field = run.panel.widget().children[2].children[0]; field.value = 'sk-right-and-never-to-be-seen'\n"
        "assert field.value == '', field.value"
    )
    kernel.press("Resume")
    kernel.wait_for("Finished: 40 of 40 products audited")
    kernel.run("server.__exit__(None, None, None)")
    shown = str([m["content"] for m in kernel.messages if m["msg_type"] in ("display_data", "update_display_data")])
    assert "never-to-be-seen" not in shown


def test_what_is_unfolded_is_painted_and_what_is_folded_costs_no_message(kernel: Kernel) -> None:
    kernel.run(
        "from tests.notebook.cells import *\n"
        "handle = Handle(CountingJob(30_000, seconds_each=0.02), max_workers=8)\nhandle"
    )
    kernel.wait_for("sku-0")
    kernel.run("folds = handle.panel.widget().children[4]; folds.selected_index = None")
    # What was being painted when it was folded is through once the next picture is there.
    for _ in range(2):
        kernel.wait_for("a second")
    before = len(kernel.messages)
    kernel.wait_for("a second")
    kernel.run("import time; time.sleep(2.5)")
    fresh = str([message["content"] for message in kernel.messages[before:]])
    assert "sku-0" not in fresh and "a second" in fresh
    kernel.run("folds.selected_index = 1")
    kernel.wait_for("Rate: now")
    kernel.run("handle.stop(); handle.wait()")
