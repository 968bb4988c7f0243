"""The parts of a report, each a function of what a session holds."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from feedeval.formatting import counts_in_words, duration, money
from feedeval.html import Markup, escape
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.notebook.plots import gallery as plots
from feedeval.notebook.plots.pictures import Plot, figure
from feedeval.notebook.report.parts import Material, foreign, question_html, table
from feedeval.records import MOST_NOT_JUDGED, Status
from feedeval.results.certify.certified import Certified, plus_minus
from feedeval.results.session import Session
from feedeval.results.summary import failures_by_type
from feedeval.results.summary import missing_fields as fields_missing_most

_FEW_BATCHES = 3
_SHORT_S = 10.0
"""Of so few batches, or of so short a run, no curve says anything."""


def title(material: Material) -> str:
    """Return the title of the page."""
    name = source_name(material.session)
    return f"Feed audit: {name}" if name else f"Feed audit {material.session.id}"


def source_name(session: Session) -> str:
    """Return the name of the feed as a stranger may see it: no folders, and no query that may hold a key."""
    return session.feed_name


def head(material: Material) -> Markup:
    """Return the title and what has to be known before anything else."""
    progress = material.session.progress
    engine = "the embedded engine" if material.session.note else progress.engine
    parts = [
        f"<header><h1>{foreign(title(material))}</h1>",
        f'<p class="quiet">What buyers would ask about these products, and what the feed leaves unsaid. '
        f"Audited on {escape(progress.started[:10])} with {escape(engine)}.</p>",
    ]
    parts += [f'<p class="note">{escape(note)}</p>' for note in material.notes]
    if material.session.status is not Status.FINISHED:
        state = f"This audit is not finished: {counts_in_words(progress.counts)}, as of {_moment(progress.updated)}."
        parts.append(f'<p class="note">{escape(state)}</p>')
    return Markup("".join([*parts, "</header>"]))


def summary(material: Material) -> Markup:
    """Return the figures and sentences that a client reads first."""
    done, progress = material.done, material.session.progress
    if done.empty:
        said = counts_in_words(progress.counts)
        return Markup(f"<p>No product has been evaluated yet ({escape(said)}), so there are no scores to show.</p>")
    certified = material.certified
    tiles = [
        *(() if certified is None else ((f"{plus_minus(certified.coverage_pct)} %", _checked(certified)),)),
        *_totals(material),
        (f"{len(done):,}", "products evaluated" if len(done) != 1 else "product evaluated"),
        (f"{len(material.judgements):,}", "answers looked for"),
    ]
    if material.standing.basis.not_judged:
        tiles.append((f"{material.standing.basis.not_judged:,}", "questions that were not judged"))
    if progress.counts.failed:
        tiles.append((f"{progress.counts.failed:,}", "products could not be evaluated"))
    shown = "".join(f'<div class="tile"><b>{escape(n)}</b><span>{escape(words)}</span></div>' for n, words in tiles)
    points = "".join(f"<li>{point}</li>" for point in _points(material))
    return Markup(f'<div class="tiles">{shown}</div><ul>{points}</ul>')


def _checked(certified: Certified) -> str:
    return f"of buyers’ questions answered, as people judge: {certified.labels:,} verdicts checked by people"


def _totals(material: Material) -> list[tuple[str, str]]:
    """Return the figures of the whole feed; with their intervals where a sample of it was audited."""
    standing = material.standing
    if standing.coverage_pct is None:
        return []
    of_what = f", {standing.basis.of_what}" if standing.basis.of_what else ""
    answered = f"of buyers’ questions answered{of_what}"
    open_ = "of products leave open what a buyer must know before buying"
    if (whole := material.session.whole_feed) is not None:
        shares = (whole.coverage_pct, whole.required_open.scaled(100 / whole.products))
        return [
            (f"{found.estimate:.0f} %", f"{words} (95 %: {found.low:.0f} to {found.high:.0f} %)")
            for found, words in zip(shares, (answered, open_), strict=True)
        ]
    lacking = int((material.done["unanswered_required_count"] > 0).sum())
    return [(f"{standing.coverage_pct:.0f} %", answered), (f"{100 * lacking / len(material.done):.0f} %", open_)]


def _points(material: Material) -> list[Markup]:
    """Return what stands out, in sentences."""
    done, standing = material.done, material.standing
    points: list[str] = []
    if standing.coverage_pct is None or standing.basis.failed:
        points.append(f"<b>{escape(standing.headline(material.session.status.value.capitalize()))}</b>")
    if len(material.open):
        first = material.open.iloc[0]
        points.append(
            f"The question to answer first: <b>{foreign(first['question'])}</b> It is open, or answered only in part, "
            f"in {first['products']:,} of the {first['asked']:,} products that it was asked of."
        )
    means = done.groupby("category")["coverage_pct"].agg(["mean", "size"]).sort_values("mean", kind="stable").dropna()
    if len(means) > 1 and standing.coverage_pct is not None:
        low, high = means.iloc[0], means.iloc[-1]
        points.append(
            f"Least is said about {foreign(means.index[0] or '(no category)')} ({low['mean']:.0f} % covered), most "
            f"about {foreign(means.index[-1] or '(no category)')} ({high['mean']:.0f} %)."
        )
    if missing := fields_missing_most(done, 1).rows:
        name, count, share = missing[0]
        points.append(f"The core field missing most is <b>{foreign(name)}</b>: {count:,} products ({escape(share)}).")
    unverified = int(done["unverified_count"].sum())
    if unverified:
        points.append(
            f"{unverified:,} answers that the model claimed could not be found in the feed word for word; "
            "they count as answered in part."
        )
    quality = {} if standing.coverage_pct is None else material.session.score_quality.sentences
    points += [escape(f"{said[0].upper()}{said[1:]}.") for said in quality.values()]
    return [Markup(point) for point in points]


def coverage(material: Material) -> Markup:
    """Return the plots of what the feed answers."""
    if material.done.empty:
        return Markup("")
    parts = [figure(lambda ax: plots.coverage(material.done, ax))]
    if material.done["category"].nunique() > 1:
        parts.append(figure(lambda ax: plots.coverage_by_category(material.done, ax)))
    parts.append(figure(lambda ax: plots.verdicts_by_taxonomy(material.judgements, ax)))
    return Markup("".join(parts))


def what_to_add(material: Material) -> Markup:
    """Return the questions to answer first with the fields where answers would go, and the fields that are missing."""
    if material.done.empty:
        return Markup("")
    if material.open.empty:
        judged = material.standing.basis
        said = (
            "No question that was judged is open."
            if judged.not_judged
            else "Every product answers all of its questions."
        )
        return Markup(f"<p>{said}</p>{figure(lambda ax: plots.missing_fields(material.done, ax))}")
    shown = material.open[["question", "required", "attribute", "products", "asked"]]
    rows = [
        (
            question_html(question, required),
            foreign(attribute or "description", 80),
            int(products),
            int(asked),
        )
        for question, required, attribute, products, asked in shown.itertuples(index=False, name=None)
    ]
    intro = (
        "Answering these helps most buyers. Questions marked as required are those that a buyer needs answered before "
        "buying; they count twice."
    )
    listing = table(("Question", "Where the answer goes", "Open in", "Asked of"), rows)
    return Markup(
        f"<p>{intro}</p>{figure(lambda ax: plots.most_missed(material.judgements, ax))}{listing}"
        f"{figure(lambda ax: plots.missing_fields(material.done, ax))}"
    )


def run(material: Material) -> Markup:
    """Return how the audit ran: its facts, what failed, how fast it was and what it cost."""
    session = material.session
    progress, reports, failures = session.progress, session.reports, session.failures
    facts = [
        ("State", session.status.value),
        ("Engine", progress.engine),
        ("Products", counts_in_words(progress.counts)),
        ("Questions a product", progress.fingerprint.get("num_questions", "")),
        ("Language", progress.fingerprint.get("locale", "")),
        ("Calls of a model", f"{progress.calls:,}"),
        ("Tokens", f"{progress.usage.total_tokens:,}"),
        ("Cost", money(progress.cost_usd)),
        ("Time spent working", duration(progress.elapsed_s)),
        ("Started", _moment(progress.started)),
    ]
    parts = [table(("Session", session.id), [(Markup(f"{escape(name)}"), escape(value)) for name, value in facts])]
    if len(failures):
        block = failures_by_type(failures)
        rows = [(foreign(kind, 80), count, foreign(example)) for kind, count, example in block.rows]
        parts.append(table(("What failed", "Products", "For example"), rows))
        parts.append(figure(lambda ax: plots.errors_over_batches(failures, ax, total_batches=progress.total_batches)))
    wanted: list[Plot] = []
    if len(reports) > _FEW_BATCHES and progress.elapsed_s >= _SHORT_S:
        wanted += [lambda ax: plots.rate(reports, ax), lambda ax: plots.latency(reports, ax)]
        wanted += [lambda ax: plots.cost(reports, ax)] if progress.cost_usd else []
    return Markup("".join([*parts, *(figure(plot) for plot in wanted)]))


def how_to_read(material: Material) -> Markup:
    """Return what the scores mean."""
    engine = (
        "The embedded engine looks for known wordings and attributes. It is quick and costs nothing, but it is a "
        "screening: it can miss an answer in words that it does not know."
        if material.session.note
        else f"The verdicts are those of the model {material.session.progress.engine}; a model can be wrong."
    )
    points = [
        "<b>Coverage</b> is the share of buyers’ questions that the feed answers: an answer counts 1, one in part ½, "
        f"none 0, and a question that a buyer needs answered before buying weighs {REQUIRED_WEIGHT}, others 1. "
        "Questions that do not apply to a product, or that could not be judged, stand outside it; where more than "
        f"{100 * MOST_NOT_JUDGED:.0f} % could not be judged there is no figure.",
        "<b>Answered</b> means that a buyer who reads the feed has the answer: a value, a named standard, or an "
        "explicit no. <b>In part</b> means that the topic is there, but the buyer would still have to ask.",
        "<b>Every answer quotes the feed.</b> An answer whose quote is not in the feed counts as in part.",
        "<b>Questions</b> are asked by category, so products of one category can be compared with each other; across "
        "categories the questions differ.",
        escape(engine),
    ]
    if (certified := material.certified) is not None:
        kappa = f"{certified.kappa:.2f}"
        points.append(
            f"<b>Checked by people.</b> {certified.labels:,} of {certified.cases:,} verdicts, drawn at random, were "
            f"labelled by people. From these and the judge’s verdicts on the rest, coverage is "
            f"{escape(f'{certified.coverage_pct:.1f}')} % as people would have judged it; the judge alone says "
            f"{certified.judge_pct:.1f} %. Intervals hold 95 %. Kappa of the judge on this feed: {escape(kappa)}."
        )
    return Markup(f"<ul>{''.join(f'<li>{point}</li>' for point in points)}</ul>")


def _moment(timestamp: str) -> str:
    return timestamp[:16].replace("T", " ")
