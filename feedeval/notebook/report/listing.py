"""All products of a report, worst first: a table that reads without a script, and one that is searched with one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from feedeval.feed.tables import DATA
from feedeval.formatting import clip
from feedeval.html import Markup, escape, link
from feedeval.notebook.report.parts import Material, foreign, text_of
from feedeval.results.frames.results import RowStatus
from feedeval.results.near_identical import Families

STILL = 60
"""Products in the table that needs no script."""
MOST = 20_000
"""Products in the one that is searched: a page of more takes a browser too long."""
_TITLE_CHARS = 300
_TO_DO = 3
"""Things to do that are named with a product."""

_NEARLY_ALL = 0.85
"""Share of the products of which a sentence speaks, in place of a column that says the same in each row."""
_FEW = 10
"""Products that are told one by one, whatever they share."""
_UNFOLDED = 50
"""Products of a row that are named one by one."""
_LONG_ID = 20

_HEADER = ("Product", "Coverage", "Required open", "To do")


@dataclass(frozen=True)
class Listed:
    """The products, worst first."""

    rows: pd.DataFrame
    """product_id, product_url, title, category, coverage_pct, unanswered_required_count, status, image_link."""
    families: list[int]
    """Of each row; products of a family are nearly the same."""
    actions: list[list[int]]
    """Of each row, numbers of its actions."""


def listed(material: Material) -> Listed:
    """Return the products of a session, worst first; those that failed come last."""
    results = material.results
    names = ("product_id", "product_url", "title", "category", "coverage_pct", "unanswered_required_count", "status")
    rows = results[[name for name in names if name in results.columns]]
    done = np.flatnonzero(rows["status"].eq(RowStatus.DONE.value).to_numpy(dtype=bool))
    order = ["coverage_pct", "unanswered_required_count"]
    ranked = rows.assign(at=range(len(rows))).sort_values(order, ascending=[True, False], kind="stable")
    ranked = _with_looks(material, material.named(ranked.iloc[:MOST]))
    place = np.full(len(rows), -1)
    place[ranked["at"].to_numpy()] = np.arange(len(ranked))
    to_do: list[list[int]] = [[] for _ in range(len(ranked))]
    for number, action in enumerate(material.actions):
        listed_at = place[done[action.positions]]
        for at in listed_at[listed_at >= 0].tolist():
            to_do[at].append(number)
    titles = [text_of(title) or text_of(key) for title, key in zip(ranked["title"], ranked["product_id"], strict=True)]
    families = Families().of(titles, map(text_of, ranked["group"]), map(text_of, ranked["category"]))
    return Listed(ranked, families, to_do)


def _with_looks(material: Material, rows: pd.DataFrame) -> pd.DataFrame:
    if material.session.large is not None:
        return rows.assign(image_link="", group="")
    looks = material.session.looks.iloc[rows["at"].to_numpy()]
    return rows.assign(image_link=looks["image_link"].to_numpy(), group=looks["item_group_id"].to_numpy())


def products(material: Material, *, interactive: bool) -> Markup:
    """Return the table of the products.

    Args:
        material: What the session holds.
        interactive: With the rows for the script of the page, which puts a table in the place of this one.
    """
    if material.results.empty:
        return Markup("")
    found = listed(material)
    total = len(material.results)
    still = _still(found, material, total)
    if not interactive:
        return still
    left = f'<p class="small quiet">The {MOST:,} with the lowest coverage of {total:,}.</p>' if total > MOST else ""
    return Markup(f'<div id="listing">{still}</div>{left}{_data(found, material)}')


def script() -> str:
    """Return the script that searches, filters and sorts the products of a report."""
    return (DATA / "report.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Columns:
    """Which columns the table has."""

    header: Sequence[str]
    required: int | None
    """Required questions that nearly all products leave open, which has no column then."""


@dataclass(frozen=True)
class _Shared:
    """What nearly all products have in common, which a sentence says once."""

    required: int | None
    """Required questions that they leave open; None where products differ in that."""
    actions: frozenset[int]
    """Numbers of their actions."""
    told: tuple[str, ...]
    """The sentences."""

    @classmethod
    def of(cls, found: Listed, material: Material) -> _Shared:
        """Return what the products have in common; nothing, where they are few."""
        done = len(material.done)
        if done < _FEW:
            return cls(None, frozenset(), ())
        told = []
        counts = Counter(int(count) for count in found.rows["unanswered_required_count"].dropna().tolist())
        value, products = next(iter(counts.most_common(1)), (0, 0))
        alike = products >= _NEARLY_ALL * done
        if alike:
            words = "no required question" if not value else f"{value:,} required question{'s' * (value != 1)}"
            told.append(f"{_who(products, done)} leave {words} open.")
        common = {n: len(action.positions) for n, action in enumerate(material.actions)}
        common = {n: count for n, count in common.items() if count >= _NEARLY_ALL * done}
        if common:
            names = [f"{material.actions[n].attribute} ({count:,})" for n, count in common.items()]
            told.append(f"To do for nearly all: {', '.join(names)}; a row says what else.")
        return cls(value if alike else None, frozenset(common), tuple(told))


def _who(products: int, of: int) -> str:
    return f"All {of:,}" if products == of else f"{products:,} of {of:,}"


def _still(found: Listed, material: Material, total: int) -> Markup:
    """Return the first products as a table, each standing for those that are nearly the same."""
    shared = _Shared.of(found, material)
    alike: dict[int, list[int]] = {}
    for place, family in enumerate(found.families):
        alike.setdefault(family, []).append(place)
    first = [places for _, places in zip(range(STILL), alike.values(), strict=False)]
    else_to_do = [[n for n in found.actions[places[0]] if n not in shared.actions] for places in first]
    header = [name for name in _HEADER if name != "Required open" or shared.required is None]
    header = [name for name in header if name != "To do" or any(else_to_do)]
    ids = found.rows["product_id"].tolist()
    lines = [
        _line(
            found.rows.iloc[places[0]],
            [text_of(ids[at]) for at in places[1:]],
            _to_do(numbers, material),
            _Columns(header, shared.required),
        )
        for places, numbers in zip(first, else_to_do, strict=True)
    ]
    shown = sum(map(len, first))
    said = [f"{total:,} products, those with the lowest coverage first.", *shared.told]
    if shown > len(lines):
        said.append("Products that are nearly the same share a row.")
    if shown < total:
        said.append(f"The other {total - shown:,} are in the table of results, or in a report with interactive=True.")
    figures = ("Coverage", "Required open")
    head = "".join(f'<th scope="col"{" class=figure" if name in figures else ""}>{name}</th>' for name in header)
    return Markup(
        f'<p class="quiet">{escape(" ".join(said))}</p><div class="scroll"><table class="products"><thead><tr>{head}'
        f"</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _line(row: Any, others: Sequence[str], to_do: str, columns: _Columns) -> str:
    name = clip(text_of(row.title) or text_of(row.product_id) or "(no title)", _TITLE_CHARS)
    about = " · ".join([_short_id(text_of(row.product_id)), foreign(row.category or "(no category)", 120)])
    required = "" if pd.isna(row.unanswered_required_count) else f"{int(row.unanswered_required_count):,}"
    if required and columns.required is not None and row.unanswered_required_count != columns.required:
        about += f" · {required} required open"
    cells = {
        "Coverage": f'<td class="figure" data-label="Coverage">{_covered(row)}</td>',
        "Required open": f'<td class="figure" data-label="Required open">{required}</td>',
        "To do": f'<td class="small" data-label="To do">{to_do}</td>',
    }
    return (
        f'<tr><td><bdi dir="auto">{link(row.product_url, name)}</bdi><br>'
        f'<span class="small quiet">{about}</span>{_alike(others)}</td>'
        f"{''.join(cells.get(name, '') for name in columns.header)}</tr>"
    )


def _alike(others: Sequence[str]) -> str:
    """Return the ids of the products that a row stands for as well, behind a fold."""
    if not others:
        return ""
    named = ", ".join(foreign(each or "(no id)", 80) for each in others[:_UNFOLDED])
    left = len(others) - _UNFOLDED
    more = f" and {left:,} more" if left > 0 else ""
    return f'<details class="small quiet"><summary>and {len(others):,} nearly the same</summary>{named}{more}</details>'


def _short_id(product_id: str) -> str:
    if len(product_id) <= _LONG_ID:
        return foreign(product_id)
    short = foreign(f"{product_id[:6]}…{product_id[-8:]}")
    return f'<span title="{escape(clip(product_id, _TITLE_CHARS))}">{short}</span>'


def _covered(row: Any) -> str:
    if row.status == RowStatus.FAILED.value:
        return "failed"
    return "not judged" if pd.isna(row.coverage_pct) else f"{row.coverage_pct:.1f}&nbsp;%"


def _to_do(numbers: Sequence[int], material: Material) -> str:
    names = [escape(material.actions[n].attribute) for n in numbers[:_TO_DO]]
    left = len(numbers) - _TO_DO
    return ", ".join([*names, *([f"{left:,} more"] if left > 0 else [])])


def _data(found: Listed, material: Material) -> Markup:
    """Return the rows for the script; nothing in them can end the element that holds them."""
    rows = [
        [
            *(
                clip(text_of(row.title) or text_of(row.product_id) or "(no title)", _TITLE_CHARS),
                text_of(row.product_id),
            ),
            *(_address(row.product_url, ("http://", "https://")), clip(text_of(row.category), 120)),
            _number(row.coverage_pct, 1),
            _number(row.unanswered_required_count, 0),
            *(1 if row.status == RowStatus.FAILED.value else 0, _address(row.image_link, ("https://",))),
            *(family, actions),
        ]
        for row, family, actions in zip(found.rows.itertuples(index=False), found.families, found.actions, strict=True)
    ]
    names = [action.attribute for action in material.actions]
    text = json.dumps({"rows": rows, "actions": names}, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else "" for c in safe)
    return Markup(f'<script type="application/json" id="products-data">{safe}</script>')


def _number(value: Any, digits: int) -> float | int | None:
    if pd.isna(value):
        return None
    return round(float(value), digits) if digits else int(value)


def _address(value: object, schemes: tuple[str, ...]) -> str:
    address = text_of(value).strip()
    return address if address.lower().startswith(schemes) else ""
