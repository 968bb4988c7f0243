from __future__ import annotations

import pytest

from feedeval.errors import InputError
from feedeval.notebook.panel.choose_reporters import reporters_for
from feedeval.notebook.panel.reporter import PanelReporter, panel_for
from feedeval.run.reporters import TextReporter, TqdmReporter
from tests.notebook.snapshots import snapshot


def test_outside_a_notebook_lines_are_the_default() -> None:
    (reporter,) = reporters_for()
    assert isinstance(reporter, TextReporter)


def test_what_is_asked_for_is_given() -> None:
    assert isinstance(reporters_for("tqdm")[0], TqdmReporter)
    assert reporters_for("none") == ()


@pytest.mark.parametrize("progress", ["widgets", "html"])
def test_a_page_is_refused_where_there_is_none(progress: str) -> None:
    with pytest.raises(InputError, match="needs a notebook"):
        reporters_for(progress)


def test_an_unknown_way_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InputError, match="widgets, html, tqdm, text, none"):
        reporters_for("fancy")


def test_a_panel_outside_a_notebook_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    panel = PanelReporter(show=True)
    panel.start(snapshot())
    panel.update(snapshot())
    panel.message("hello")
    panel.close(snapshot())
    assert "123 of 200 products" in capsys.readouterr().out
    assert "hello" in panel.text()


def test_a_panel_with_nothing_to_show_says_so() -> None:
    with pytest.raises(InputError, match="nothing to show yet"):
        PanelReporter().text()


def test_a_panel_does_not_keep_a_run_alive_that_is_over() -> None:
    import gc
    import weakref

    class Over:
        def snapshot(self):  # type: ignore[no-untyped-def]
            from feedeval.records import Status

            return snapshot(status=Status.FINISHED)

        pause = resume = stop = snapshot

    run = Over()
    seen = weakref.ref(run)
    assert "Finished" in panel_for(run).text()
    del run
    gc.collect()
    assert seen() is None
