"""Shadow mode: what would a classifier have said about images that people have labelled?"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import tee
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, field_validator

from feedeval.errors import BadImage, BadLabel, InputError, TransientError, Unreadable
from feedeval.feed.parsing.faults import warn
from feedeval.feed.text import record_keys
from feedeval.jobs.shadow.classifier import UNSURE, Classifier, Picture, ShadowItem
from feedeval.jobs.shadow.fetching import Fetcher, NoAnswer, check_address
from feedeval.jobs.shadow.label_table import LabelRow, Labels, likely
from feedeval.jobs.shadow.pictures import LONGEST_SIDE, SHORTEST_SIDE, data_of_uri, local_image, picture_of, read_image
from feedeval.records import Backend, Ledger, Record
from feedeval.records.kinds import JobKind
from feedeval.run.job import Documents
from feedeval.run.settings import CheckedSettings

MOST_CLASSES = 250
"""More than a strict schema takes as one list of values, and more than a column of classes has."""
MAX_CONTEXT_CHARS = 8_000
"""Longest text of one row's context that is sent."""
_UNPACKED_AT_ONCE = 4
"""Images that are unpacked at the same time: one of the largest takes some hundred megabytes."""
_CLASSES_SHOWN = 12


class ShadowSettings(CheckedSettings):
    """What a shadow run's results depend on, beside classifier and rows."""

    classes: tuple[str, ...] | None = None
    """What can be answered, in this order; None: the labels that the table has."""
    context: tuple[str, ...] | None = None
    """Further columns that are sent along; None: all, but those that repeat the label."""
    max_image_side: int = Field(default=1024, ge=SHORTEST_SIDE, le=LONGEST_SIDE)
    """Longest side of an image in pixels; larger ones are shrunk."""
    fetch_images: bool = False
    """Fetch images from their addresses and send them as data, instead of passing the addresses on."""

    @field_validator("classes", "context", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, str) or not all(isinstance(name, str) for name in value):
            raise ValueError("give a list of names")
        return tuple(" ".join(name.split()) for name in value)


class Source(NamedTuple):
    """Where the image of a row comes from: exactly one of these is set."""

    path: Path | None = None
    uri: str = ""
    address: str = ""


class ReadRow(NamedTuple):
    """The payload of a shadow run's record."""

    row: LabelRow
    source: Source
    context: Mapping[str, str]
    """What is sent along."""
    problem: Unreadable | None
    """Why the row cannot be used; found when the rows were gone through."""


class ShadowJob:
    """Has every image of a table classified.

    Args:
        table: The rows.
        classifier: Whom to ask.
        settings: What the results depend on.
        origin: What is written down for going on, such as `{"source": {"path": "labels.csv"}}`.

    Raises:
        InputError: The classes or the context cannot be used, or no row can.
    """

    kind: str = JobKind.SHADOW

    def __init__(
        self, table: Labels, classifier: Classifier, *, settings: ShadowSettings, origin: Mapping[str, Any]
    ) -> None:
        self._table = table
        self._classifier = classifier
        self._settings = settings
        self._origin = origin
        survey = _survey(table)
        if settings.classes is None and not survey.rows:
            raise _nothing(table)
        self.classes = _checked_classes(survey.labels if settings.classes is None else settings.classes, table.name)
        self._known = frozenset(name.casefold() for name in self.classes)
        classifier.check(self.classes)
        self._refuse_unfit(survey)
        self.context = _checked_context(table, settings.context, survey.repeats)
        self._fetcher: Fetcher | None = None

    def _refuse_unfit(self, survey: Survey) -> None:
        table, classifier = self._table, self._classifier
        if not survey.rows:
            raise _nothing(table)
        if survey.labels and not any(label.casefold() in self._known for label in survey.labels):
            raise InputError(
                f"none of the labels in {table.name} ({_some(survey.labels)}) is among the classes "
                f"({_some(self.classes)}): give the classes as the table names them, or say with columns= which column "
                "is true_class"
            )
        if classifier.needs_picture and not self._settings.fetch_images and survey.addresses == survey.readable > 0:
            raise InputError(
                f"{table.name} names its images by address, and {classifier.name} looks at pixels itself: "
                "fetch_images=True fetches them"
            )

    @property
    def engine(self) -> str:
        """The classifier's name."""
        return self._classifier.name

    @property
    def backend(self) -> Backend:
        """Who makes the calls."""
        return self._classifier.backend

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the settings that results depend on."""
        return {
            **self._classifier.fingerprint(),
            "classes": list(self.classes),
            "max_image_side": self._settings.max_image_side,
            "fetch_images": self._settings.fetch_images,
        }

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Return that no earlier rules are kept."""
        return False

    def settings(self) -> Mapping[str, Any]:
        """Return where the rows came from, and which of their columns are sent along."""
        return {**self._origin, "context": list(self.context)}

    def records(self) -> Iterator[Record]:
        """Yield a record a row; the images of this machine are read for their content."""
        rows, again = tee(self._table.rows())
        for index, (row, key) in enumerate(zip(rows, self._keys(again), strict=True)):
            context = {name: row.context[name] for name in self.context if row.context[name]}
            problem = None
            try:
                source, content = self._found(row)
                digest = _digest("image", content, *(part for pair in context.items() for part in pair))
            except Unreadable as exc:
                source, problem = Source(), exc
                digest = _digest("unreadable", key, str(row.line), str(exc))
            meta = _identity(row)
            yield Record(
                index=index,
                key=key,
                content_hash=digest,
                payload=ReadRow(row, source, context, problem),
                meta=meta,
                label=repr(meta),
            )

    def _keys(self, rows: Iterable[LabelRow]) -> Iterator[str]:
        return record_keys({"id": row.filename or f"line-{row.line}"} for row in rows)

    def planned_records(self) -> Iterator[Record]:
        """Return the records anew: images are larger than what can be kept of them."""
        return self.records()

    def _found(self, row: LabelRow) -> tuple[Source, str]:
        """Return where a row's image is, and what stands for its content.

        Raises:
            Unreadable: The row cannot be used.
        """
        if row.problem:
            raise BadLabel(row.problem)
        if row.true_class.casefold() not in self._known:
            hint = likely(row.true_class, self.classes)
            raise BadLabel(f"{row.true_class[:100]!r} is not among the classes ({_some(self.classes)}){hint}")
        if sum(len(row.context[name]) for name in self.context) > MAX_CONTEXT_CHARS:
            raise BadLabel(f"the columns that are sent along hold more than {MAX_CONTEXT_CHARS:,} characters")
        place = row.image_url
        scheme, colon, _ = place.partition(":")
        if scheme.lower() == "data" and colon:
            return Source(uri=place), _digest("bytes", data_of_uri(place))
        if scheme.lower() in ("http", "https") and colon:
            if self._classifier.needs_picture and not self._settings.fetch_images:
                raise BadImage(f"{self.engine} looks at pixels itself, and this is an address: fetch_images=True")
            return Source(address=check_address(place)), _digest("address", place)
        if "://" in place:
            raise BadImage(f"{place[:100]!r}: images are read from http and https addresses, paths and data URIs only")
        if self._table.folder is None:
            raise BadImage(f"{place[:100]!r} is a path, and the table did not come from a folder: give image_dir=")
        path = local_image(self._table.folder, place)
        return Source(path=path), _digest("bytes", read_image(path))

    async def open(self, documents: Documents) -> None:
        """Get ready; on the loop that the run lives on."""
        self._unpacking = asyncio.Semaphore(_UNPACKED_AT_ONCE)
        if self._settings.fetch_images and self._fetcher is None:
            self._fetcher = Fetcher()

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Classify one image."""
        shown: ReadRow = record.payload
        try:
            if shown.problem is not None:
                raise shown.problem
            picture = await self._picture(shown.source)
        except Unreadable as exc:
            # The kinds of unreadable rows are two, whatever raised them.
            kind = BadImage if isinstance(exc, BadImage) else BadLabel
            raise kind(f"{self._table.where} {shown.row.line:,}: {exc}", shown.row.line) from exc.__cause__
        address = shown.source.address if picture is None else ""
        prediction = await self._classifier.classify(ShadowItem(picture, address, self.classes, shown.context), ledger)
        return {**prediction.model_dump(mode="json"), "engine": self.engine}

    async def _picture(self, source: Source) -> Picture | None:
        """Return the image as it is sent; None where its address is."""
        if source.address:
            if self._fetcher is None:
                return None
            try:
                data = await self._fetcher.get(source.address)
            except NoAnswer:
                # Whether one image is gone or the whole network, the classifier's endpoint tells.
                with suppress(TransientError):
                    await self.backend.probe()
                raise
            return await self._unpacked(lambda: data)
        path = source.path
        return await self._unpacked(lambda: data_of_uri(source.uri) if path is None else read_image(path))

    async def _unpacked(self, read: Callable[[], bytes]) -> Picture:
        side, on_white = self._settings.max_image_side, not self._classifier.needs_picture
        async with self._unpacking:
            return await asyncio.to_thread(lambda: picture_of(read(), side, on_white=on_white))

    async def close(self) -> None:
        """Close connections to the images' addresses."""
        fetcher, self._fetcher = self._fetcher, None
        if fetcher is not None:
            await fetcher.close()


class Survey(NamedTuple):
    """What a table says when it is gone through once; images are not opened for it."""

    rows: int
    labels: list[str]
    """Distinct ones, sorted; of those that differ only in case the most frequent."""
    readable: int
    """Rows that can be used as far as the table tells."""
    addresses: int
    """Those of them whose image is at an address."""
    repeats: list[str]
    """Further columns that say in every row what the label says."""


def _nothing(table: Labels) -> InputError:
    return InputError(f"{table.name} has no rows below its header: there is nothing to classify")


def _survey(table: Labels) -> Survey:
    labels: Counter[str] = Counter()
    rows = readable = addresses = 0
    repeats = [name for _, name in table.layout.context]
    for row in table.rows(whole=True):
        rows += 1
        if row.problem:
            continue
        readable += 1
        labels[row.true_class] += 1
        addresses += row.image_url.lower().startswith(("http://", "https://"))
        repeats = [name for name in repeats if row.context[name].casefold() == row.true_class.casefold()]
    spelled = {label.casefold(): label for label, _ in sorted(labels.items(), key=lambda item: (item[1], item[0]))}
    spelled.pop(UNSURE, None)
    # In a table of one class any column of one value would seem to say what the label says.
    return Survey(rows, sorted(spelled.values()), readable, addresses, repeats if len(spelled) > 1 else [])


def _checked_classes(classes: Sequence[str], name: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(classes))
    folded = {name.casefold() for name in chosen}
    if UNSURE in folded or "" in folded:
        raise InputError(f"classes: {UNSURE!r} is what is answered where no class can be told, and none is empty")
    if len(folded) < len(chosen):
        raise InputError(f"classes: {_some(chosen)}: two of them differ only in case")
    if not 2 <= len(chosen) <= MOST_CLASSES:
        raise InputError(
            f"{len(chosen):,} {'class' if len(chosen) == 1 else 'classes'} ({_some(chosen)}): there have to be 2 to "
            f"{MOST_CLASSES}; give them with classes=, or say with columns= which column of {name} is true_class"
        )
    return chosen


def _some(names: Sequence[str]) -> str:
    return ", ".join(name[:60] for name in names[:_CLASSES_SHOWN]) + (", …" if len(names) > _CLASSES_SHOWN else "")


def _checked_context(table: Labels, wanted: Sequence[str] | None, repeats: Sequence[str]) -> tuple[str, ...]:
    """Return the further columns that are sent along."""
    names = [name for _, name in table.layout.context]
    if wanted is None:
        if repeats:
            warn(
                f"{table.name}: {', '.join(repeats)} says in every row what the label says, and is not sent along: the "
                "answer would be in the question. context=[...] names what is sent."
            )
        return tuple(name for name in names if name not in repeats)
    if unknown := [name for name in wanted if name not in names]:
        raise InputError(
            f"context: {table.name} has no further column {', '.join(map(repr, unknown))}; it has "
            f"{', '.join(names) or 'none'}"
        )
    return tuple(name for name in names if name in wanted)


def _identity(row: LabelRow) -> dict[str, Any]:
    """Return what people said and what tells the image to them; none of it is sent because it stands here."""
    address = row.image_url
    if address.lower().startswith("data:"):
        address = f"{address.partition(',')[0][:40]},… ({len(address):,} characters)"
    return {
        "line": row.line,
        "filename": row.filename,
        "image_url": address,
        "true_class": row.true_class or None,
        "critical_hazard": row.critical_hazard,
        "context": dict(row.context),
    }


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
