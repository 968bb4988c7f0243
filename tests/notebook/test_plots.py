"""Frame in, Axes out: what the plots show, and that they show it to everybody."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.text import Text

from feedeval.errors import InputError
from feedeval.formatting import cells
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.notebook.plots import gallery as plots
from feedeval.notebook.plots.colours import CRITICAL, DEGRADED, HEALTHY, NO, PARTIAL, SERIES, YES, Fill, lightness
from feedeval.notebook.plots.text import elide, label, wrap
from feedeval.results.session import load_session
from feedeval.results.summary import most_missed, tally_questions
from tests.notebook import frames
from tests.notebook.kernel import started_kernel
from tests.results.factory import Plan, write_session

Case = tuple[Callable[..., Axes], Callable[[], pd.DataFrame]]
CASES: dict[str, Case] = {
    "before_and_after": (plots.before_and_after, frames.categories),
    "coverage": (plots.coverage, frames.results),
    "coverage_by_category": (plots.coverage_by_category, frames.results),
    "verdicts_by_taxonomy": (plots.verdicts_by_taxonomy, frames.judgements),
    "most_missed": (plots.most_missed, frames.judgements),
    "missing_fields": (plots.missing_fields, frames.results),
    "errors_by_type": (plots.errors_by_type, frames.failures),
    "errors_over_batches": (plots.errors_over_batches, frames.failures),
    "rate": (plots.rate, frames.reports),
    "health": (plots.health, frames.reports),
    "history": (plots.history, frames.audits),
    "latency": (plots.latency, frames.reports),
    "memory": (plots.memory, frames.reports),
    "cost": (plots.cost, frames.reports),
    "confusion": (plots.confusion, frames.shadow),
    "per_class": (plots.per_class, frames.shadow),
    "probes": (plots.probes, frames.probes),
    "reliability": (plots.reliability, frames.shadow),
}
GERMAN = [f"Elektrogeräte > Küchenmaschinenzubehör > Donaudampfschifffahrtsgesellschaftsteile {n}" for n in range(40)]

every_plot = pytest.mark.parametrize(("plot", "frame"), CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def no_figure_stays() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def axes(*, width_in: float = 7.5, height_in: float = 5.0, paper: str = "white") -> Axes:
    return Figure(figsize=(width_in, height_in), layout="constrained", facecolor=paper).add_subplot(facecolor=paper)


def title_of(ax: Axes) -> Text:
    words = ax.get_title(loc="left")
    return next(child for child in ax.get_children() if isinstance(child, Text) and child.get_text() == words)


def lengths(ax: Axes) -> list[float]:
    return [float(bar.get_width()) for bar in ax.patches]


def rows(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_every_plot_that_is_public_is_tested_here() -> None:
    assert sorted(CASES) == plots.__all__


@every_plot
def test_a_plot_draws_into_the_axes_it_is_given_and_leaves_the_rest_alone(
    plot: Callable[..., Axes], frame: Callable[[], pd.DataFrame]
) -> None:
    given, data = axes(), frame()
    before, settings = data.copy(deep=True), dict(mpl.rcParams)
    assert plot(data, given) is given
    assert plt.get_fignums() == [], "a figure of its own"
    assert dict(mpl.rcParams) == settings
    pd.testing.assert_frame_equal(data, before)


@every_plot
def test_without_axes_there_is_one_figure_that_pyplot_shows(
    plot: Callable[..., Axes], frame: Callable[[], pd.DataFrame]
) -> None:
    ax = plot(frame())
    assert plt.get_fignums() == [1] and plt.gcf() is ax.figure


@every_plot
def test_a_frame_without_rows_gives_a_sentence(plot: Callable[..., Axes], frame: Callable[[], pd.DataFrame]) -> None:
    for given in (axes(), None):
        ax = plot(frame().head(0), given)
        assert len(ax.texts) == 1 and ax.texts[0].get_text().endswith(".")
        assert not ax.axison and not ax.patches and not ax.lines
        ax.figure.draw_without_rendering()


@every_plot
def test_the_wrong_frame_is_named_with_what_it_lacks(
    plot: Callable[..., Axes], frame: Callable[[], pd.DataFrame]
) -> None:
    with pytest.raises(InputError, match=r"has no column .*: give .*`"):
        plot(pd.DataFrame({"something": [1]}), axes())


@every_plot
def test_no_plot_is_without_a_unit(plot: Callable[..., Axes], frame: Callable[[], pd.DataFrame]) -> None:
    ax = plot(frame(), axes())
    units = ("%", "Products", "products", "seconds", "minutes", "(ms)", "(s)", "(MB)", "US dollars", "Batch", "Date")
    assert any(unit in ax.get_xlabel() for unit in units), ax.get_xlabel()
    if ax.get_ylabel():
        assert any(unit in ax.get_ylabel() for unit in units), ax.get_ylabel()
    else:
        assert all(rows(ax))
    assert ax.get_title(loc="left")


@every_plot
@pytest.mark.parametrize("width_in", [3.2, 14.0])
def test_what_is_written_lies_inside_the_figure(
    plot: Callable[..., Axes], frame: Callable[[], pd.DataFrame], width_in: float
) -> None:
    ax = plot(frame(), axes(width_in=width_in))
    ax.figure.draw_without_rendering()
    page = ax.figure.bbox
    # Ticks of a measured axis that lie beyond it are not drawn.
    labels = [] if ax.get_ylabel() else ax.get_yticklabels()
    for text in (*labels, ax.xaxis.label, ax.yaxis.label, title_of(ax)):
        box = text.get_window_extent()
        if text.get_text():
            assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, text.get_text()
            assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, text.get_text()


@every_plot
def test_text_can_be_read_on_light_and_on_dark(plot: Callable[..., Axes], frame: Callable[[], pd.DataFrame]) -> None:
    for paper in ("#ffffff", "#16181c"):
        ax = plot(frame(), axes(paper=paper))
        on_paper = (ax.xaxis.label, title_of(ax), ax.get_xticklabels()[0], ax.get_yticklabels()[0])
        for text in on_paper:
            colour = mpl.colors.to_hex(text.get_color())
            assert abs(lightness(colour) - lightness(paper)) > 70


def test_rows_do_not_touch_each_other() -> None:
    many = frames.results(np.linspace(0, 100, 80).tolist(), categories=GERMAN)
    for given in (None, axes(height_in=3.0), axes(width_in=3.0, height_in=9.0)):
        ax = plots.coverage_by_category(many, given)
        ax.figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
        assert all(upper.y0 >= lower.y1 - 1 for upper, lower in itertools.pairwise(boxes))
        assert min(box.x0 for box in boxes) >= 0
        if given is None:
            assert len(boxes) == 40
        else:
            assert "lowest of 40" in ax.get_title(loc="left").replace("\n", " ") or len(boxes) == 40


def test_a_label_is_cut_in_its_middle_and_keeps_the_end_of_the_path() -> None:
    cut = elide(GERMAN[7], 40)
    assert cells(cut) <= 40 and "…" in cut and cut.startswith("Elektro") and cut.endswith("schaftsteile 7")
    assert elide("Zelte", 40) == "Zelte"
    assert cells(elide("日本語" * 30, 20)) <= 20
    assert elide("Apparel & Accessories > Clothing > Tops > Hoodies", 24) == "… > Tops > Hoodies"


def test_a_long_question_takes_two_lines_at_most() -> None:
    lines = wrap("What is the maximum weight that it can carry, and for how long?" * 3, 30).split("\n")
    assert len(lines) == 2 and all(cells(line) <= 30 for line in lines) and lines[1].endswith("…")
    assert wrap("Wort" * 30, 30, lines=9).replace("\n", "") == "Wort" * 30


@pytest.mark.parametrize(
    "hostile",
    [r"$\frac{1}{0}$", r"$\badcommand$ a $", r"\$1 and $2$", "a\x1b[2J\u202eb\x00$x^$", "_hidden", "100 % & # {"],
)
def test_text_of_a_feed_is_no_formula_and_controls_nothing(hostile: str) -> None:
    shown = label(hostile)
    assert not is_math_text(shown)
    assert not set(shown) & set("\x1b\u202e\x00")
    asked = frames.judgements([(hostile, hostile, True, "no"), (hostile, hostile, False, "partial")])
    failed = frames.failures().assign(error_type=hostile)
    for ax in (
        plots.coverage_by_category(frames.results(categories=[hostile])),
        plots.before_and_after(frames.categories().assign(category=hostile)),
        plots.missing_fields(frames.results().assign(missing_core_fields=hostile)),
        plots.most_missed(asked),
        plots.verdicts_by_taxonomy(asked),
        plots.errors_by_type(failed),
        plots.errors_over_batches(failed),
    ):
        ax.figure.draw_without_rendering()


def test_letters_that_no_font_has_are_boxes_and_no_warnings(recwarn: pytest.WarningsRecorder) -> None:
    ax = plots.coverage_by_category(frames.results(categories=["\U000e0041テント \U0001fae8"]))
    ax.figure.draw_without_rendering()
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def deuteranope(colour: str) -> np.ndarray:
    """Return CIE L*a*b* of a colour as people without green cones see it (Machado, Oliveira and Fernandes 2009)."""
    simulated = np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    )
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    srgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    x, y, z = (to_xyz @ np.clip(simulated @ linear, 0, 1)) / [0.95047, 1.0, 1.08883]
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    "palette", [(YES, PARTIAL, NO), SERIES, (CRITICAL, DEGRADED, HEALTHY)], ids=["verdicts", "series", "health"]
)
def test_fills_are_told_apart_in_grey_and_by_colour_blind_people(palette: tuple[Fill, ...]) -> None:
    for one, other in itertools.combinations(palette, 2):
        assert abs(lightness(one.colour) - lightness(other.colour)) >= 14
        assert np.linalg.norm(deuteranope(one.colour) - deuteranope(other.colour)) >= 14
    assert len({fill.hatch for fill in palette[:-1]}) == len(palette) - 1
    assert all(abs(lightness(fill.contrast) - lightness(fill.colour)) > 45 for fill in palette)


def test_the_simulation_finds_colours_that_are_alike() -> None:
    assert np.linalg.norm(deuteranope("#a52a2a") - deuteranope("#556b2f")) < 14


def test_verdicts_are_told_apart_by_hatch_and_by_their_number() -> None:
    ax = plots.verdicts_by_taxonomy(frames.judgements())
    assert {patch.get_hatch() or "" for patch in ax.patches} == {YES.hatch, PARTIAL.hatch, NO.hatch}
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["answered", "in part", "open"]


def test_coverage_counts_products_in_steps_of_ten_points_and_leaves_failed_ones_out() -> None:
    data = frames.results()
    failed = pd.DataFrame({"coverage_pct": [np.nan, 50.0], "status": "failed", "category": "Tents", "engine": ""})
    ax = plots.coverage(pd.concat([data, failed]), axes())
    assert [bar.get_height() for bar in ax.patches] == [2, 1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert "5 products: 35.0 %" in ax.get_title(loc="left")


def test_categories_stand_lowest_first_with_mean_and_size() -> None:
    ax = plots.coverage_by_category(frames.results([80, 10, 60, 20], categories=["A > Good", ""]), axes())
    assert rows(ax) == ["(no category)", "A > Good"]
    assert lengths(ax) == [15.0, 70.0]
    assert texts(ax)[:2] == ["15.0 % · 2 products", "70.0 % · 2 products"]


def test_verdicts_show_required_questions_apart_and_add_up_to_the_whole() -> None:
    ax = plots.verdicts_by_taxonomy(frames.judgements(), axes())
    assert rows(ax) == ["Materials", "Specs"]
    assert np.sum(lengths(ax)) == pytest.approx(200)
    assert [t for t in texts(ax) if t in ("Needed before buying", "Other questions")] == [
        "Needed before buying",
        "Other questions",
    ]
    only_one_kind = plots.verdicts_by_taxonomy(frames.judgements([("?", "Use", False, "yes")]), axes())
    assert "Needed before buying" not in texts(only_one_kind) and lengths(only_one_kind) == [100, 0, 0]


def test_most_missed_ranks_as_the_summary_does(tmp_path: Path) -> None:
    sid = write_session(tmp_path, Plan(products=60, questions=12))
    session = load_session(sid, output_dir=tmp_path)
    block = most_missed(tally_questions(session.batch_files).questions, 12)
    ax = plots.most_missed(session.judgements, axes(height_in=20))
    expected = [f"Required: {row[0]}" if row[2] else str(row[0]) for row in block.rows]
    assert [row.replace("\n", " ") for row in rows(ax)] == expected
    assert lengths(ax) == [*(row[3] for row in block.rows), *(row[4] for row in block.rows)]


def test_questions_that_all_products_answer_are_not_missed() -> None:
    asked = frames.judgements([("What colour is it?", "Specs", True, "yes")])
    assert texts(plots.most_missed(asked, axes())) == ["Every product answers all of its questions."]


def test_missing_fields_are_counted_once_for_each_product() -> None:
    ax = plots.missing_fields(frames.results([1] * 6), axes())
    assert dict(zip(rows(ax), lengths(ax), strict=True)) == {"brand": 4, "color": 2}
    assert texts(ax) == ["4 (66.7 %)", "2 (33.3 %)"]
    none = frames.results().assign(missing_core_fields="")
    assert texts(plots.missing_fields(none, axes())) == ["No required field is missing in 5 products."]


def test_errors_are_counted_by_type_and_over_batches() -> None:
    failed = frames.failures(40, batches=20)
    ax = plots.errors_by_type(failed, axes())
    assert sum(lengths(ax)) == 40 and sorted(lengths(ax), reverse=True) == lengths(ax)
    ax = plots.errors_over_batches(failed, axes(), total_batches=50)
    assert sum(bar.get_height() for bar in ax.patches) == 40
    assert ax.get_xlim() == (0.5, 50.5)
    many = plots.errors_over_batches(frames.failures(500, batches=500), axes(), total_batches=1000)
    assert sum(bar.get_height() for bar in many.patches) == 500
    assert "a bar stands for 17 batches" in many.get_xlabel().replace("\n", " ")


def area(ax: Axes) -> float:
    values, edges, _ = ax.patches[0].get_data()  # type: ignore[attr-defined]
    return float((values * np.diff(edges)).sum())


def test_plots_of_a_run_over_images_speak_of_images() -> None:
    told = {"feedeval": {"kind": "shadow"}}
    failures, reports = frames.failures(), frames.reports()
    failures.attrs, reports.attrs = dict(told), dict(told)
    drawn = (
        plots.errors_by_type(failures, axes()),
        plots.errors_over_batches(failures, axes()),
        plots.rate(reports, axes()),
        plots.latency(reports, axes()),
    )
    for ax in drawn:
        said = " ".join([ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()])
        assert "image" in said and "product" not in said, said
    assert plots.errors_by_type(failures.head(0), axes()).texts[0].get_text() == "No image failed."


def test_the_rate_adds_up_to_all_products_and_pauses_are_cut_out() -> None:
    without = plots.rate(frames.reports(30), axes())
    with_pause = plots.rate(frames.reports(30, pause_after=12), axes())
    assert "products a second" in without.get_title(loc="left")
    scale = 60  # minutes on the axis, seconds in the rate
    assert area(without) * scale == pytest.approx(600, rel=1e-6)
    assert area(with_pause) * scale == pytest.approx(600, rel=1e-6)
    assert with_pause.get_xlim()[1] < 6 and "pauses cut out" in with_pause.get_xlabel()
    assert any(text.startswith("paused 12h 59m") or text.startswith("paused 13h") for text in texts(with_pause))
    assert not texts(without)


def test_latency_changes_its_unit_and_survives_many_batches() -> None:
    few = plots.latency(frames.reports(5), axes())
    assert few.get_ylabel() == "Batch time for each product (s)"
    assert few.lines[0].get_ydata() == pytest.approx(1.0)
    quick = frames.reports(500).assign(average_time_ms=12.0)
    many = plots.latency(quick, axes())
    assert many.get_ylabel() == "Batch time for each product (ms)" and len(many.lines[0].get_ydata()) <= 60


def test_one_batch_that_took_no_time_is_drawn() -> None:
    one = frames.reports(1).assign(elapsed_ms=0.0)
    for plot in (plots.rate, plots.latency, plots.cost, plots.memory, plots.health):
        plot(one, axes()).figure.draw_without_rendering()


def test_cost_adds_up_and_says_where_it_is_not_known() -> None:
    ax = plots.cost(frames.reports(30, cost_usd=0.1), axes())
    assert r"30 batches: \$3" in ax.get_title(loc="left")
    partly = frames.reports(30)
    partly.loc[3, "cost_usd"] = np.nan
    assert "1 batch is not known" in plots.cost(partly, axes()).get_title(loc="left").replace("\n", " ")
    assert "not known" in texts(plots.cost(frames.reports(cost_usd=np.nan), axes()))[0]
    assert texts(plots.cost(frames.reports(cost_usd=0.0), axes())) == ["This run cost nothing."]


def test_what_no_language_model_said_is_marked_as_such() -> None:
    def notes(ax: Axes) -> list[str]:
        return [text for text in texts(ax) if "language model" in text]

    for plot in (plots.coverage, plots.coverage_by_category):
        assert len(notes(plot(frames.results(engine=OfflineEngine.name), axes()))) == 1
        assert not notes(plot(frames.results(), axes()))
    asked = frames.judgements()
    for plot in (plots.verdicts_by_taxonomy, plots.most_missed):
        assert not notes(plot(asked, axes()))
        marked = asked.copy()
        marked.attrs["feedeval"] = {"engine": OfflineEngine.name}
        assert len(notes(plot(marked, axes()))) == 1
    mixed = frames.results().assign(engine=["offline", *["gpt-4o-mini"] * 4])
    assert "for 1 of 5 rows" in notes(plots.coverage(mixed, axes()))[0].replace("\n", " ")


def marks(ax: Axes) -> int:
    """How many things a picture is made of: artists, and the points of those that have many."""
    paths = [path for collection in ax.collections for path in collection.get_paths()]
    points = sum(len(line.get_xydata()) for line in ax.lines) + sum(len(path.vertices) for path in paths)
    return len(ax.get_figure().findobj()) + points  # type: ignore[union-attr]


def drawn(count: int) -> list[int]:
    """Draw so many products, and their questions and batches; return how many marks that takes in each picture."""
    rng = np.random.default_rng(0)
    many = frames.results(rng.uniform(0, 100, count).tolist(), categories=GERMAN)
    asked = pd.DataFrame(
        {
            "question": pd.array(
                np.tile(np.array([f"Question {n}?" for n in range(400)], object), 12 * count // 400), dtype="str"
            ),
            "taxonomy": pd.Categorical(rng.choice(["Use", "Specs", "Care"], 12 * count)),
            "required": rng.random(12 * count) < 0.3,
            "verdict": pd.Categorical(rng.choice(["yes", "partial", "no"], 12 * count)),
        }
    )
    calls: list[tuple[Any, pd.DataFrame]] = [
        *((plot, many) for plot in (plots.coverage, plots.coverage_by_category, plots.missing_fields)),
        *((plot, asked) for plot in (plots.verdicts_by_taxonomy, plots.most_missed)),
        *(
            (plot, frames.reports(count // 20))
            for plot in (plots.rate, plots.latency, plots.cost, plots.memory, plots.health)
        ),
    ]
    return [marks(plot(frame, axes())) for plot, frame in calls]


def test_twenty_thousand_products_take_no_more_marks_than_a_thousand() -> None:
    # Lines of batches have more points where there are more batches, up to some hundred.
    for few, many in zip(drawn(1_000), drawn(20_000), strict=True):
        assert many < few + 300


def test_a_cell_that_ends_in_a_plot_shows_one_picture(tmp_path: Path) -> None:
    with started_kernel(tmp_path) as kernel:
        kernel.run("from feedeval.notebook.plots import gallery as plots\nfrom tests.notebook import frames")
        kernel.run("plots.coverage(frames.results())")
        kernel.run("ax = plots.most_missed(frames.judgements())")
        pictures = [message for message in kernel.messages if "image/png" in message["content"].get("data", {})]
        assert len(pictures) == 2
