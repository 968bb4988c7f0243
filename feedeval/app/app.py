"""The app: what its buttons set going, and what is shown of it.

Every act that may take a moment has a thread of its own, so that the page answers at all times; what goes wrong there
is shown beside the button that set it going.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from feedeval.app import render
from feedeval.app.downloads import offered, report_path, write_table
from feedeval.app.feeds import Given, Preview, Refused, Remembered
from feedeval.app.filling import Filling
from feedeval.app.following import AuditsOfFolder
from feedeval.app.render import Tone, fault_in_words
from feedeval.app.words import GOES_ON, GOES_ON_IN_VOILA, SO_FAR, WITHOUT_PAGE, through
from feedeval.errors import InputError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.html import Markup
from feedeval.notebook.panel.output import Output, kernel_shell
from feedeval.notebook.report.findings import check_again
from feedeval.notebook.report.parts import Material
from feedeval.notebook.report.report import write_report
from feedeval.records import Status
from feedeval.results.gaps.cards import cards_html, together_html
from feedeval.results.session import Session
from feedeval.run.progress import Need
from feedeval.storage.addresses import shown
from feedeval.storage.paths import folder_path

if TYPE_CHECKING:
    from feedeval.app.boxes.common import Line
    from feedeval.app.boxes.form import Form

_LOOK_EVERY_S = 0.3
_PILOT = 5
_BEAT_EVERY_S = 10.0


class App:
    """The whole audit as one widget; displayed, it shows itself in a notebook.

    Use `feedeval.app`.
    """

    def __init__(self, output_dir: Path, *, places: bool) -> None:
        # Imported where it is needed: a terminal has no use for widgets.
        from feedeval.app.boxes.form import Form

        self._output_dir = output_dir
        self._lock = threading.Lock()
        # Of two feeds that are read at the same time, the later one is offered after the earlier one, not amidst it.
        self._offering = threading.Lock()
        self._given: Given | None = None
        self._reading: Given | None = None
        self._run: EvaluationRun | None = None
        self._starting = False
        self._saved: Output | None = None
        self._beaten_s = 0.0
        self._remembered = Remembered()
        self.audits = AuditsOfFolder(output_dir, self)
        self.form: Form = Form(self, places=places, above=self.audits.box.widget)
        self.filling = Filling(output_dir, self)
        self.form.add_filled(self.filling.box)
        self.form.feed.takes_workbook = self.filling.take

    @property
    def run(self) -> EvaluationRun | None:
        """The run that was started last; None before the first one."""
        return self._run

    def read(self) -> None:
        """Read the feed that stands in the form, and offer its fields; one that is being read is not read twice."""
        box = self.form.feed
        try:
            given = box.given()
        except InputError as exc:
            box.line.say(Tone.PROBLEM, str(exc))
            return
        self._read(given)

    def read_again(self) -> None:
        """Read the feed with what was said of its columns, and remember that for tables with the same ones."""
        box = self.form.feed
        try:
            given = replace(box.given(), columns=tuple(box.columns.chosen().items()))
        except InputError as exc:
            box.line.say(Tone.PROBLEM, str(exc))
            return
        self._read(given)

    def _read(self, given: Given) -> None:
        box = self.form.feed
        with self._lock:
            if given == self._reading:
                return
            self._reading = given
        box.line.say(Tone.WORKING, f"Reading {given.name} …")

        def work() -> None:
            try:
                found = self._remembered.preview(given)
            except Exception as exc:  # shown to the person who waits, unless another feed is being read by now
                with self._offering:
                    if self._has_read(given):
                        self._given = None
                        box.columns.hide()
                        box.preview.show(Markup(""))
                        box.line.say(Tone.PROBLEM, fault_in_words(exc))
                return
            with self._offering:
                if self._has_read(given):
                    self._offer(*found)

        self._in_background(work, box.line)

    def _has_read(self, given: Given) -> bool:
        """Note that a feed was read, and return whether it is still the one that is wanted."""
        with self._lock:
            wanted = self._reading is given
            if wanted:
                self._reading = None
            return wanted

    def _offer(self, given: Given, found: Preview | Refused) -> None:
        box = self.form.feed
        box.columns.offer(found.columns, dict(given.columns), refused=isinstance(found, Refused))
        if isinstance(found, Refused):
            self._given = None
            box.preview.show(Markup(""))
            box.line.say(Tone.HINT, "")
            return
        self._given = given
        box.preview.show(render.understood(found))
        self.form.fields.offer(found)
        self.form.show_choices(True)
        kept = " It stays in this kernel's memory only: to go on after a restart, give the same feed again."
        box.line.say(Tone.DONE, f"Read.{kept if given.in_memory else ''}")
        self.filling.lay()

    def given_feed(self) -> Given | None:
        """Return the feed that was read last, with what was filled in since."""
        return self._given

    def audit(self, given: Given, found: Preview) -> None:
        """Audit a feed with the settings that stand in the form, and the fields that it has now.

        Raises:
            InputError: An audit goes on.
        """
        if self._starting or (self._run is not None and not self._run.done):
            raise InputError("an audit is going on: wait for its end, or stop it, and press again")
        self._given = given
        self.form.fields.offer(found)
        self.start()

    def estimate(self) -> None:
        """Estimate what the audit would take, from a few products."""
        form = self.form
        form.estimate_button.disabled = True
        form.estimate.show(Markup(""))

        def work() -> None:
            try:
                given, choices = self._ready(), form.settings.choices()
                evaluator = choices.evaluator(form.settings.key, self._output_dir)
                source = given.for_audit(choices.product_limit())
                options = choices.options()
                fields = form.fields.chosen()
                form.estimate_line.say(Tone.WORKING, f"Trying {_PILOT} products …")
                found = evaluator.estimate(source, _PILOT, fields, **options)
                form.estimate.show(render.estimated(found))
                form.estimate_line.say(Tone.DONE, "Estimated.")
            finally:
                form.estimate_button.disabled = False

        self._in_background(work, form.estimate_line)

    def start(self) -> None:
        """Start the audit, or go on with one; where the run waits for a person, let it go on."""
        form = self.form
        with self._lock:
            if self._starting:
                return
            self._starting = True
        form.offer_start(False)

        def work() -> None:
            try:
                if self._run is not None and not self._run.done:
                    self._go_on(self._run)
                else:
                    self._begin()
            except BaseException:
                form.offer_start(True, going_on=self._run is not None and not self._run.done)
                raise
            finally:
                self._starting = False

        self._in_background(work, form.start_line)

    def display(self) -> None:
        """Show the app in the output of this cell; outside a notebook, print what it needs."""
        if kernel_shell() is None:
            print(WITHOUT_PAGE)
            return
        Output(self.form.view())
        self.audits.open()
        # What a saved notebook shows without its kernel; hidden for as long as the page shows the app.
        self._saved = Output(self._without_page(Markup("")))

    _ipython_display_ = display

    def __repr__(self) -> str:
        return WITHOUT_PAGE

    def _begin(self) -> None:
        form = self.form
        given, choices = self._ready(), form.settings.choices()
        evaluator = choices.evaluator(form.settings.key, self._output_dir)
        source, options, fields = given.for_audit(choices.product_limit()), choices.options(), form.fields.chosen()
        form.start_line.say(Tone.WORKING, "Going through the feed …")
        options["progress"] = "widgets" if kernel_shell() is not None else "none"
        run = evaluator.start(source, fields, **options)
        # Before it is followed: once its results are shown, the next one can be started.
        self._run, self._starting = run, False
        self._follow(run, given)

    def attach(self, run: EvaluationRun) -> None:
        """Show a run of this kernel that the app did not start, or has lost sight of, with its panel."""
        if self._run is run and not run.done:
            return
        self.form.show_run()
        self.form.offer_start(False)
        self._run = run
        self._follow(run, None)

    def show_session(self, session: Session) -> None:
        """Show the results of a session, as of an audit that ends here."""
        self._show_results(session, None)

    def key(self) -> str | None:
        """Return the key that was entered; None: the environment's."""
        key = self.form.settings.key
        return key.get_secret_value() if key is not None else None

    def _follow(self, run: EvaluationRun, given: Given | None) -> None:
        form = self.form
        form.show_panel(run.panel.widget("press Start"))
        stays = GOES_ON_IN_VOILA if "VOILA_KERNEL_ID" in os.environ else GOES_ON
        form.start_line.say(Tone.HINT, f"Saved as it goes, as session {run.sid} in {shown(self._output_dir)}. {stays}")
        threading.Thread(target=self._watch, args=(run, given), name="feedeval-app-watch", daemon=True).start()

    def _go_on(self, run: EvaluationRun) -> None:
        """Let a run that waits for a person go on with the key and the budget that the form has now."""
        settings, snapshot = self.form.settings, run.snapshot()
        choices = settings.choices()
        changes: dict[str, object] = {}
        # What was raised in the panel stays, and so does what the form does not change.
        if (budget := choices.budget()) is None or budget > (snapshot.budget_usd or 0.0):
            changes["budget_usd"] = budget
        if snapshot.needs is Need.MODEL and choices.model.strip() != snapshot.engine:
            changes["model"] = choices.model.strip()
        if settings.key is not None:
            changes["api_key"] = settings.key.get_secret_value()
        run.resume(**changes)
        self.form.start_line.say(Tone.HINT, "The audit goes on.")

    def _watch(self, run: EvaluationRun, given: Given | None) -> None:
        """Follow a run to its end, and through each time that its failed products are tried again."""
        form = self.form
        while True:
            counts = run.snapshot().counts
            try:
                self._until_over(run)
                counts = run.snapshot().counts
                form.offer_start(True)
                self._show_results(run.session(), given)
            except Exception as exc:  # shown to the person who waits for the results
                form.offer_start(True)
                form.start_line.say(Tone.PROBLEM, fault_in_words(exc))
            # A few products may be tried again between two looks: then only the counts tell.
            while run.done and run.snapshot().counts == counts:
                if self._run is not run or not counts.failed:
                    return
                time.sleep(_LOOK_EVERY_S)

    def _until_over(self, run: EvaluationRun) -> None:
        """Wait for the end of a run; while it waits for a person, offer to let it go on."""
        while not run.done:
            run.wait(_LOOK_EVERY_S, until_paused=True)
            waits = run.snapshot().needs_person
            self._beat(waits)
            if not self._starting:
                self.form.offer_start(waits, going_on=waits)
            time.sleep(_LOOK_EVERY_S)

    def _beat(self, waits: bool) -> None:
        """Let a server that ends idle kernels know that this one works, unless the audit waits for a person.

        The server reads it from a widget that is made: what widgets say to each other is no sign of work
        (`untracked_message_types` in `notebooks/voila.json`).
        """
        now_s = time.monotonic()
        if not waits and now_s - self._beaten_s >= _BEAT_EVERY_S and kernel_shell() is not None:
            self._beaten_s = now_s
            self.form.beat()

    def _show_results(self, session: Session, given: Given | None) -> None:
        form = self.form
        if not session.progress.counts.done:
            return
        finished = session.status is Status.FINISHED
        form.show_results()
        form.results_line.say(Tone.WORKING, "Reading the results …")
        summary = session.summary()
        form.found.show(found := render.found(summary))
        book, table = self.filling.offer(session), offered(write_table(session), "Save the table (CSV)")
        form.table.show(render.block(book, table))
        # It keeps the place of the link, so that nothing moves when the report is written.
        form.report.say(Tone.HINT, "The report follows …")
        limit = session.progress.settings["source"]["limit"]
        checked = check_again(session, given.for_audit(limit) if given is not None else None)
        form.products.show(session, checked)
        if finished:
            form.fold_panel(summary.headline or "How the audit went")
        form.details.show(details := render.details(summary))
        form.plots.show(plots := render.plotted(session))
        page = write_report(Material.of(session), checked, report_path(session))
        form.report.show(render.block(offered(page, "Save the report (HTML, to send to a client)")))
        self.filling.compared(session)
        form.results_line.say(Tone.DONE, through(session) if finished else SO_FAR)
        if self._saved is not None:
            to_do = render.block(together_html(session.action_cards), cards_html(session.action_cards))
            self._saved.change(self._without_page(Markup(found + to_do + details + plots)))

    def _ready(self) -> Given:
        if self._given is None:
            raise InputError("no feed has been read yet: choose one above and press Read")
        return self._given

    def _without_page(self, results: Markup) -> dict[str, str]:
        mark = self.form.mark
        hide = f"<style>body:has(.{mark}) .behind-{mark}{{display:none}}</style>"
        body = f'{hide}<div class="behind-{mark}">{render.said(Tone.HINT, WITHOUT_PAGE)}{results}</div>'
        return {"text/html": body, "text/plain": WITHOUT_PAGE}

    def _in_background(self, work: Callable[[], None], line: Line) -> None:
        """Do something on a thread of its own; a callback that raised would seem to do nothing."""

        def guarded() -> None:
            try:
                work()
            except Exception as exc:  # shown to the person who pressed
                line.say(Tone.PROBLEM, fault_in_words(exc))

        threading.Thread(target=guarded, name="feedeval-app", daemon=True).start()


def app(output_dir: str | Path = "output", *, places: bool = True) -> App:
    """Return the app: the whole audit for someone who writes no code, in a notebook or served by Voilà.

    A process has one of them a folder: a cell that is run again shows the audit that goes on.

    Args:
        output_dir: Folder of the sessions; made when the first audit starts.
        places: Let a feed be named by its path or address, and an endpoint by its address. Switch it off where
            strangers use the page: they could reach files and servers that only the machine of the page can reach.
    """
    folder = folder_path(output_dir)
    key = (folder.resolve(), places)
    with _apps_lock:
        made = _apps.get(key)
        if made is None:
            made = _apps[key] = App(folder, places=places)
        return made


_apps: weakref.WeakValueDictionary[tuple[Path, bool], App] = weakref.WeakValueDictionary()
_apps_lock = threading.Lock()
