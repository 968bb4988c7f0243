"""The app without a page: widgets hold their values, and every button does what it says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.cli.main import main
from feedeval.results.session import load_session
from tests.e2e.support import KEY, make_feed, until, write_jsonl
from tests.notebook.hostile import HOSTILE
from tests.server import ModelServer
from tests.server.faults import Fault, FaultKind


class Driven:
    """An app whose widgets are set as a page would set them."""

    def __init__(self, folder: Path, *, places: bool = True) -> None:
        self.output_dir = folder / "output"
        self.app = fe.app(self.output_dir, places=places)
        self.form = self.app.form

    def read(self, feed: Path) -> None:
        self.form.feed._way.value = "Path or address"
        # Another name is read at once, as Enter does it; the same one when the button is pressed.
        if self.form.feed._place.value != str(feed):
            self.form.feed._place.value = str(feed)
        else:
            self.form.feed.read_button.click()
        until(lambda: "Read." in self.form.feed.line.widget.value, "the feed to be read")

    def finish(self) -> None:
        self.form.start_button.click()
        self.see_results()

    def see_results(self) -> None:
        until(lambda: any(word in self._said() for word in ("All products", "alert")), "the results")
        assert "All products" in self._said()

    def _said(self) -> str:
        return self.form.results_line.widget.value + self.form.start_line.widget.value


def every_widget(root: Any) -> Iterator[Any]:
    """A widget and all that is laid out in it."""
    yield root
    for child in getattr(root, "children", ()):
        yield from every_widget(child)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driven:
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        monkeypatch.delenv(name)
    return Driven(tmp_path)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "shop.jsonl", make_feed(12))


def test_an_audit_goes_from_the_feed_to_the_files(app: Driven, feed: Path) -> None:
    steps = (app.form.fields.step, app.form.settings.step, app.form._start)
    assert {step.widget.layout.display for step in steps} == {"none"}
    app.read(feed)
    assert {step.widget.layout.display for step in steps} == {None}
    app.form.fields._boxes["price"].value = False
    app.form.settings._limit.value = "10"
    app.form.settings._questions.value = 6
    app.finish()
    session = load_session(output_dir=app.output_dir)
    assert session.progress.counts.done == 10
    assert session.progress.fingerprint["fields"] == ["title", "description", "product_type"]
    assert session.progress.fingerprint["num_questions"] == 6
    assert (app.output_dir / f"results_{session.id}.csv").is_file()
    assert (app.output_dir / f"report_{session.id}.html").is_file()
    for line in (app.form.found, app.form.plots, app.form.details):
        assert line.widget.value
    assert "<a download=" in app.form.table.widget.value and "<a download=" in app.form.report.widget.value
    until(lambda: not app.form.start_button.disabled, "the start button")
    shown = [widget for widget in every_widget(app.form.products.widget) if "fe-open" in widget._dom_classes]
    lowest = session.results.sort_values("coverage_pct", kind="stable")
    assert [button.description for button in shown] == list(lowest["title"])
    # The same feed and settings are the same session.
    app.form.results_line.widget.value = ""
    app.finish()
    assert len(list(app.output_dir.glob("progress_*"))) == 1


def test_an_upload_is_taken_out_of_the_page_and_read_at_once(app: Driven, feed: Path) -> None:
    box = app.form.feed
    content = feed.read_bytes()
    file = {"name": "<b>.jsonl", "type": "", "size": len(content), "content": memoryview(content)}
    box._upload.value = [{**file, "last_modified": datetime.now(UTC)}]
    until(lambda: "Read." in box.line.widget.value, "the upload to be read")
    assert box._upload.value == ()
    assert "memory only" in box.line.widget.value
    assert "&lt;b&gt;.jsonl" in box.preview.widget.value
    app.finish()
    assert load_session(output_dir=app.output_dir).progress.settings["source"]["kind"] == "the upload <b>.jsonl"


def test_after_a_file_that_never_arrived_another_one_can_be_chosen(app: Driven) -> None:
    before = app.form.feed._upload
    app.form.feed.read_button.click()
    until(lambda: "no file has arrived" in app.form.feed.line.widget.value, "the reason")
    assert app.form.feed._upload is not before
    assert app.form.feed._upload_place.children == (app.form.feed._upload,)


def test_where_strangers_use_the_page_neither_path_nor_endpoint_can_be_named(tmp_path: Path) -> None:
    form = Driven(tmp_path, places=False).form
    assert "Path or address" not in form.feed._way.options
    assert form.settings._base_url not in every_widget(form.root)
    # A page can send what it does not show.
    form.settings._base_url.value = "http://10.0.0.1/v1"
    assert form.settings.choices().base_url == ""


def test_chosen_fields_stay_chosen_when_the_feed_is_read_again(app: Driven, feed: Path) -> None:
    app.read(feed)
    box = app.form.fields
    assert box.chosen() is None
    box._boxes["price"].value = False
    box._boxes["link"].value = True
    app.form.feed.line.widget.value = ""
    app.read(feed)
    assert box.chosen() == ("title", "description", "product_type", "link")
    box._choose_default()
    assert box.chosen() is None


def test_a_fault_is_said_beside_the_button_that_was_pressed(app: Driven, feed: Path) -> None:
    app.read(feed)
    app.form.settings._limit.value = "none"
    for button, line in (
        (app.form.start_button, app.form.start_line),
        (app.form.estimate_button, app.form.estimate_line),
    ):
        button.click()
        until(lambda line=line: 'role="alert"' in line.widget.value, "the fault")  # type: ignore[misc]
        assert "the limit of products reads &#x27;none&#x27;" in line.widget.value
        until(lambda button=button: not button.disabled, "the button")  # type: ignore[misc]
    assert app.app.run is None


def test_nothing_of_a_feed_is_markup(app: Driven, tmp_path: Path) -> None:
    app.read(write_jsonl(tmp_path / "hostile.jsonl", [HOSTILE]))
    app.finish()
    form = app.form
    shown = (form.feed.preview, form.found, form.details)
    html = " ".join(line.widget.value for line in shown).lower()
    for tag in ("<script", "<img src=x", "<svg", "<iframe", "javascript:alert", "onerror=alert(2)>"):
        assert tag not in html, tag


def test_a_key_is_taken_out_of_its_field_and_written_nowhere(app: Driven, feed: Path) -> None:
    settings = app.form.settings
    app.read(feed)
    with ModelServer() as server:
        settings._engine.value = "A language model"
        settings._base_url.value = server.base_url
        settings._key_field.value = KEY
        assert settings._key_field.value == ""
        assert settings.key is not None and settings.key.get_secret_value() == KEY
        app.form.estimate_button.click()
        until(lambda: "All 12 products would" in app.form.estimate.widget.value, "the estimate")
        app.finish()
        assert server.stats.repeated == 0
    assert "cost about $" in app.form.estimate.widget.value
    widgets = [widget.get_state() for widget in every_widget(app.form.root)]
    written = [path.read_text(errors="replace") for path in app.output_dir.rglob("*") if path.is_file()]
    assert KEY not in repr(widgets) + repr(written) + repr(app.app)
    settings._forget_key()
    assert settings.key is None


def test_a_wrong_key_waits_for_another_one(app: Driven, feed: Path) -> None:
    app.read(feed)
    settings = app.form.settings
    with ModelServer(api_key=KEY) as server:
        settings._engine.value = "A language model"
        settings._base_url.value = server.base_url
        settings._key_field.value = "sk-wrong"
        app.form.start_button.click()
        until(lambda: "Go on" in app.form.start_button.description, "the run to wait for a person")
        until(lambda: not app.form.start_button.disabled, "the button to be usable")
        settings._key_field.value = KEY
        app.finish()
    assert app.form.start_button.description == "Start the audit"
    assert load_session(output_dir=app.output_dir).progress.counts.done == 12


def test_products_that_are_tried_again_are_in_the_results(app: Driven, feed: Path) -> None:
    app.read(feed)
    settings = app.form.settings
    with ModelServer(faults=[Fault(FaultKind.REJECTED, contains="Article 3 in blue")]) as server:
        settings._engine.value = "A language model"
        settings._base_url.value = server.base_url
        app.finish()
        run = app.app.run
        assert run is not None and run.snapshot().counts.failed > 0
        server.faults.clear()
        app.form.results_line.widget.value = ""
        run.retry_failed()
        app.see_results()
    assert load_session(output_dir=app.output_dir).progress.counts.failed == 0


def test_a_feed_that_cannot_be_read_does_not_leave_the_one_before_to_be_audited(app: Driven, feed: Path) -> None:
    app.read(feed)
    app.form.feed._place.value = str(feed.with_name("not_there.xml"))
    until(lambda: "no file at" in app.form.feed.line.widget.value, "the reason")
    assert app.form.feed.preview.widget.value == ""
    app.form.start_button.click()
    until(lambda: "no feed has been read yet" in app.form.start_line.widget.value, "the reason")
    app.form.feed._way.value = "Paste text"
    assert app.form.feed.line.widget.value == "", "what was wrong with the path is said of what is pasted"


def test_where_there_is_no_page_the_app_says_what_it_needs(app: Driven, capsys: pytest.CaptureFixture[str]) -> None:
    app.app.display()
    assert capsys.readouterr().out.startswith("The feedeval app")
    assert repr(app.app).startswith("The feedeval app")


def test_a_cell_that_is_run_again_shows_the_same_app(tmp_path: Path) -> None:
    shown = fe.app(tmp_path)
    assert fe.app(str(tmp_path)) is shown
    assert fe.app(tmp_path, places=False) is not shown
    assert fe.app(tmp_path / "other") is not shown


def test_columns_that_nobody_understands_are_explained_in_a_table_and_the_audit_remembers_it(
    app: Driven, tmp_path: Path
) -> None:
    feed = tmp_path / "shop.csv"
    feed.write_text("Ding;Kosten;Langes\nZelt;3,50 EUR;Aus Baumwolle\nLampe;4,50 EUR;Mit Akku\n", encoding="utf-8")
    app.form.feed._way.value = "Path or address"
    app.form.feed._place.value = str(feed)
    box = app.form.feed.columns
    until(lambda: bool(box._choices), "the columns")
    assert {name: choice.value for name, choice in box._choices.items()} == {
        "Ding": "title", "Kosten": "price", "Langes": ""
    }  # fmt: skip
    assert "Aus Baumwolle" in "".join(str(getattr(w, "value", "")) for w in every_widget(box._rows))
    assert app.form._start.widget.layout.display == "none"
    box._choices["Langes"].value = "description"
    box._read.click()
    until(lambda: "Read." in app.form.feed.line.widget.value, "the table to be read")
    app.finish()
    session = load_session(output_dir=app.output_dir)
    assert session.progress.settings["source"]["reading"]["columns"] == {
        "Ding": "title", "Kosten": "price", "Langes": "description"
    }  # fmt: skip
    assert list(session.results["title"]) == ["Zelt", "Lampe"]
    # The feed is read again in the same way.
    assert fe.resume(session).results()["status"].tolist() == ["done", "done"]


def test_an_empty_upload_is_said_to_be_empty(app: Driven) -> None:
    box = app.form.feed
    file = {"name": "shop.csv", "type": "", "size": 0, "content": memoryview(b"")}
    box._upload.value = [{**file, "last_modified": datetime.now(UTC)}]
    for _ in range(2):
        assert "shop.csv is empty (0 bytes)" in box.line.widget.value
        box.read_button.click()


def test_an_audit_may_be_answered_within_a_day_at_half_the_price(
    app: Driven, feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app.read(feed)
    settings = app.form.settings
    with ModelServer() as server:
        settings._engine.value = "A language model"
        settings._base_url.value, settings._key_field.value = server.base_url, KEY
        assert "delivery" not in settings.choices().options(), "nobody waits a day who did not ask for it"
        settings._by_batch.value = True
        assert "“Stop” calls off" in settings._batch_line.widget.value
        app.form.estimate_button.click()
        until(lambda: "All 12 products would" in app.form.estimate.widget.value, "the estimate")
        assert "Answered within a day" in app.form.estimate.widget.value and server.stats.batches == 0
        server.configure(batch_hold=True)
        app.form.start_button.click()
        until(lambda: app.app.run is not None and bool(app.app.run.snapshot().parts_out), "a part to be out")
        run = app.app.run
        assert run is not None
        run.leave()
        run.wait(60)
        session = run.session()
        said = ["cleanup", session.id, "--output-dir", str(app.output_dir)]
        assert main([*said, "--dry-run"]) == 0
        shown = capsys.readouterr()
        assert f"Session {session.id}: 1 part is at the endpoint" in shown.err and "billed all the same" in shown.err
        with pytest.warns(fe.RunWarning, match="billed all the same"):
            fe.cleanup(session)
        assert not session.files


def test_the_embedded_engine_is_asked_at_once(app: Driven) -> None:
    app.form.settings._by_batch.value = True
    assert "delivery" not in app.form.settings.choices().options()
