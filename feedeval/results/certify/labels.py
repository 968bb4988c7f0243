"""What people said, read from a table: spelling evened out, several people's labels made one."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.records import Verdict
from feedeval.results.agreement.pairs import column, texts

NOT_APPLICABLE = Verdict.NOT_APPLICABLE.value
_OTHER_WORDS = {
    Verdict.YES: ("y",),
    Verdict.PARTIAL: ("p", "partly"),
    Verdict.NO: ("n",),
    Verdict.NOT_APPLICABLE: ("not applicable", "n/a", "na", "x"),
    Verdict.NOT_JUDGED: ("unsure", "skip", "?"),
}
_SAID = {
    word: None if verdict is Verdict.NOT_JUDGED else verdict.value
    for verdict, others in _OTHER_WORDS.items()
    for word in (verdict.value, verdict.words, *others)
}
_LONGEST_LINE = 100_000

Case = tuple[str, str]


@dataclass(frozen=True)
class Label:
    """What people said of one case."""

    verdict: str | None
    """None where nobody said anything, or as many said one thing as another."""
    probability: float | None
    """With which the case was drawn; None where the table does not say."""
    people: int
    """How many labelled it."""


@dataclass(frozen=True)
class Labels:
    """Labels by case: product and question."""

    by_case: dict[Case, Label]
    repeated: int
    """Cases that several labelled."""
    tied: int
    """Of these, cases without a majority."""
    drawn: bool
    """Whether the table says with which probability each case was drawn."""


def read_labels(labels: pd.DataFrame | str | Path) -> Labels:
    """Return what people said of each case.

    Raises:
        InputError: It is no table, lacks a column, or holds a label or a probability that is none.
    """
    frame = labels if isinstance(labels, pd.DataFrame) else _table(Path(labels))
    names = ("product_id", "question", "label")
    products, questions, said = (list(texts(column(frame, name))) for name in names)
    probabilities = _probabilities(frame)
    found: dict[Case, list[str]] = {}
    chances: dict[Case, float | None] = {}
    for n, (product, question, word) in enumerate(zip(products, questions, said, strict=True)):
        if product is None and question is None:
            continue
        case = (product or "", question or "")
        verdicts = found.setdefault(case, [])
        if (verdict := _verdict(word, n)) is not None:
            verdicts.append(verdict)
        if chances.setdefault(case, probabilities[n]) != probabilities[n]:
            raise InputError(f"row {n + 1} of the labels: product {product!r} has another probability further up")
    made = {case: Label(_majority(said), chances[case], len(said)) for case, said in found.items()}
    several = [label for label in made.values() if label.people > 1]
    return Labels(made, len(several), sum(label.verdict is None for label in several), probabilities[:1] != [None])


def _majority(said: list[str]) -> str | None:
    ranked = Counter(said).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _verdict(word: str | None, row: int) -> str | None:
    if word is None:
        return None
    key = word.casefold()
    if key not in _SAID:
        raise InputError(
            f"row {row + 1} of the labels has the label {word!r}: give yes, partial, no or not_applicable, and leave "
            "it empty where nobody can tell"
        )
    return _SAID[key]


def _probabilities(frame: pd.DataFrame) -> list[float | None]:
    if "probability" not in frame.columns:
        return [None] * len(frame)
    given = list(texts(column(frame, "probability")))
    if not any(given):
        return [None] * len(frame)
    values = pd.to_numeric(pd.Series(given, dtype=object), errors="coerce").to_numpy(dtype=float)
    strange = ~((values > 0) & (values <= 1))
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        raise InputError(
            f"row {row + 1} of the labels has the probability {given[row] or ''!r}: give for every case the share of "
            "draws that would take it, above 0 and at most 1, or leave the column out where all were as likely"
        )
    return [float(value) for value in values]


def _table(path: Path) -> pd.DataFrame:
    """Read a CSV as spreadsheets write it: with commas, semicolons or tabs."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline(_LONGEST_LINE)
            separator = max(",;\t", key=head.count)
            file.seek(0)
            frame: Any = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False, quoting=csv.QUOTE_MINIMAL)
    except OSError as exc:
        raise InputError(f"{path}: the labels cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as exc:
        reason = " ".join(str(exc).split())
        raise InputError(f"{path}: this is no CSV of labels in UTF-8: {reason}") from exc
    return pd.DataFrame(frame)
