from __future__ import annotations

from html.parser import HTMLParser

import pytest

from feedeval.formatting import moment_words
from feedeval.notebook.panel.facts import rate
from feedeval.notebook.panel.render import parts, run_html, run_text
from feedeval.records import Counts, Gauges, Health, HealthStatus, Status
from feedeval.run.progress import Snapshot
from tests.notebook.snapshots import failure, snapshot

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</div></div><style>*{display:none}</style>",
    "\u202egnp.exe",
    "\x1b[2J\x00",
    "$\\require{enclose}$",
    "a" * 100_000,
)


class Page(HTMLParser):
    """The tags and the text of a page, as one without styles would show it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.handlers: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def words(shown: Snapshot) -> str:
    return " ".join(Page(run_html(shown)).words.split())


def test_every_figure_stands_beside_its_name_without_styles() -> None:
    shown = words(snapshot())
    for expected in (
        "Running",
        "Feed audit by a-model",
        "session 20260301_093000 in output",
        "123 of 200 products · 61 %",
        "Batch 7 of 10 3 of 20",
        "Done 120 (20 taken over)",
        "Failed 3",
        "Left 77",
        "Rate 4.2 a second",
        "Time left 18.3s",
        "Calls under way 7 of 12",
        "Cost $0.4200 of $5.00",
        "Memory 312 MB (peak 340)",
        "healthy",
        "Failed: 2 unusable replies, 1 × Timeout",
        f"updated {moment_words(snapshot().updated, seconds=True)}",
        "run this cell again to go on",
    ):
        assert expected in shown


@pytest.mark.parametrize("status", list(Status))
def test_every_state_has_a_glyph_and_a_word(status: Status) -> None:
    shown = snapshot(status=status)
    word = "Getting" if status is Status.PENDING else status.value.capitalize()
    assert word in Page(parts(shown).head).words
    glyphs = {run_text(snapshot(status=each)).split()[0] for each in Status}
    assert len(glyphs) == len(Status)
    assert run_text(shown).split()[1].rstrip(":") == word


@pytest.mark.parametrize(("leaving", "word"), [("pausing", "Pausing…"), ("stopping", "Stopping…")])
def test_a_run_that_is_leaving_says_what_it_waits_for(leaving: str, word: str) -> None:
    shown = words(snapshot(leaving=leaving))
    assert word in shown
    assert "8 products under way are finished first; no new ones start." in shown


def test_a_pause_says_why_and_who_has_to_act() -> None:
    shown = snapshot(status=Status.PAUSED, status_reason="the key was refused", needs_person=True)
    assert "Waiting for you: The key was refused" in words(shown)
    assert "Waiting" not in words(snapshot(status=Status.PAUSED, status_reason="the network is gone"))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_is_shown_and_not_obeyed(text: str) -> None:
    shown = snapshot(
        engine=text,
        output_dir=text,
        status=Status.PAUSED,
        status_reason=text,
        errors_by_type={text: 1},
        latest_failures=(failure(1, key=text, error_type=text, message=text),),
        health=Health(overall_status=HealthStatus.CRITICAL, reasons=(text,), recommendations=(text,)),
    )
    html = run_html(shown, (text,), fault=text)
    page = Page(html)
    assert not page.open
    assert set(page.tags) <= {"div", "span", "b", "ul", "li"}
    assert not page.handlers
    assert not {"\u202e", "\x1b", "\x00"} & set(html)
    assert len(html) < 30_000
    assert not {"\u202e", "\x1b", "\x00"} & set(run_text(shown, (text,)))


def test_amounts_and_feeds_are_kept_from_being_set_as_formulas() -> None:
    assert 'class="feedeval-run mathjax_ignore tex2jax_ignore"' in run_html(snapshot())


def test_nearly_all_is_not_all() -> None:
    assert "99 %" in words(snapshot(counts=Counts(total=100_000, done=99_999)))
    assert "100 %" in words(snapshot(counts=Counts(total=100_000, done=99_999, failed=1)))


def test_failures_that_say_the_same_make_one_line() -> None:
    latest = (failure(5), failure(4), failure(3, message="refused"), failure(2))
    shown = words(snapshot(latest_failures=latest))
    assert "09:31:07 sku-5 and 2 more: Timeout: no answer in 60 s" in shown
    assert "sku-3: Timeout: refused" in shown
    assert "sku-4" not in shown


def test_messages_stand_newest_first() -> None:
    tail = Page(parts(snapshot(), ("earlier", "later")).tail).words
    assert tail.index("later") < tail.index("earlier")


def test_health_gives_its_reason_and_advice() -> None:
    health = Health(
        overall_status=HealthStatus.DEGRADED,
        reasons=("12 of the last 50 records failed",),
        recommendations=("Look at the failures.",),
    )
    shown = words(snapshot(health=health))
    assert "▲ degraded" in shown
    assert "12 of the last 50 records failed" in shown
    assert "Look at the failures." in shown


def test_a_finished_run_shows_no_speed_and_no_batch() -> None:
    shown = words(snapshot(status=Status.FINISHED, counts=Counts(total=200, done=200), gauges=Gauges()))
    assert "Finished" in shown
    assert "100 %" in shown
    assert "Calls 123, 2 repeated" in shown
    assert "Batch 7" not in shown
    assert "Rate" not in shown
    assert "again" not in shown


def test_an_unknown_price_is_said_and_not_shown_as_nothing() -> None:
    assert "Cost price unknown of $5.00" in words(snapshot(cost_usd=None))


def test_a_cooldown_is_shown() -> None:
    gauges = Gauges(in_flight=0, limit=12, cooldown_s=3.2)
    assert "Calls under way 0 of 12, waiting 3.2s" in words(snapshot(gauges=gauges))


def test_the_embedded_engine_says_that_no_model_was_asked() -> None:
    assert "no language model" in words(snapshot(engine="offline")).lower()


def test_other_jobs_name_their_own_records() -> None:
    assert "Shadow mode" in words(snapshot(kind="shadow"))
    assert "123 of 200 images" in words(snapshot(kind="shadow"))
    assert "123 of 200 records" in words(snapshot(kind="other"))


def test_rows_that_could_not_be_read_are_told_from_calls_that_failed() -> None:
    shown = snapshot(kind="shadow", errors_by_type={"BadImage": 1, "BadLabel": 1, "Timeout": 1})
    assert "3 (2 unreadable)" in run_html(shown) and "failed 3 (2 unreadable)" in run_text(shown)
    assert "unreadable" not in run_html(snapshot())


def test_the_embedded_engine_of_shadow_mode_says_what_it_is() -> None:
    said = run_text(snapshot(kind="shadow", engine="offline"))
    assert "No vision model was asked" in said and "screening" not in said


def test_an_empty_run_is_drawn() -> None:
    assert "0 of 0 products · 100 %" in words(snapshot(counts=Counts(), batch=None, total_batches=0))


def test_rates_are_given_in_readable_units() -> None:
    assert [rate(x) for x in (0.0, 0.05, 1.0, 9.94, 1234.5)] == [
        "–",
        "3.0 a minute",
        "1.0 a second",
        "9.9 a second",
        "1,234 a second",
    ]


def test_what_is_drawn_does_not_grow_with_what_failures_say() -> None:
    # It is drawn several times a second for days.
    def drawn(length: int) -> list[int]:
        shown = snapshot(latest_failures=tuple(failure(i, message=f"reply {i} " + "x" * length) for i in range(10)))
        found = parts(shown, ("one", "two"))
        return [len(found.head), len(found.body), len(found.tail)]

    assert drawn(50_000) == drawn(5_000)
