"""The products of a report: what the worst of them say, in the words of the feed, and what they leave open."""

from __future__ import annotations

import pandas as pd

from feedeval.formatting import clip
from feedeval.html import Markup, escape, link
from feedeval.notebook.report.parts import Material, foreign, question_html, table, text_of
from feedeval.records import Verdict
from feedeval.results.near_identical import Families
from feedeval.results.product import covered_in_words, verdict_mark

WORST = 3
"""Products that are shown."""
_TRIED = 500
"""Products that are looked at for some that are not nearly the same."""
_TITLE_CHARS = 160


def worst_products(material: Material) -> Markup:
    """Return the products with the lowest coverage, each with its questions and the words of the feed."""
    if material.done.empty:
        return Markup("")
    order = ["coverage_pct", "unanswered_required_count"]
    covered = material.done[material.done["coverage_pct"].notna()]
    if covered.empty:
        return Markup(f"<p>{escape(material.standing.basis.no_figure)}</p>")
    ranked = covered.sort_values(order, ascending=[True, False], kind="stable")
    tried = material.named(ranked.head(_TRIED))
    worst = tried.iloc[_different(tried)]
    keys = material.keys_of(worst)
    by_key = material.judgements_of(worst)
    intro = "Of the products with the lowest coverage, some that differ: what they say, in the words of the feed."
    shown = [_product(row, by_key.get(key)) for (_, row), key in zip(worst.iterrows(), keys, strict=True)]
    return Markup("".join(["<h3>For example</h3>", f"<p>{intro}</p>", *shown]))


def _different(ranked: pd.DataFrame) -> list[int]:
    """Return the places of the first products that are not nearly the same; of any, where there are too few."""
    families = Families()
    names = zip(ranked["title"], ranked["product_id"], ranked["category"], strict=True)
    firsts: dict[int, int] = {}
    for place, (title, product_id, category) in enumerate(names):
        firsts.setdefault(families.family(text_of(title) or text_of(product_id), category=text_of(category)), place)
    chosen = list(firsts.values())[:WORST]
    rest = [place for place in range(len(ranked)) if place not in chosen]
    return sorted([*chosen, *rest[: WORST - len(chosen)]])


def _product(row: pd.Series, judgements: pd.DataFrame | None) -> Markup:
    name = clip(text_of(row["title"]) or text_of(row["product_id"]) or "(no title)", _TITLE_CHARS)
    share = float(row["coverage_pct"])
    facts = [foreign(row["product_id"], 80), foreign(row["category"] or "(no category)", 120)]
    verdicts = [] if judgements is None else judgements["verdict"].tolist()
    parts = [Markup("")] if judgements is None else [_said(judgements), _left_open(judgements)]
    covered = escape(covered_in_words(share, verdicts) or f"{share:.1f} % covered")
    return Markup(
        f'<article><h3><bdi dir="auto">{link(row["product_url"], name)}</bdi></h3>'
        f'<p class="small"><span class="meter" aria-hidden="true"><i style="width:{share:.0f}%"></i></span>'
        f'{covered} <span class="quiet">· {" · ".join(facts)}</span></p>'
        f"{''.join(parts)}</article>"
    )


def _said(judgements: pd.DataFrame) -> Markup:
    """Return the questions that a product speaks to, with its words; those that do not apply are left out."""
    shown = judgements[judgements["verdict"].isin([Verdict.YES.value, Verdict.PARTIAL.value])]
    left = int((judgements["verdict"] == Verdict.NOT_JUDGED.value).sum())
    if shown.empty:
        return Markup(f"<p>It answers none of the questions{' that were judged' if left else ''}.</p>")
    wanted = shown[["verdict", "question", "required", "evidence", "verified"]]
    rows = [
        (verdict_mark(verdict), question_html(question, required), _quote(evidence, verified))
        for verdict, question, required, evidence, verified in wanted.itertuples(index=False, name=None)
    ]
    return table(("Answer", "Question", "What the feed says"), rows)


def _left_open(judgements: pd.DataFrame) -> Markup:
    """Return the questions that a product says nothing about, required ones first, with where an answer would go."""
    shown = judgements[judgements["verdict"] == Verdict.NO.value].sort_values(
        "required", ascending=False, kind="stable"
    )
    if shown.empty:
        return Markup("")
    wanted = shown[["question", "required", "attribute"]].itertuples(index=False, name=None)
    items = "".join(
        f"<li>{question_html(text, required)}{_arrow(attribute)}</li>" for text, required, attribute in wanted
    )
    where = '<span class="quiet">(→ where an answer would go)</span>'
    return Markup(f'<p class="small"><b>{verdict_mark(Verdict.NO)}</b> {where}</p><ul class="open">{items}</ul>')


def _arrow(attribute: object) -> str:
    return f' <span class="quiet">→&nbsp;{foreign(attribute, 80)}</span>' if text_of(attribute) else ""


def _quote(evidence: object, verified: object) -> Markup:
    if not verified:
        return Markup("The words that were quoted are not in the feed.")
    return Markup(f"<q>{foreign(evidence)}</q>" if text_of(evidence) else "")
