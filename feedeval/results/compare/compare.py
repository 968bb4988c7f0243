"""Two audits of the same products side by side: what became better, what became worse, and how sure that is.

Only what was asked in both counts: products of the same key that were asked the same questions by the same engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.records import Verdict, is_enough
from feedeval.results.compare.comparison import Comparison
from feedeval.results.compare.large import read_large_audit
from feedeval.results.compare.pairing import VERDICTS, Audit, Ints, Pairs, Question, pair, read_audit
from feedeval.results.finding import session_labels
from feedeval.results.frames.judgement_arrays import Codebook
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.library import as_session
from feedeval.results.session import Session
from feedeval.results.stats import UNKNOWN, clustered_interval
from feedeval.storage.addresses import shown
from feedeval.storage.paths import folder_path

_JUDGE = ("model", "prompts", "temperature")
"""Settings that make another judge, whose verdicts differ whatever the feed says."""
_READS = ("fields", "locale")
"""Settings that change what the judge sees."""
_NOT_JUDGED, _NOT_APPLICABLE = VERDICTS.index(Verdict.NOT_JUDGED), VERDICTS.index(Verdict.NOT_APPLICABLE)

Floats = NDArray[np.float64]


def compare(
    before: Session | str,
    after: Session | str,
    *,
    output_dir: str | Path = "output",
    other_engine: bool = False,
) -> Comparison:
    """Compare two audits, paired by product key and question.

    Products are compared where both audits asked them the same questions, and questions where both judged them and they
    apply in both: one that was answered and is not judged any more did not get worse, and is counted apart. An audit on
    a changed feed takes its questions over from the one before; where it did not, `question_set=` asks an earlier
    session's questions again.

    Args:
        before: The earlier session, or its name.
        after: The later one.
        output_dir: The folder of sessions that are given by name.
        other_engine: Compare although two engines judged; what changed may then be the judge and not the feed.

    Raises:
        SessionNotFound: There is no such session.
        InputError: A session is no audit, the engines differ, or no product was asked the same questions in both; the
            message says what to do.
    """
    folder = folder_path(output_dir)
    sides = (as_session(before, folder), as_session(after, folder))
    for session in sides:
        if not session.is_audit:
            raise InputError(f"session {session.id} is of the kind {session.progress.kind}: audits can be compared")
    differing = _differing(sides, _JUDGE)
    if differing and not other_engine:
        raise InputError(
            f"sessions {' and '.join(session_labels(sides))} were judged by different engines ({_said(differing)}), "
            "so a change could be the judge's and not the feed's: audit both feeds with one engine, the later one with "
            "question_set= and the session of the earlier, or say other_engine=True to compare the engines"
        )
    questions: Codebook[Question] = Codebook()
    audits = tuple(_audit(session, questions) for session in sides)
    pairs = pair(audits[0], audits[1])
    if not len(pairs.before):
        raise InputError(_nothing_in_common(sides, pairs))
    return _comparison(sides, (audits[0], audits[1]), pairs, list(questions))


def _audit(session: Session, questions: Codebook[Question]) -> Audit:
    if session.large is None:
        return read_audit(session.batch_files, questions)
    return read_large_audit(session.large.parts, questions)


def _comparison(
    sides: tuple[Session, Session], audits: tuple[Audit, Audit], pairs: Pairs, questions: Sequence[Question]
) -> Comparison:
    from scipy.stats import binomtest  # takes longer to import than the rest, and most sessions are never compared

    coverages = coverage_before, coverage_after = _coverages(audits, pairs, questions)
    answered_before, answered_after = pairs.scores_before == 1, pairs.scores_after == 1
    judged = _judged_twice(pairs)
    gained, lost = judged & answered_after & ~answered_before, judged & answered_before & ~answered_after
    count_gained, count_lost = int(gained.sum()), int(lost.sum())
    turned = np.where(judged, gained.astype(float) - lost, np.nan)
    shares = (_not_judged(pairs.verdicts_before), _not_judged(pairs.verdicts_after))
    readable = all(map(_can_be_read, (pairs.verdicts_before, pairs.verdicts_after)))
    return Comparison(
        before=sides[0],
        after=sides[1],
        compared=len(pairs.before),
        failed=pairs.failed,
        other_questions=pairs.other_questions,
        coverage_before_pct=_mean(coverage_before) if readable else np.nan,
        coverage_after_pct=_mean(coverage_after) if readable else np.nan,
        change=clustered_interval(coverage_after - coverage_before) if readable else UNKNOWN,
        answered=clustered_interval(turned, clusters=pairs.owner).scaled(100),
        gained=count_gained,
        lost=count_lost,
        apart=int((~judged & (pairs.verdicts_before != pairs.verdicts_after)).sum()),
        not_judged_before=shares[0],
        not_judged_after=shares[1],
        p_value=float(binomtest(count_gained, count_gained + count_lost).pvalue) if count_gained + count_lost else 1.0,
        products=_products(audits, pairs, coverages, gained, lost),
        questions=_questions(pairs, questions, gained, lost),
        categories=_categories(audits[1], pairs, coverages),
        taxonomies=_taxonomies(pairs, questions),
        changes=_changes(audits[1], pairs, questions),
        # What a sample has not may be in its feed.
        new=_alone(audits[1], pairs.new if sides[0].sample is None else []),
        gone=_alone(audits[0], pairs.gone if sides[1].sample is None else []),
        notes=_notes(sides, pairs),
    )


def _coverages(audits: tuple[Audit, Audit], pairs: Pairs, questions: Sequence[Question]) -> tuple[Floats, Floats]:
    """Return the coverages of the compared products that have one in both; NaN for the others.

    Where a question counts in one of the two only, they are those of the questions that count in both: what was not
    judged any more must not look like a change of the feed.
    """
    was, now = audits[0].coverage_pct[pairs.before], audits[1].coverage_pct[pairs.after]
    both = ~np.isnan(was) & ~np.isnan(now)
    judged = _judged_twice(pairs)
    once = np.isnan(pairs.scores_before) != np.isnan(pairs.scores_after)
    apart = np.bincount(pairs.owner[once], minlength=len(was)) > 0
    if apart.any():
        each = np.where(judged, _weights(questions)[pairs.questions], 0.0)
        total = np.bincount(pairs.owner, each, len(was))
        both &= total > 0
        common = [
            np.round(100 * np.bincount(pairs.owner, each * np.nan_to_num(scores), len(was)) / total.clip(min=1), 1)
            for scores in (pairs.scores_before, pairs.scores_after)
        ]
        was, now = (np.where(apart, one, own) for one, own in zip(common, (was, now), strict=True))
    return np.where(both, was, np.nan), np.where(both, now, np.nan)


def _weights(questions: Sequence[Question]) -> Floats:
    return np.array([REQUIRED_WEIGHT if required else 1.0 for _, _, required in questions])


def _judged_twice(pairs: Pairs) -> NDArray[np.bool_]:
    """Return which questions were judged and apply in both audits."""
    return np.asarray(~np.isnan(pairs.scores_before) & ~np.isnan(pairs.scores_after))


def _not_judged(verdicts: NDArray[np.int8]) -> float:
    """Return the share of the questions that apply which were not judged."""
    left, applies = int((verdicts == _NOT_JUDGED).sum()), int((verdicts != _NOT_APPLICABLE).sum())
    return left / applies if applies else 0.0


def _can_be_read(verdicts: NDArray[np.int8]) -> bool:
    left = int((verdicts == _NOT_JUDGED).sum())
    return not left or is_enough(int((verdicts != _NOT_APPLICABLE).sum()) - left, left)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _products(
    audits: tuple[Audit, Audit], pairs: Pairs, coverages: tuple[Floats, Floats], gained: Any, lost: Any
) -> pd.DataFrame:
    count = len(pairs.before)
    was, now = coverages
    own = audits[0].coverage_pct[pairs.before], audits[1].coverage_pct[pairs.after]
    columns = _identity(audits[1], pairs.after)
    # A product that was judged enough in one audit alone shows its coverage there, and no change.
    shown = [np.where(np.isnan(both), alone, both) for both, alone in zip(coverages, own, strict=True)]
    columns |= {"coverage_before_pct": shown[0], "coverage_after_pct": shown[1], "change": _points(now - was)}
    for name, which in (("gained", gained), ("lost", lost)):
        columns[name] = _whole(np.bincount(pairs.owner[which], minlength=count))
    return pd.DataFrame(columns)


def _identity(audit: Audit, places: Ints) -> dict[str, Any]:
    metas = [audit.metas[place] for place in places]
    return {
        "key": _text([audit.keys[place] for place in places]),
        "product_id": _text([meta.product_id for meta in metas]),
        "title": _text([meta.title for meta in metas]),
        "product_url": _text([meta.product_url for meta in metas]),
        "category": _text([audit.categories[place] for place in places]),
    }


def _questions(pairs: Pairs, questions: Sequence[Question], gained: Any, lost: Any) -> pd.DataFrame:
    kinds = len(questions)
    risen, fallen = pairs.scores_after > pairs.scores_before, pairs.scores_after < pairs.scores_before

    def count(which: Any) -> Ints:
        return np.bincount(pairs.questions[which], minlength=kinds)

    asked = count(slice(None))
    there = asked > 0
    before, after = count(~np.isnan(pairs.scores_before)), count(~np.isnan(pairs.scores_after))
    apart = ~_judged_twice(pairs) & (pairs.verdicts_before != pairs.verdicts_after)
    rows = [row for row, is_there in zip(questions, there, strict=True) if is_there]
    frame = {
        "question": _text([question for question, _, _ in rows]),
        "taxonomy": _text([taxonomy for _, taxonomy, _ in rows]),
        "required": np.array([required for _, _, required in rows], dtype=bool),
        "products": _whole(asked[there]),
        "answered_before_pct": _percent(count(pairs.scores_before == 1)[there], before[there]),
        "answered_after_pct": _percent(count(pairs.scores_after == 1)[there], after[there]),
    }
    counted = (("gained", gained), ("lost", lost), ("better", risen), ("worse", fallen), ("apart", apart))
    for name, which in counted:
        frame[name] = _whole(count(which)[there])
    return pd.DataFrame(frame)


def _percent(part: Ints, whole: Ints) -> Floats:
    """Return shares in per cent, NaN of nothing."""
    return np.asarray(np.divide(100.0 * part, whole, out=np.full(len(whole), np.nan), where=whole > 0))


def _categories(after: Audit, pairs: Pairs, coverages: tuple[Floats, Floats]) -> pd.DataFrame:
    codes, names = pd.factorize(np.array([after.categories[place] for place in pairs.after], dtype=object))
    was, now = coverages
    rows = []
    for code, each in _groups(codes, len(names)):
        group = each[~np.isnan(was[each])]
        if not len(group):
            continue
        change = clustered_interval(now[group] - was[group])
        rows.append((names[code], len(group), was[group].mean(), now[group].mean(), change))
    return _change_frame("category", "products", rows)


def _taxonomies(pairs: Pairs, questions: Sequence[Question]) -> pd.DataFrame:
    topics, names = pd.factorize(np.array([taxonomy for _, taxonomy, _ in questions], dtype=object))
    weight = _weights(questions)
    rows = []
    judged = _judged_twice(pairs)
    for code, each in _groups(topics[pairs.questions], len(names)):
        group = each[judged[each]]
        if not len(group):
            continue
        weights = weight[pairs.questions[group]]
        was, now = pairs.scores_before[group], pairs.scores_after[group]
        change = clustered_interval(now - was, weights, pairs.owner[group]).scaled(100)
        means = [100 * float(np.average(scores, weights=weights)) for scores in (was, now)]
        rows.append((names[code], len(group), *means, change))
    return _change_frame("taxonomy", "judgements", rows)


def _groups(codes: Ints, count: int) -> list[tuple[int, Ints]]:
    """Return the places of each code that occurs."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(count + 1))
    return [(n, order[ends[n] : ends[n + 1]]) for n in range(count) if ends[n + 1] > ends[n]]


def _change_frame(what: str, size: str, rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    names, sizes, was, now, changes = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    frame = pd.DataFrame(
        {
            what: _text(names),
            size: _whole(np.array(sizes)),
            "coverage_before_pct": np.array(was),
            "coverage_after_pct": np.array(now),
            "change": _points([change.estimate for change in changes]),
            "low": _points([change.low for change in changes]),
            "high": _points([change.high for change in changes]),
        }
    )
    return frame.sort_values([what], kind="stable", ignore_index=True)


def _changes(after: Audit, pairs: Pairs, questions: Sequence[Question]) -> pd.DataFrame:
    rows = np.flatnonzero(pairs.verdicts_before != pairs.verdicts_after)
    asked = [questions[code] for code in pairs.questions[rows]]
    identity = _identity(after, pairs.after[pairs.owner[rows]])
    identity.pop("product_url")
    return pd.DataFrame(
        {
            **identity,
            "question": _text([question for question, _, _ in asked]),
            "taxonomy": _text([taxonomy for _, taxonomy, _ in asked]),
            "required": np.array([required for _, _, required in asked], dtype=bool),
            "before": _text([VERDICTS[number].value for number in pairs.verdicts_before[rows]]),
            "after": _text([VERDICTS[number].value for number in pairs.verdicts_after[rows]]),
        }
    )


def _alone(audit: Audit, keys: Sequence[str]) -> pd.DataFrame:
    places = {key: place for place, key in enumerate(audit.keys)} if keys else {}
    found = [places.get(key) for key in keys]
    metas = [audit.failed[key] if at is None else audit.metas[at] for key, at in zip(keys, found, strict=True)]
    return pd.DataFrame(
        {
            "key": _text(keys),
            "product_id": _text([meta.product_id for meta in metas]),
            "title": _text([meta.title for meta in metas]),
            "category": _text([None if at is None else audit.categories[at] for at in found]),
            "coverage_pct": np.array([np.nan if at is None else audit.coverage_pct[at] for at in found], dtype=float),
        }
    )


def _text(values: Sequence[Any]) -> Any:
    return pd.array(np.array(values, dtype=object), dtype=TEXT)


def _whole(values: Ints) -> Any:
    return pd.array(values.astype(np.int64), dtype="Int64")


def _points(values: Any) -> Floats:
    """Coverage has one decimal: what is beyond the tenth is the noise of floating point."""
    return np.round(np.asarray(values, dtype=float), 10)


def _differing(sides: tuple[Session, Session], names: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """Return the settings of two sessions that are not the same, by name."""
    then, now = (session.progress.fingerprint for session in sides)
    return {name: (then.get(name), now.get(name)) for name in names if then.get(name) != now.get(name)}


def _said(differing: Mapping[str, tuple[Any, Any]]) -> str:
    return ", ".join(f"{name}: {then} before, {now} after" for name, (then, now) in differing.items())


def _nothing_in_common(sides: tuple[Session, Session], pairs: Pairs) -> str:
    one, other = session_labels(sides)
    if not pairs.other_questions:
        return (
            f"sessions {one} and {other} have no product in common that is done in both: products are paired by their "
            "id, so compare two audits of the same shop's feed"
        )
    before, after = sides
    # A name is looked up in the folder that the later audit goes to.
    beside = before == Session(before.id, after.output_dir)
    named = repr(before.id) if beside else f"fe.load_session({before.id!r}, output_dir={shown(before.output_dir)!r})"
    return (
        f"sessions {one} and {other} asked other questions, so their scores cannot be compared: audit the later feed "
        f"with question_set={named}, which asks the questions of {one} again"
    )


def _notes(sides: tuple[Session, Session], pairs: Pairs) -> tuple[str, ...]:
    notes = list(dict.fromkeys(session.note for session in sides if session.note))
    if differing := _differing(sides, _JUDGE):
        notes.append(f"Two engines judged ({_said(differing)}): a change may be the judge's and not the feed's.")
    if differing := _differing(sides, _READS):
        notes.append(f"The judge did not see the same ({_said(differing)}): a change may come from that.")
    for label, session in zip(session_labels(sides), sides, strict=True):
        if drawn := session.sample:
            notes.append(
                f"Session {label} audited a sample of {drawn['drawn']:,} of {drawn['of']:,} products: these "
                "figures are of the products that both audited, not of the whole feed."
            )
        if left := session.progress.counts.left:
            notes.append(f"Session {label} is not finished: {left:,} products are left and count as not there.")
    if pairs.other_questions:
        notes.append(
            f"{pairs.other_questions:,} products were asked other questions, for instance because their category is "
            "another one now; they are left out."
        )
    if pairs.failed:
        notes.append(f"{pairs.failed:,} products failed in one of the two; they are left out.")
    return tuple(notes)
