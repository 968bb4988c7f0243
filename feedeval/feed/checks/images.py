"""Checks of the pictures themselves: whether they answer, and whether their size and format are taken."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.checks.cells import Cells
from feedeval.feed.checks.findings import Finding, Issue, Setting
from feedeval.feed.checks.links import addresses
from feedeval.feed.picture_sizes import ImageLimits, PictureLooker, PictureSize
from feedeval.feed.rules import Target
from feedeval.feed.spec import category_id
from feedeval.feed.tables import table
from feedeval.feed.taxonomy import is_within

_ATTRIBUTES = {"image_link": ("image_link", "image_url"), "additional_image_link": ("additional_image_link",)}
_KEPT_S = 7 * 24 * 3600
_CATEGORY_COLUMNS = ("google_product_category", "product_type")


@dataclass(frozen=True, slots=True)
class ImageRule:
    """What a destination asks of the pictures of one attribute."""

    target: str
    attribute: str
    categories: tuple[str, ...]
    """For products of which categories; empty: for all."""
    min_width: int
    min_height: int
    max_megapixels: float | None
    max_mb: float | None
    formats: tuple[str, ...]
    since: str
    """ISO date from which it holds; empty: it holds."""


@lru_cache(maxsize=1)
def image_rules() -> tuple[ImageRule, ...]:
    """Return what all destinations ask of pictures."""
    return tuple(
        ImageRule(
            target=row["target"],
            attribute=row["attribute"],
            categories=tuple(filter(None, row["categories"].split("|"))),
            min_width=int(row["min_width"] or 0),
            min_height=int(row["min_height"] or 0),
            max_megapixels=float(row["max_megapixels"]) if row["max_megapixels"] else None,
            max_mb=float(row["max_mb"]) if row["max_mb"] else None,
            formats=tuple(filter(None, row["formats"].split("|"))),
            since=row["since"],
        )
        for row in table("spec/images")
    )


def images(cells: Cells, settings: Mapping[Target, Setting], limits: ImageLimits) -> Iterator[Finding]:
    """Look at the pictures of a feed, as far as the limits go, and report what is wrong with them."""
    shown = list(_shown(cells))
    asked = list(dict.fromkeys(address for _, attribute, _, address in sorted(shown, key=_main_first)))
    seen = _seen(_spread(asked, limits.max_images), limits)
    if len(seen) < len(asked):
        said = f"{len(seen):,} of {len(asked):,} pictures were looked at"
        yield Finding(-1, "image_link", Issue("images_sampled", said))
    for row, attribute, field, address in shown:
        if address in seen:
            for target, setting in settings.items():
                for issue in _issues(seen[address], attribute, _Product(cells, row), setting):
                    yield Finding(row, field, issue._replace(value=address), (target,))


def _shown(cells: Cells) -> Iterator[tuple[int, str, str, str]]:
    """Return row, attribute, its name in the feed and address of each picture."""
    for attribute, names in _ATTRIBUTES.items():
        field = next((name for name in names if name in cells.columns), "")
        for row, value in enumerate(cells.columns.get(field, ())):
            for text in value if isinstance(value, list) else [value]:
                for address in addresses(text) if isinstance(text, str) else ():
                    if address.lower().startswith(("http://", "https://")) and " " not in address:
                        yield row, attribute, field, address


def _main_first(shown: tuple[int, str, str, str]) -> bool:
    return shown[1] != "image_link"


def _spread(asked: Sequence[str], most: int) -> list[str]:
    """Return at most so many, spread evenly over the feed."""
    if len(asked) <= most:
        return list(asked)
    return [asked[place * len(asked) // most] for place in range(most)]


def _seen(asked: Sequence[str], limits: ImageLimits) -> dict[str, PictureSize]:
    kept = _load(limits.cache)
    known = {address: kept[address] for address in asked if address in kept}
    found = PictureLooker(limits).look_at(address for address in asked if address not in known)
    if limits.cache is not None:
        _save(Path(limits.cache), {address: size for address, size in found.items() if not size.problem})
    return known | found


@dataclass(frozen=True, slots=True)
class _Product:
    cells: Cells
    row: int

    def category(self) -> str | None:
        columns = self.cells.columns
        return category_id({name: columns[name][self.row] for name in _CATEGORY_COLUMNS if name in columns})


def _issues(size: PictureSize, attribute: str, product: _Product, setting: Setting) -> Iterator[Issue]:
    if size.problem:
        yield Issue("image_unreachable", f"the picture {size.problem}")
        return
    rules = _rules_for(attribute, product, setting)
    today = setting.now.date().isoformat()
    now = [rule for rule in rules if rule.since <= today]
    where = setting.target.display_name
    for rule in now[:1]:
        if size.format and rule.formats and size.format not in rule.formats:
            yield Issue("image_type", f"is {size.format.upper()}; {where} takes {', '.join(rule.formats)}")
            return
    yield from _too_large(size, now, where)
    yield from _too_small(size, now, [rule for rule in rules if rule.since > today], where)


def _rules_for(attribute: str, product: _Product, setting: Setting) -> list[ImageRule]:
    rules = [rule for rule in image_rules() if (rule.target, rule.attribute) == (setting.target.value, attribute)]
    special = any(rule.categories for rule in rules)
    category = product.category() if special else None
    return [rule for rule in rules if not rule.categories or is_within(category, rule.categories)]


def _too_large(size: PictureSize, rules: Sequence[ImageRule], where: str) -> Iterator[Issue]:
    most = min((rule.max_megapixels for rule in rules if rule.max_megapixels), default=None)
    most_mb = min((rule.max_mb for rule in rules if rule.max_mb), default=None)
    if most is not None and size.megapixels > most:
        yield Issue("image_too_large", f"has {size.megapixels:,.0f} megapixels; {where} takes {most:g}")
    elif most_mb is not None and size.file_mb is not None and size.file_mb > most_mb:
        yield Issue("image_too_large", f"has {size.file_mb:,.1f} MB; {where} takes {most_mb:g}")


def _too_small(size: PictureSize, now: Sequence[ImageRule], later: Sequence[ImageRule], where: str) -> Iterator[Issue]:
    if not size.width:
        return
    has = f"has {size.width} x {size.height} pixels"
    for rules in (now, later):
        least = max(rules, key=lambda rule: rule.min_width * rule.min_height, default=None)
        if least is not None and (size.width < least.min_width or size.height < least.min_height):
            # Some require it, others only advise it; from when it holds is said with what is done about it.
            said = f"{has}; {where} asks for {least.min_width} x {least.min_height} or more"
            yield Issue("image_too_small", said, since=least.since)
            return


def _load(path: str | Path | None) -> dict[str, PictureSize]:
    try:
        return {address: PictureSize(**entry["size"]) for address, entry in _kept(path).items()}
    except (TypeError, KeyError):
        return {}


def _kept(path: str | Path | None) -> dict[str, dict[str, Any]]:
    """Return the entries of the file that are not too old.

    It only saves time: what cannot be read is looked at again, and then written anew.
    """
    if path is None or not Path(path).is_file():
        return {}
    try:
        entries: dict[str, dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
        oldest = time.time() - _KEPT_S
        return {address: entry for address, entry in entries.items() if entry["seen_at"] > oldest}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _save(path: Path, found: Mapping[str, PictureSize]) -> None:
    entries = {address: {"seen_at": time.time(), "size": asdict(size)} for address, size in found.items()}
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        half.write_text(json.dumps(_kept(path) | entries), encoding="utf-8")
        half.replace(path)
    except OSError as error:
        raise InputError(f"cannot keep what was seen of the pictures in {path}: {error.strerror or error}") from error
