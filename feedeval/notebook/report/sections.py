"""The parts of a report, each a function of what a session holds."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from feedeval.formatting import counts_in_words, day_words, duration, moment_words, money
from feedeval.html import Markup, escape
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.notebook.report import bars
from feedeval.notebook.report.findings import Checked
from feedeval.notebook.report.parts import Material, foreign, table
from feedeval.records import COUNTED, MOST_NOT_JUDGED, Status
from feedeval.records.audit import topic_words
from feedeval.results.certify.certified import Certified, plus_minus
from feedeval.results.gaps.actions import FIRST, Action
from feedeval.results.gaps.cards import cards_html, required_mark
from feedeval.results.gaps.next_steps import marked, required_words
from feedeval.results.session import Session
from feedeval.results.summary import failures_by_type
from feedeval.results.summary import missing_fields as fields_missing_most

CATEGORIES = 15
"""Categories that are shown."""
_BINS = 10
_LEAST_OF_TOPIC = 5
"""Answers looked for, of a topic that is shown."""


def title(material: Material) -> str:
    """Return the title of the page."""
    name = source_name(material.session)
    name = name or shop_name(material)
    return f"Feed audit: {name}" if name else f"Feed audit of {day_words(material.session.progress.started)}"


def source_name(session: Session) -> str:
    """Return the name of the feed as a stranger may see it: no folders, and no query that may hold a key."""
    return session.feed_name


def shop_name(material: Material) -> str:
    """Return the address of the shop, as most of its products are linked to; empty where they name none."""
    hosts = Counter(urlsplit(url).hostname or "" for addresses in material.addresses for url in addresses)
    name = next((host for host, _ in hosts.most_common(1)), "")
    return name.removeprefix("www.")


def head(material: Material, checked: Checked) -> Markup:
    """Return the title, whose feed it is, for which destination, and what has to be known before anything else."""
    session = material.session
    progress = session.progress
    facts = [("Shop", shop_name(material)), ("Feed", session.feed_name), ("Destination", checked.destinations)]
    facts += [("Audited on", day_words(progress.started)), ("Judged by", session.engine_name)]
    told = " · ".join(f"{name}: <b>{foreign(value)}</b>" for name, value in facts if value)
    parts = [f'<header><h1>{foreign(title(material))}</h1><p class="facts">{told}</p>', _result(material)]
    # The note of the embedded engine does not name it.
    named = {session.note: f"The embedded engine judged this feed. {session.note}"}
    parts += [f'<p class="note">{escape(named.get(note, note))}</p>' for note in material.notes]
    if session.status is not Status.FINISHED:
        state = (
            f"This audit is not finished: {counts_in_words(progress.counts)}, as of {moment_words(progress.updated)}."
        )
        parts.append(f'<p class="note">{escape(state)}</p>')
    return Markup("".join([*parts, "</header>"]))


def _result(material: Material) -> str:
    """Return the result in one sentence and the first things to do: what whoever reads no further has to know."""
    if material.done.empty:
        said = counts_in_words(material.session.progress.counts)
        return f"<p>No product has been evaluated yet ({escape(said)}), so there are no scores to show.</p>"
    standing = material.standing
    lead = standing.sentence if standing.coverage_pct is not None else standing.basis.no_figure
    if standing.basis.failed:
        lead = standing.headline(material.session.status.words)
    first = "".join(f"<li>{marked(str(action))}{_for_which(action)}</li>" for action in material.actions[:FIRST])
    together = material.actions.together
    told = f'<p class="first"><b>{escape(together)}</b></p>' if together else ""
    more = f'<p class="first">To do first:</p><ol class="first">{first}</ol>{told}' if first else ""
    return f'<p class="headline">{escape(lead.removesuffix("."))}.</p>{more}'


def _for_which(action: Action) -> str:
    return f'<br><span class="small quiet">For {foreign(action.for_which, 600)}</span>' if action.for_which else ""


def summary(material: Material) -> Markup:
    """Return the figures and sentences that a client reads first."""
    done, progress = material.done, material.session.progress
    if done.empty:
        return Markup("")
    certified = material.certified
    tiles = [
        *(() if certified is None else ((f"{plus_minus(certified.coverage_pct)} %", _checked(certified)),)),
        *_totals(material),
        (f"{len(done):,}", "products evaluated" if len(done) != 1 else "product evaluated"),
        (f"{material.questions_asked:,}", "questions asked, over all products"),
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
    open_ = "of products lack at least one answer that buyers need"
    if (whole := material.session.whole_feed) is not None:
        shares = (whole.coverage_pct, whole.required_open.scaled(100 / whole.products))
        return [
            (f"{found.estimate:.0f} %", f"{words} (95 %: {found.low:.0f} to {found.high:.0f} %)")
            for found, words in zip(shares, (answered, open_), strict=True)
        ]
    lacking = int((material.done["unanswered_required_count"] > 0).sum())
    return [(f"{standing.coverage_pct:.0f} %", answered), _lacking(lacking, len(material.done))]


def _lacking(lacking: int, products: int) -> tuple[str, str]:
    """Return how many products lack an answer; all and none in words, as a share of them says less."""
    if not lacking:
        return "None", f"of {products:,} products lacks an answer that buyers need"
    if lacking == products:
        return f"All {products:,}", "products lack at least one answer that buyers need"
    return f"{lacking:,}", f"of {products:,} products lack at least one answer that buyers need"


def _points(material: Material) -> list[Markup]:
    """Return what stands out, in sentences."""
    done, standing = material.done, material.standing
    points: list[str] = []
    if len(material.open):
        first = material.open.iloc[0]
        part = int(first["partial"])
        points.append(
            f"The question to answer first: <b>{foreign(first['question'])}</b> Of the {first['asked']:,} products "
            f"that it was asked of, {first['products'] - part:,} leave it open"
            f"{f', and {part:,} answer it in part' if part else ''}."
        )
    means = done.groupby("category")["coverage_pct"].agg(["mean", "size"]).sort_values("mean", kind="stable").dropna()
    if len(means) > 1 and standing.coverage_pct is not None:
        low, high = means.iloc[0], means.iloc[-1]
        points.append(
            f"Least is said about {foreign(means.index[0] or '(no category)')} ({low['mean']:.0f} % covered), most "
            f"about {foreign(means.index[-1] or '(no category)')} ({high['mean']:.0f} %)."
        )
    if missing := fields_missing_most(done, 1).rows:
        name, count, _ = missing[0]
        points.append(
            f"Required by the destination, and missing most: {marked(required_words(str(name)))}, in {count:,} of "
            f"{len(done):,} products."
        )
    unverified = int(done["unverified_count"].sum())
    if unverified:
        points.append(
            f"{unverified:,} answers that the model claimed could not be found in the feed word for word; "
            "they count as answered in part."
        )
    quality = {} if standing.coverage_pct is None else material.session.score_quality.sentences
    points += [escape(f"{said[0].upper()}{said[1:]}.") for said in quality.values()]
    return [Markup(point) for point in points]


def what_to_do(material: Material, checked: Checked) -> Markup:
    """Return the actions as cards, the one that gains most first; before them what no action counts."""
    if material.done.empty:
        return Markup("")
    apart = f"<p>{escape(checked.of_descriptions)}</p>" if checked.of_descriptions else ""
    return Markup(f"{apart}{cards_html(material.actions, known=material.notes, unfolds=True)}")


def questions(material: Material) -> Markup:
    """Return what the feed answers: the questions left open most, topics, categories, fields, products by coverage."""
    if material.done.empty:
        return Markup("")
    parts = [
        summary(material),
        _open_questions(material),
        _topics(material),
        _categories(material),
        _fields(material),
        _spread(material),
    ]
    return Markup("".join(parts))


def _open_questions(material: Material) -> Markup:
    if material.open.empty:
        judged = material.standing.basis
        said = (
            "No question that was judged is open."
            if judged.not_judged
            else "Every product answers all of its questions."
        )
        return Markup(f"<p>{said}</p>")
    shown = material.open[["question", "required", "attribute", "products", "partial", "asked"]]
    rows = [
        (
            Markup(f"{foreign(question)}{required_mark(int(required), int(products))}"),
            foreign(attribute or "description", 80),
            *(int(products) - int(partial), int(partial), int(asked)),
        )
        for question, required, attribute, products, partial, asked in shown.itertuples(index=False, name=None)
    ]
    intro = (
        "The questions that most products leave open. Those marked as required are those that a buyer needs answered "
        "before buying; they count twice."
    )
    return Markup(f"<p>{intro}</p>{table(('Question', 'Where the answer goes', 'Open', 'In part', 'Asked of'), rows)}")


def _topics(material: Material) -> Markup:
    counted = material.asked[material.asked["verdict"].isin(list(COUNTED))]
    counts = counted.groupby(["taxonomy", "verdict"], observed=True)["count"].sum().unstack(fill_value=0)
    total = int(counted["count"].sum())
    rows = []
    few = 0
    for topic, found in counts.iterrows():
        yes, partial, no = (int(found.get(verdict.value, 0)) for verdict in COUNTED)
        if yes + partial + no < _LEAST_OF_TOPIC <= total:
            few += 1
            continue
        rows.append(bars.Stacked(escape(topic_words(str(topic))), (yes, partial, no)))
    rows.sort(key=lambda row: row.counts[0] / (sum(row.counts) or 1))
    below = f"Topics with fewer than {_LEAST_OF_TOPIC} questions asked are left out: {few:,}." if few else ""
    return bars.verdicts("By topic: answered, in part, open", rows, below=below)


def _categories(material: Material) -> Markup:
    done = material.done
    if done["category"].nunique() < 2:
        return Markup("")
    means = done.groupby("category")["coverage_pct"].agg(["mean", "size"]).dropna().sort_values("mean", kind="stable")
    rows = [
        bars.Bar(foreign(f"{name or '(no category)'} ({count:,})", 120), mean / 100, f"{mean:.0f} %")
        for name, mean, count in means.head(CATEGORIES).itertuples(name=None)
    ]
    left = len(means) - len(rows)
    return bars.bars("Coverage by category, least said first", rows, below=f"And {left:,} more." if left else "")


def _fields(material: Material) -> Markup:
    rows = [
        bars.Bar(escape(name), int(str(count)) / len(material.done), f"{count:,} ({share})")
        for name, count, share in fields_missing_most(material.done).rows
    ]
    return bars.bars("Required fields missing most, in products", rows)


def _spread(material: Material) -> Markup:
    covered = material.done["coverage_pct"].dropna()
    if covered.empty:
        return Markup("")
    counts = [0] * _BINS
    for value in covered.tolist():
        counts[min(int(value * _BINS / 100), _BINS - 1)] += 1
    most = max(counts)
    width = 100 // _BINS
    rows = [
        bars.Bar(escape(f"{n * width} to {(n + 1) * width} %"), count / most, f"{count:,}")
        for n, count in enumerate(counts)
    ]
    return bars.bars("Products by coverage", rows)


def run(material: Material) -> Markup:
    """Return how the audit ran: its facts, what it cost, and what failed."""
    session = material.session
    progress, failures = session.progress, session.failures
    asked = (
        ("Calls of a model", f"{progress.calls:,}"),
        ("Tokens", f"{progress.usage.total_tokens:,}"),
        ("Cost", money(progress.cost_usd)),
    )
    facts = [
        ("State", session.status.words),
        ("Judged by", session.engine_name),
        ("Products", counts_in_words(progress.counts)),
        ("Questions a product", progress.fingerprint.get("num_questions", "")),
        ("Language", progress.fingerprint.get("locale", "")),
        *(() if session.note else asked),
        ("Time spent working", duration(progress.elapsed_s)),
        ("Started", moment_words(progress.started)),
    ]
    parts = [table(("The audit", ""), [(escape(name), escape(value)) for name, value in facts])]
    if len(failures):
        block = failures_by_type(failures)
        rows = [(foreign(kind, 80), count, foreign(example)) for kind, count, example in block.rows]
        parts.append(table(("What failed", "Products", "For example"), rows))
    return Markup("".join(parts))


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
        "<b>What an action gains</b> is worked out from the feed itself: what is filled in is taken to answer as often "
        "as what other products of the feed have there already. The likely range is a 95 % interval: it counts how "
        "products differ, and how sure it is that a filled field answers.",
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
