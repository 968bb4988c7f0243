"""Several judges' verdicts on the same questions, side by side, and the one that they come to together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.records import COUNTED, Verdict
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.judges.krippendorff import MISSING

ASKED = ("product_id", "key", "title", "category", "number", "question", "taxonomy", "required")
"""What is known of a question before anybody judges it, in order."""
SCALE = tuple(verdict.value for verdict in COUNTED)
"""The verdicts that answer, from the best."""
NOT_APPLICABLE = Verdict.NOT_APPLICABLE.value
NOT_JUDGED = Verdict.NOT_JUDGED.value
_WORDS = (*SCALE, NOT_APPLICABLE)
_ASIDE = len(SCALE)

Codes = NDArray[np.int64]


class PanelRule(StrEnum):
    """What it takes for a verdict to be that of the panel."""

    MAJORITY = "majority"
    UNANIMITY = "unanimity"

    @classmethod
    def of(cls, word: str) -> PanelRule:
        """Return the rule of that name.

        Raises:
            InputError: There is none.
        """
        try:
            return cls(word)
        except ValueError as exc:
            raise InputError(f"rule={word!r}: give {' or '.join(map(repr, map(str, cls)))}") from exc


def panel_verdict(codes: Codes, rule: PanelRule) -> Codes:
    """Return what the judges come to, question by question.

    A judge that gave no verdict counts neither way. Of the others it is the best verdict that enough of them reach,
    where yes reaches partial and partial reaches no: more than half of them by majority, all of them by unanimity. So
    what more than half say is always the panel's verdict, and where judges split evenly the stricter one counts. That a
    question does not apply has to be said by as many; else those who say so are left out.

    Args:
        codes: A row a question and a column a judge: places in `SCALE`, then not applicable, `MISSING` for none.
        rule: How many have to reach it.

    Returns:
        The same codes, `MISSING` where fewer than two judges gave a verdict.
    """
    voices = (codes != MISSING).sum(axis=1)
    apart = (codes == _ASIDE).sum(axis=1)
    answering = voices - apart
    found = np.full(len(codes), _ASIDE - 1, dtype=np.int64)
    for place in reversed(range(len(SCALE))):
        reached = ((codes >= 0) & (codes <= place)).sum(axis=1)
        found[_enough(reached, answering, rule)] = place
    found[_enough(apart, voices, rule) | (answering == 0)] = _ASIDE
    return np.where(voices < 2, MISSING, found)


def _enough(votes: Codes, of: Codes, rule: PanelRule) -> NDArray[np.bool_]:
    return 2 * votes > of if rule is PanelRule.MAJORITY else votes == of


def votes_frame(
    judgements: pd.DataFrame, members: Mapping[str, pd.DataFrame], rule: PanelRule
) -> tuple[pd.DataFrame, Codes]:
    """Return a row a question with each judge's verdict and the panel's, and the same verdicts as codes.

    Args:
        judgements: The audit's judgements, those of the products that were to be judged.
        members: By name, the judgements of each judge.
        rule: How the panel's verdict is found.
    """
    frame = judgements[list(ASKED)].reset_index(drop=True)
    places = pd.MultiIndex.from_frame(frame[["key", "number"]])
    codes = np.full((len(frame), len(members)), MISSING, dtype=np.int64)
    for at, (name, judged) in enumerate(members.items()):
        rows = pd.MultiIndex.from_frame(judged[["key", "number"]]).get_indexer(places)
        said = pd.Series(judged["verdict"].astype(str).to_numpy()).reindex(rows)
        codes[:, at] = pd.Index(list(_WORDS)).get_indexer(pd.Index(said))
        frame[name] = said.astype(TEXT).to_numpy()
        frame[name] = frame[name].astype(TEXT)
    together = panel_verdict(codes, rule)
    # Nobody's verdict is not a no: where too few judged, the panel has not.
    words = pd.array(np.array([*_WORDS, None], dtype=object)[together], dtype=TEXT)
    frame["verdict"] = words
    frame["split"] = is_split(codes)
    return frame, codes


def is_split(codes: Codes) -> NDArray[np.bool_]:
    """Return for each question whether two judges gave different verdicts."""
    highest = codes.max(axis=1, initial=MISSING)
    lowest = np.where(codes == MISSING, highest[:, None], codes).min(axis=1, initial=len(_WORDS))
    return np.asarray(lowest < highest)


def results_frame(votes: pd.DataFrame) -> pd.DataFrame:
    """Return a row a product: what the feed answers by the panel's verdicts.

    Columns: product_id, key, title, category (str); judged, split, yes_count, partial_count, no_count,
    unanswered_required_count (int64, of questions); coverage_pct (float64, 0 to 100, NaN where nothing was judged).
    """
    verdict, required = votes["verdict"], votes["required"].to_numpy(dtype=bool)
    counted = votes[["key"]].assign(judged=verdict.notna().to_numpy(), split=votes["split"])
    for word in SCALE:
        counted[f"{word}_count"] = verdict.eq(word).to_numpy(dtype=bool, na_value=False)
    counted["unanswered_required_count"] = counted["no_count"] & required
    weight = np.where(required, REQUIRED_WEIGHT, 1.0)
    scores = sum(Verdict(word).score * counted[f"{word}_count"].to_numpy(dtype=float) for word in SCALE)
    applies = counted[[f"{word}_count" for word in SCALE]].to_numpy().any(axis=1)
    counted = counted.assign(_scored=weight * scores, _weight=weight * applies)
    sums = counted.groupby("key", sort=False).sum()
    scored, whole = sums.pop("_scored"), sums.pop("_weight")
    sums["coverage_pct"] = (100 * scored / whole.where(whole > 0)).round(1)
    who = votes.drop_duplicates("key")[["product_id", "key", "title", "category"]].set_index("key", drop=False)
    joined = who.join(sums.astype({name: "int64" for name in sums.columns if name != "coverage_pct"}))
    return joined.reset_index(drop=True)


def agreement_with_rest(codes: Codes) -> list[float]:
    """Return for each judge the share of its verdicts that another judge gave as well, over all pairs with it.

    NaN for a judge that judged nothing together with another.
    """
    same, both = np.zeros(codes.shape[1]), np.zeros(codes.shape[1])
    for one, other in combinations(range(codes.shape[1]), 2):
        paired = (codes[:, one] != MISSING) & (codes[:, other] != MISSING)
        equal = float((codes[paired, one] == codes[paired, other]).sum())
        for at in (one, other):
            same[at] += equal
            both[at] += float(paired.sum())
    return [float(s / n) if n else float("nan") for s, n in zip(same, both, strict=True)]


def stands_alone(codes: Codes) -> Sequence[int]:
    """Return for each judge on how many questions all others agree with each other and not with it."""
    found = []
    for at in range(codes.shape[1]):
        rest = np.delete(codes, at, axis=1)
        united = ~is_split(rest) & ((rest != MISSING).sum(axis=1) >= 2)
        found.append(int((united & (codes[:, at] != MISSING) & (codes[:, at] != rest.max(axis=1, initial=-1))).sum()))
    return found


def decides(codes: Codes, rule: PanelRule) -> Sequence[int]:
    """Return for each judge on how many questions the panel would say something else, or nothing, without it."""
    whole = panel_verdict(codes, rule)
    return [int((panel_verdict(np.delete(codes, at, axis=1), rule) != whole).sum()) for at in range(codes.shape[1])]
