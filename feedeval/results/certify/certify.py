"""The cases of a session and people's labels of some of them, brought together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.records import COUNTED
from feedeval.results.agreement import figures
from feedeval.results.agreement.pairs import pairs_of
from feedeval.results.certify.certified import Certified
from feedeval.results.certify.estimator import Drawn, Estimated, estimate, more_to_halve
from feedeval.results.certify.labels import NOT_APPLICABLE, Label, Labels, read_labels
from feedeval.results.frames.judgement_arrays import read_judgement_arrays
from feedeval.results.frames.results import RowStatus
from feedeval.results.stats import Floats, Interval, quantile

if TYPE_CHECKING:
    from feedeval.results.stored import StoredSession

SCORES = {verdict.value: verdict.score for verdict in COUNTED}
FEWEST = 5
"""Labels, and products that they are of, below which nothing is certified."""
FEW = 50
"""Labels below which a note says that the interval is rough."""
_SHOWN = 3


def certify(session: StoredSession, labels: pd.DataFrame | str | Path) -> Certified:
    """Return coverage as people would have judged it, with its interval, from labels of some of the verdicts.

    What is certified is the coverage that the summary begins with: of each product 100 · Σ w·s / Σ w, averaged over the
    products, or estimated for the whole feed where a sample of it was audited. The judge's verdicts on all questions
    count, corrected by what people said of those that they labelled (prediction-powered inference; `estimator` has the
    formulas): a judge that is often right makes the interval narrower than the labels alone would, one that is often
    wrong does no harm.

    Labelled questions have to be drawn at random, whatever they say. Where some were likelier than others, as in
    `label`, a column says with which probability each was drawn. Where several people labelled one question, what
    most of them said counts; without a majority it is left out, and so are cells that are empty or say `unsure`: those
    are taken to be like the others. Questions that people call not applicable leave the coverage, and count as if
    products with more of them were like the others. What the judge could not judge stands outside, as it does in the
    headline; what it called not applicable counts where labels were drawn from it as well.

    Args:
        session: An audit.
        labels: A frame or the path of a CSV (separated by commas, semicolons or tabs) with the columns product_id (or
            the product's key), question, label (`yes`, `partial`, `no`, `not_applicable`, or empty) and perhaps
            probability, in (0, 1]; other columns are not read. Without probabilities all questions were as likely.

    Raises:
        InputError: The session is no audit, the table lacks a column or holds what is no label, or fewer than five
            labels, or of fewer than five products, belong to the session.
    """
    if not session.is_audit:
        raise InputError(f"session {session.id} is of kind {session.progress.kind}: only an audit is certified")
    given = read_labels(labels)
    there = _cases(session)
    matched = _match(there, given)
    cases, used, lost = _frame(there, matched)
    if min(len(used), cases.loc[list(used), "key"].nunique()) < FEWEST:
        raise InputError(
            f"{len(used):,} of {len(given.by_case):,} labels belong to questions that session {session.id} judged"
            f"{_lost_in_words(lost)}: label at least {FEWEST} questions, of as many products"
        )
    sample = _Sample.of(cases, used)
    found = estimate(sample.coverage)
    alone = estimate(sample.coverage, tuning=0.0)
    fixed = _variance_of_products(session)
    return Certified(
        session=session.id,
        engine=session.progress.engine,
        coverage_pct=found.interval(fixed).scaled(100),
        judge_pct=100 * float(sample.coverage.weight @ (sample.coverage.judged * sample.coverage.judge_applies)),
        labels=len(used),
        cases=len(cases),
        products=len(np.unique(sample.coverage.cluster)),
        kappa=sample.kappa(),
        alone_pct=alone.interval(fixed).scaled(100),
        gain=alone.variance / found.variance if found.variance > 0 else 1.0,
        tuning=found.tuning,
        more_labels=more_to_halve(len(used), len(cases), variance=found.variance, fixed=fixed),
        shares=_shares(sample, found.tuning),
        left_out=lost,
        notes=tuple(_notes(session, given, len(used), found)),
    )


def _cases(session: StoredSession) -> pd.DataFrame:
    """Return the judgements of products that have a coverage: key, product_id, question, said, weight."""
    results, keys = session.results, session.keys
    done = (results["status"] == RowStatus.DONE.value).to_numpy()
    shown = results["coverage_pct"].notna().to_numpy()[done]
    each = np.ones(int(done.sum()))
    if session.sample is not None:
        each = read_judgement_arrays(session.batch_files, session.sample).stands_for
    stands_for = pd.Series(each[shown], index=pd.Index(keys[done][shown].astype(object)))
    asked = session.judgements[["key", "product_id", "question", "required", "verdict"]].astype({"verdict": object})
    cases = asked[asked["key"].isin(stands_for.index)].reset_index(drop=True)
    cases["said"] = cases["verdict"].astype(str)
    scored = cases["said"].isin(list(SCORES))
    weight = np.where(cases["required"], float(REQUIRED_WEIGHT), 1.0)
    totals = pd.Series(weight * scored).groupby(cases["key"].astype(object)).sum()
    totals = totals[totals > 0]
    stands_for = stands_for[stands_for.index.isin(totals.index)]
    share = (stands_for / stands_for.sum() / totals).reindex(cases["key"].astype(object)).to_numpy(dtype=float)
    cases["stands_for"] = stands_for.reindex(cases["key"].astype(object)).to_numpy(dtype=float)
    cases["weight"] = weight * share
    there: pd.DataFrame = cases[~np.isnan(share)].reset_index(drop=True)
    return there


@dataclass(frozen=True)
class _Matched:
    rows: dict[int, Label]
    """By the row of its case."""
    unknown: int
    """Labels of what the session has not judged."""
    ambiguous: int
    """Labels of a product id that several products bear."""


def _match(cases: pd.DataFrame, given: Labels) -> _Matched:
    """Find the case of each label."""
    rows: dict[tuple[str, str], int] = {}
    by_id: dict[tuple[str, str], list[int]] = {}
    columns = (cases["key"].astype(object), cases["product_id"].astype(object), cases["question"].astype(object))
    for row, (key, product, question) in enumerate(zip(*columns, strict=True)):
        asked = _line(question)
        rows.setdefault((_line(key), asked), row)
        by_id.setdefault((_line(product), asked), []).append(row)
    found: dict[int, Label] = {}
    unknown = ambiguous = 0
    for (product, question), label in given.by_case.items():
        # A spreadsheet's file has an apostrophe before what looks like a formula.
        spellings = [
            (p, q) for p in (product, product.removeprefix("'")) for q in (question, question.removeprefix("'"))
        ]
        case = next((each for each in spellings if each in rows or each in by_id), None)
        if case is None:
            unknown += 1
        elif len(by_id.get(case, ())) > 1:
            ambiguous += 1
        else:
            found[rows[case] if case in rows else by_id[case][0]] = label
    return _Matched(found, unknown, ambiguous)


def _line(value: object) -> str:
    return " ".join(str(value).split())


def _frame(there: pd.DataFrame, matched: _Matched) -> tuple[pd.DataFrame, dict[int, Label], dict[str, int]]:
    """Return the cases that labels were drawn from, the labels that can be used by case, and why others cannot."""
    said = there["said"].to_numpy()
    known = list(SCORES)
    if any(said[row] == NOT_APPLICABLE for row in matched.rows):
        known.append(NOT_APPLICABLE)
    kept = np.flatnonzero(np.isin(said, known))
    place = {int(row): n for n, row in enumerate(kept)}
    inside = {place[row]: label for row, label in matched.rows.items() if row in place}
    used = {row: label for row, label in sorted(inside.items()) if label.verdict is not None}
    lost = {
        "of no question that was judged": matched.unknown + len(matched.rows) - len(inside),
        "of a product id that several products bear": matched.ambiguous,
        "without a majority": sum(label.people > 1 and label.verdict is None for label in inside.values()),
        "without a label": sum(not label.people for label in inside.values()),
    }
    cases = there.iloc[kept].reset_index(drop=True)
    answered = len(used) / max(len(inside), 1)
    chances = [answered * (label.probability or len(inside) / len(cases)) for label in used.values()]
    used = {
        row: Label(label.verdict, min(chance, 1.0), label.people)
        for (row, label), chance in zip(used.items(), chances, strict=True)
    }
    return cases, used, {why: count for why, count in lost.items() if count}


@dataclass(frozen=True, eq=False)
class _Sample:
    """The cases as numbers."""

    coverage: Drawn
    judged: NDArray[np.object_]
    """Verdict of each case."""
    people: NDArray[np.object_]
    """Verdict of each labelled case."""
    stands_for: Floats

    @classmethod
    def of(cls, cases: pd.DataFrame, used: dict[int, Label]) -> _Sample:
        at = np.array(list(used), dtype=np.int64)
        said = cases["said"].to_numpy(dtype=object)
        meant = np.array([label.verdict for label in used.values()], dtype=object)
        drawn = Drawn(
            weight=cases["weight"].to_numpy(dtype=float),
            judged=_scores(said),
            judge_applies=_applies(said),
            labelled=at,
            people=_scores(meant),
            people_applies=_applies(meant),
            probability=np.array([label.probability for label in used.values()], dtype=float),
            cluster=pd.factorize(cases["key"].astype(object))[0].astype(np.int64)[at],
        )
        return cls(drawn, said, meant, cases["stands_for"].to_numpy(dtype=float))

    def kappa(self) -> Interval:
        """Return the judge's kappa over all cases: each label counts for what it stands for."""
        drawn = self.coverage
        frame = pd.DataFrame({"people": self.people, "judge": self.judged[drawn.labelled]})
        pairs = pairs_of(frame, "people", "judge", abstain=None, order=None)
        counts = self.stands_for[drawn.labelled] / drawn.probability
        return figures.kappa(pairs, drawn.cluster, 0.95, stands_for=counts / counts.mean())

    def share(self, verdict: str, tuning: float) -> tuple[float, Interval]:
        """Return which share of the cases the judge and people give a verdict; with one λ for all they sum up to 1."""
        drawn = self.coverage
        weight = self.stands_for / self.stands_for.sum()
        judged, people = ((said == verdict).astype(float) for said in (self.judged, self.people))
        all_apply = np.ones(len(judged))
        counted = Drawn(
            weight=weight,
            judged=judged,
            judge_applies=all_apply,
            labelled=drawn.labelled,
            people=people,
            people_applies=all_apply[: len(people)],
            probability=drawn.probability,
            cluster=drawn.cluster,
        )
        return float(weight @ judged), estimate(counted, tuning=tuning).interval()


def _scores(said: NDArray[np.object_]) -> Floats:
    return np.array([SCORES.get(word, 0.0) for word in said], dtype=float)


def _applies(said: NDArray[np.object_]) -> Floats:
    return np.array([word in SCORES for word in said], dtype=float)


def _shares(sample: _Sample, tuning: float) -> pd.DataFrame:
    words = [*SCORES, NOT_APPLICABLE]
    there = [word for word in words if (sample.judged == word).any() or (sample.people == word).any()]
    rows = []
    for word in there:
        judge, people = sample.share(word, tuning)
        rows.append((word, judge, *people))
    frame = pd.DataFrame(rows, columns=["verdict", "judge", "people", "low", "high"])
    return frame.astype({"verdict": "str", **dict.fromkeys(["judge", "people", "low", "high"], "float64")})


def _variance_of_products(session: StoredSession) -> float:
    """Return what auditing a sample of the products adds, as the judge's coverage shows it; 0 where all were."""
    whole = session.whole_feed
    if whole is None or whole.coverage_pct.low != whole.coverage_pct.low:
        return 0.0
    return float(((whole.coverage_pct.high - whole.coverage_pct.low) / 200 / quantile(0.95)) ** 2)


def _lost_in_words(lost: dict[str, int]) -> str:
    return "".join(f"; {count:,} {why}" for why, count in lost.items())


def _notes(session: StoredSession, given: Labels, used: int, found: Estimated) -> Iterator[str]:
    if session.note:
        yield session.note
    basis = session.standing.basis
    if basis.not_judged:
        yield f"The figure is {basis.of_what}."
    if used < FEW:
        yield f"Only {used:,} verdicts were checked: the interval is rough."
    if given.repeated:
        counted = "question was" if given.repeated == 1 else "questions were"
        yield f"{given.repeated:,} {counted} labelled by several people: what most said counts."
    if not given.drawn:
        yield "The labels name no probabilities: they are taken to be a random sample of all questions."
    if not found.tuning > 0:
        yield "The verdicts of this judge say nothing about people's: the figure rests on the labels alone."
