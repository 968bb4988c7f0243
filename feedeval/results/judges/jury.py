"""What several models say of an audit's questions together, as text for a terminal and as static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.formatting import brief_money, columns, plain
from feedeval.html import Markup, definitions, escape, section, table
from feedeval.results.cases import stored_results
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.judges import votes
from feedeval.results.judges.judge_comparison import JudgeEffort, Table
from feedeval.results.judges.krippendorff import alpha_of, krippendorff_alpha
from feedeval.results.judges.votes import Codes, PanelRule
from feedeval.results.session import Session
from feedeval.results.stats import Interval, clustered_interval

RELIABLE_ALPHA = 0.8
TENTATIVE_ALPHA = 0.667
"""What conclusions ask for, and what tentative ones do (K. Krippendorff, Content Analysis, 2004, page 241)."""

SPLITS_SHOWN = 12
QUESTIONS_SHOWN = 8


@dataclass(frozen=True, eq=False)
class JudgePanel:
    """Several models over the same questions; shown as text by `print` and as tables in a notebook.

    Agreeing is not being right: models that were taught alike err alike. What people say is held against the panel's
    verdicts by `fe.agreement`.
    """

    audit: Session
    rule: PanelRule
    sessions: Mapping[str, Session]
    """By model, where its verdicts are; the audit itself for the audit's own judge."""
    verdicts: pd.DataFrame
    """A row a product and question, in the order of the feed: product_id, key, title, category (str), number (Int64),
    question (str), taxonomy (category), required (bool); a column a model with its verdict (str, missing where it gave
    none); verdict (str: the panel's, missing where fewer than two gave one) and split (bool: two differ)."""
    alpha: Interval
    """Krippendorff's alpha of the verdicts, without order among them, with a 95 % interval that draws products."""
    models: pd.DataFrame
    """A row a model: model, endpoint, session (str); products, failed (judged and not, of those it was to judge),
    verdicts, alone (questions on which all others agree and it does not) (int64); decides (Int64: questions on which
    the panel would say something else without it; missing where two judges are all there are); agreement_with_rest
    (share of its verdicts that another gave too, over all pairs with it), alpha_without (NaN where one is left),
    coverage_pct (mean over its products); calls, input_tokens, output_tokens (int64), cost_usd (float64, NaN where its
    price is not known): what judging took, whenever it was done and whoever paid."""
    results: pd.DataFrame
    """A row a product, by the panel's verdicts: product_id, key, title, category (str); judged, split, yes_count,
    partial_count, no_count, unanswered_required_count (int64, of its questions), coverage_pct (0 to 100)."""

    @property
    def splits(self) -> pd.DataFrame:
        """The rows of `verdicts` on which two models differ."""
        return self.verdicts[self.verdicts["split"]].reset_index(drop=True)

    @property
    def coverage(self) -> Interval:
        """Mean coverage by the panel's verdicts, 0 to 100, with an interval that draws products."""
        return clustered_interval(self.results["coverage_pct"].to_numpy(dtype=float))

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html(self)


def jury_of(audit: Session, sessions: Mapping[str, Session], rule: PanelRule, keys: Sequence[str]) -> JudgePanel:
    """Return what the judges of these sessions say together.

    Args:
        audit: Whose questions they are.
        sessions: By what the judge is called, where its verdicts are.
        rule: How the panel's verdict is found.
        keys: The products that were to be judged.

    Raises:
        InputError: No question has two verdicts.
    """
    asked = audit.judgements
    asked = asked[asked["key"].isin(keys)]
    frame, codes = votes.votes_frame(asked, {name: s.judgements for name, s in sessions.items()}, rule)
    if frame["verdict"].isna().all():
        raise InputError(
            f"no question of session {audit.id} was judged by two of {', '.join(sessions)}: go on with their sessions, "
            "or look at their failures"
        )
    products = pd.factorize(frame["key"])[0]
    return JudgePanel(
        audit=audit,
        rule=rule,
        sessions=dict(sessions),
        verdicts=frame,
        alpha=krippendorff_alpha(codes, products),
        models=_models_frame(sessions, codes, rule, keys),
        results=votes.results_frame(frame),
    )


def _models_frame(sessions: Mapping[str, Session], codes: Codes, rule: PanelRule, keys: Sequence[str]) -> pd.DataFrame:
    wanted = frozenset(keys)
    members = [_Member.of(name, session, wanted) for name, session in sessions.items()]
    # Of two judges neither can be spared, for one alone is no panel.
    decisive = votes.decides(codes, rule) if len(sessions) > 2 else [None] * len(sessions)
    efforts = [member.effort for member in members]
    built: dict[str, object] = {
        "model": [member.name for member in members],
        "endpoint": [member.endpoint for member in members],
        "session": [member.session for member in members],
        "products": [len(member.coverage) for member in members],
        "failed": [len(wanted) - len(member.coverage) for member in members],
        "verdicts": (codes >= 0).sum(axis=0),
        "coverage_pct": [member.mean_coverage for member in members],
        "agreement_with_rest": votes.agreement_with_rest(codes),
        "alone": votes.stands_alone(codes),
        "decides": pd.array(decisive, dtype="Int64"),
        "alpha_without": [alpha_of(np.delete(codes, at, axis=1)) for at in range(len(members))],
        "calls": [effort.calls for effort in efforts],
        "input_tokens": [effort.input_tokens for effort in efforts],
        "output_tokens": [effort.output_tokens for effort in efforts],
        "cost_usd": [effort.cost_usd for effort in efforts],
    }
    kinds: dict[str, Any] = {**dict.fromkeys(("model", "endpoint", "session"), TEXT), "cost_usd": "float64"}
    return pd.DataFrame(built).astype(kinds)


@dataclass(frozen=True)
class _Member:
    """What a judge's session holds of the products of the panel."""

    name: str
    endpoint: str
    session: str
    coverage: list[float]
    effort: JudgeEffort

    @property
    def mean_coverage(self) -> float:
        """Over the products that have one."""
        known = [value for value in self.coverage if value == value]
        return float(np.mean(known)) if known else float("nan")

    @classmethod
    def of(cls, name: str, session: Session, wanted: frozenset[str]) -> _Member:
        effort, coverage = JudgeEffort(), []
        for result in stored_results(session):
            if result.key in wanted:
                coverage.append(result.value.coverage)
                if not result.is_copy:
                    effort.add(result.value.effort)
        return cls(name, session.progress.fingerprint["endpoint"], session.id, coverage, effort)


def text(panel: JudgePanel) -> str:
    """Return the panel for a terminal."""
    facts = _facts(panel)
    room = max(map(len, facts))
    parts = ["\n".join([plain(_title(panel)), *map(plain, _notes(panel))])]
    parts.append("\n".join(f"{name:<{room}}  {plain(value)}" for name, value in facts.items()))
    parts += [f"{name}\n" + columns(rows, header, indent="  ", width=120) for name, header, rows in _tables(panel)]
    return "\n\n".join(parts)


def html(panel: JudgePanel) -> Markup:
    """Return the panel as static HTML."""
    notes = [Markup(f"<p><em>{escape(note)}</em></p>") for note in _notes(panel)]
    tables = [section(name, table(rows, header)) for name, header, rows in _tables(panel)]
    return section(_title(panel), *notes, definitions(_facts(panel)), *tables)


def _title(panel: JudgePanel) -> str:
    return f"{len(panel.sessions)} judges on session {panel.audit.id}: what they say together"


def _notes(panel: JudgePanel) -> list[str]:
    notes = list(dict.fromkeys(s.note for s in panel.sessions.values() if s.note))
    if len(notes) and len(panel.sessions) > 1:
        named = [name for name, session in panel.sessions.items() if session.note]
        notes = [f"{', '.join(named)}: {note}" for note in notes]
    for name, failed in zip(panel.models["model"], panel.models["failed"], strict=True):
        if failed:
            where = panel.sessions[name].id
            notes.append(f"{name} has not judged {failed:,} of {len(panel.results):,} products: see session {where}.")
    return notes


def _facts(panel: JudgePanel) -> dict[str, str]:
    judged, split = int(panel.verdicts["verdict"].notna().sum()), int(panel.verdicts["split"].sum())
    rule = (
        "majority: a verdict that more than half reach; split evenly, the stricter one"
        if panel.rule is PanelRule.MAJORITY
        else "unanimity: the best verdict that all reach"
    )
    audit = panel.audit.results
    own = audit["coverage_pct"][panel.audit.keys.isin(panel.results["key"]).to_numpy()].mean()
    return {
        "Rule": rule,
        "Judged": f"{judged:,} questions of {len(panel.results):,} products",
        "Split": f"{split:,} questions, {100 * split / len(panel.verdicts):.1f} %",
        "Krippendorff’s alpha": _alpha_in_words(panel.alpha),
        "Coverage": f"{_known(panel.coverage)} by the panel’s verdicts, {_known(own)} by the audit’s",
    }


def _known(coverage: Interval | float) -> str:
    estimate = coverage.estimate if isinstance(coverage, Interval) else coverage
    return "none" if estimate != estimate else f"{coverage:.1f} %"


def _alpha_in_words(alpha: Interval) -> str:
    if alpha.estimate != alpha.estimate:
        return "not defined: all say the same one thing"
    if alpha.estimate >= RELIABLE_ALPHA:
        means = "enough to rest conclusions on"
    elif alpha.estimate >= TENTATIVE_ALPHA:
        means = "enough for tentative conclusions"
    else:
        means = f"below {TENTATIVE_ALPHA}: too little to rest conclusions on"
    return f"{alpha:.2f}, {means}"


def _tables(panel: JudgePanel) -> Iterator[Table]:
    heads: tuple[str, ...] = (
        "Model",
        "Products",
        "Coverage",
        "Agrees",
        "Alone",
        "Decides",
        "Alpha without",
        "Calls",
        "Tokens",
        "Cost",
    )
    yield "What each adds and costs", heads, [_model_row(row) for _, row in panel.models.iterrows()]
    splits = panel.splits
    if splits.empty:
        return
    asked = panel.verdicts.groupby(["question", "taxonomy"], observed=True)["split"].agg(["sum", "size"])
    worst = asked[asked["sum"] > 0].sort_values(["sum", "size"], ascending=[False, True], kind="stable")
    rows: list[tuple[object, ...]] = [
        (q, topic, f"{n:,}", f"{size:,}") for (q, topic), n, size in worst.head(QUESTIONS_SHOWN).itertuples()
    ]
    yield "Questions that split them most", ("Question", "About", "Split", "Asked of"), rows
    shown = splits.head(SPLITS_SHOWN)
    names = list(panel.sessions)
    heads = ("Product", "Question", *names, "Panel")
    cells = shown[["key", "question", *names, "verdict"]].fillna("–").itertuples(index=False, name=None)
    yield f"The first {len(shown)} of {len(splits):,} questions on which they split", heads, list(cells)


def _model_row(row: pd.Series) -> tuple[object, ...]:
    def share(value: float, spec: str = ".2f") -> str:
        return "–" if value != value else format(value, spec)

    return (
        *(row["model"], f"{row['products']:,}"),
        share(row["coverage_pct"], ".1f") + ("" if pd.isna(row["coverage_pct"]) else " %"),
        f"{share(100 * row['agreement_with_rest'], '.0f')} %",
        *(f"{row['alone']:,}", "–" if pd.isna(row["decides"]) else f"{row['decides']:,}"),
        *(share(row["alpha_without"]), f"{row['calls']:,}"),
        *(f"{row['input_tokens'] + row['output_tokens']:,}", brief_money(row["cost_usd"])),
    )
