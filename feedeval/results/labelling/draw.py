"""Which verdicts are put to a person, each with the probability with which it could have been drawn.

Verdicts are put into strata by what the judge said, whether the question is required, and whether what it rests on is
open to doubt. From each stratum a simple random sample is drawn without replacement, more from where the judge's
errors would move the coverage most (Neyman, 1934: in proportion to size times spread); no stratum is left out, so
that every verdict of the session could have been drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.records import Verdict
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.stored import StoredSession

CASE_COLUMNS = ("product_id", "question", "prediction", "probability", "title", "evidence", "context")
"""Columns of the cases, in order."""

_SPREAD = {
    Verdict.YES.value: 0.2,
    Verdict.PARTIAL.value: 0.4,
    Verdict.NO.value: 0.3,
    Verdict.NOT_APPLICABLE.value: 0.3,
}
"""How far the true score (0 to 1) is expected to scatter about what a verdict scores: from sets that people labelled,
where a *yes* was right in nineteen of twenty cases, the others in three of four."""
_SPREAD_IN_DOUBT = 0.5
"""Where the words of the feed bear the verdict badly or not at all: as much as a score can scatter."""

_RUNNING_TEXT = frozenset(
    ("title", "short_title", "structured_title", "description", "structured_description", "product_highlight")
)
"""Attributes in which words are most often taken for an answer that they are not."""

_LEVELS = (("prediction", "required", "in_doubt"), ("prediction", "required"), ("prediction",))
"""What strata are made by; the first that needs no more of them than there are cases, else all are one."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def draw_cases(session: StoredSession, n: int = 100, seed: int = 0) -> pd.DataFrame:
    """Return `n` verdicts of a session for a person to check; the same session and seed give the same cases.

    The first cases come from all strata; whoever stops early has then seen something of each. More cases with the same
    seed go on in each stratum where fewer ended.

    Args:
        session: An audit.
        n: How many; where the session has fewer verdicts, all of them.
        seed: Which of all possible draws.

    Returns:
        The columns product_id (the record's key: the id, or `id#2` where an id repeats), question, prediction (str);
        probability (float64: that the case is among `n`, in (0, 1]); title, evidence, context (str: the text that was
        judged).

    Raises:
        InputError: The session has no verdicts, or `n` or `seed` is no whole number in range.
    """
    return draw_from(population(session), session, n, seed)


def population(session: StoredSession) -> pd.DataFrame:
    """Return all verdicts that can be drawn: key, question, prediction, title, evidence, required, in_doubt.

    What was not judged is none: there is no verdict that a person could set right.

    Raises:
        InputError: The session has none.
    """
    judged = session.judgements if session.has_evaluations else None
    if judged is not None:
        judged = judged[judged["verdict"] != Verdict.NOT_JUDGED.value]
    if judged is None or judged.empty:
        raise InputError(f"session {session.id} has no verdicts to be checked: audit a feed first")
    prediction = judged["verdict"].astype(object)
    evidence, attribute = judged["evidence"], judged["attribute"].str.casefold()
    claims = prediction.isin([Verdict.YES.value, Verdict.PARTIAL.value])
    weak = ~judged["verified"] | ~evidence.str.strip().astype(bool) | attribute.isin(_RUNNING_TEXT)
    found = judged[["key", "question", "title", "evidence", "required"]].assign(
        prediction=prediction, in_doubt=(claims & weak) | ~prediction.isin(_SPREAD)
    )
    return found.drop_duplicates(["key", "question"], ignore_index=True)


def draw_from(judged: pd.DataFrame, session: StoredSession, n: int, seed: int) -> pd.DataFrame:
    """Draw as `draw_cases` does, from a population that has been read."""
    _refuse(n, "n", least=1)
    _refuse(seed, "seed", least=0)
    stratum = strata(judged, n)
    sizes = np.bincount(stratum)
    drawn = allocate(sizes, np.bincount(stratum, _pull(judged)).astype(float), n)
    numbers = _numbers(judged, seed)
    order = np.lexsort((numbers, stratum))
    # Within its stratum, the place of each verdict by its number.
    rank = np.empty(len(judged), dtype=np.int64)
    rank[order] = np.arange(len(judged)) - (np.cumsum(sizes) - sizes)[stratum[order]]
    chosen = np.flatnonzero(rank < drawn[stratum])
    turn = rank[chosen] / drawn[stratum[chosen]]
    chosen = chosen[np.lexsort((numbers[chosen], turn))]
    cases = judged.iloc[chosen].reset_index(drop=True).rename(columns={"key": "product_id"})
    cases["probability"] = (drawn / sizes)[stratum[chosen]]
    cases["context"] = pd.array(_contexts(session, cases["product_id"].tolist()), dtype=TEXT)
    cases["prediction"] = cases["prediction"].astype(TEXT)
    return cases[list(CASE_COLUMNS)]


def strata(judged: pd.DataFrame, n: int) -> Ints:
    """Return the stratum of each verdict, for a draw of `n`: coarser ones where there would be more than cases."""
    for names in _LEVELS:
        numbers = judged.groupby(list(names), observed=True).ngroup()
        if numbers.max() < n:
            return np.asarray(numbers, dtype=np.int64)
    return np.zeros(len(judged), dtype=np.int64)


def allocate(sizes: Ints, pull: Floats, n: int) -> Ints:
    """Return how many to draw from each stratum: in proportion to its pull, two at least where `n` allows it.

    Args:
        sizes: Of each stratum, at least 1; there are no more strata than `n`.
        pull: Of each stratum, above 0.
        n: How many in all; where there are fewer, all are drawn.
    """
    n = min(n, int(sizes.sum()))
    # With two, the scatter within a stratum can be estimated.
    least = np.minimum(sizes, 2)
    if least.sum() > n:
        least = np.ones_like(sizes)
    low, high = 0.0, float(np.max(sizes / pull))
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(middle * pull, least, sizes).sum() < n else (low, middle)
    wanted = np.clip(low * pull, least, sizes)
    drawn = np.floor(wanted).astype(np.int64)
    # What rounding down left goes to the largest remainders.
    for at in np.lexsort((-pull, drawn - wanted)):
        if drawn.sum() == n:
            break
        drawn[at] += drawn[at] < sizes[at]
    return drawn


def _pull(judged: pd.DataFrame) -> Floats:
    """Return what an error in each verdict would cost: how far it may be off, times what its question weighs."""
    spread = judged["prediction"].map(_SPREAD).where(~judged["in_doubt"], _SPREAD_IN_DOUBT).to_numpy(dtype=float)
    weight: Floats = np.where(judged["required"], REQUIRED_WEIGHT, 1.0).astype(float)
    return spread * weight


def _numbers(judged: pd.DataFrame, seed: int) -> NDArray[np.uint64]:
    """Return a random number for each verdict, which it keeps however many others there are and are drawn."""
    secret = f"{seed:016x}"[-16:]
    one, other = (
        pd.util.hash_array(judged[name].to_numpy(dtype=object), hash_key=secret) for name in ("key", "question")
    )
    # The mixing of splitmix64 (Steele, Lea and Flood, 2014), so that neither part shows in the order.
    mixed = one + other * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return found


def _contexts(session: StoredSession, keys: Sequence[str]) -> list[str]:
    rows = session.keys.index[session.keys.isin(set(keys))]
    texts: dict[Any, Any] = dict(
        zip(session.keys.loc[rows], session.results.loc[rows, "name_plus_context"], strict=True)
    )
    return [text if isinstance(text := texts.get(key), str) else "" for key in keys]


def _refuse(value: object, name: str, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name}={value!r}: give a whole number from {least}")
