"""Shadow mode on a cluster: a table of labelled images in shards, whose rows are classified as in one process.

A shard holds rows, not images: these are read by the workers, from their addresses or from the folder that the table
names, which all of them have to see. What else the table says of itself lies beside the shards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from feedeval.errors import InputError
from feedeval.evaluator.cluster.shard_jobs import KEY, read_shard
from feedeval.evaluator.cluster.sharding import Cut, Cutter, Pairs
from feedeval.jobs.shadow.classifier import Classifier
from feedeval.jobs.shadow.job import ReadRow, ShadowJob, ShadowSettings, Survey
from feedeval.jobs.shadow.label_table import LabelRow, LabelTable, Layout
from feedeval.storage.encoding import encode
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.paths import SessionPaths
from feedeval.storage.shards import Shards, child
from feedeval.storage.store import SessionStore

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient

LABELS = "labels.json"
"""What the table says of itself."""
_ELSEWHERE = ("http://", "https://", "data:")


class StoredLabels:
    """The rows of shards, as a table gives them.

    Args:
        shards: The shards.
        numbers: Whose rows.
    """

    def __init__(self, shards: Shards, numbers: Sequence[int] = ()) -> None:
        data = shards.place.read(child(shards.folder, LABELS))
        if data is None:
            raise InputError(f"{LABELS} of session {shards.paths.sid} is gone, and with it what its rows mean")
        told = orjson.loads(data)
        self.name: str = told["name"]
        self.where: str = told["where"]
        self.folder = None if told["folder"] is None else Path(told["folder"])
        self.layout = Layout(0, {}, tuple(enumerate(told["context"])), ())
        self._paths = [shards.here(shards.products(number)) for number in numbers]

    def rows(self, *, whole: bool = False) -> Iterator[LabelRow]:
        """Iterate over the rows once more."""
        names = [each.name for each in fields(LabelRow)]
        for stored in self._stored():
            yield LabelRow(**{name: stored[name] for name in names})

    def keys(self) -> Iterator[str]:
        """Return the keys of the rows in the whole table."""
        return (str(stored[KEY]) for stored in self._stored())

    def _stored(self) -> Iterator[Mapping[str, Any]]:
        for path in self._paths:
            yield from read_shard(path)


class ShardShadowJob(ShadowJob):
    """The classification of a shard: classes and context are those of the whole table, and so are the keys."""

    def __init__(self, table: StoredLabels, classifier: Classifier, *, settings: ShadowSettings) -> None:
        self._stored = table
        super().__init__(table, classifier, settings=settings, origin={})

    def _refuse_unfit(self, survey: Survey) -> None:
        """See that the images can be read; the table as a whole was looked through before."""
        folder = self._stored.folder
        named = (row.image_url.lower() for row in self._stored.rows() if not row.problem)
        if folder is not None and not folder.is_dir() and not all(each.startswith(_ELSEWHERE) for each in named):
            raise InputError(
                f"the images' folder {folder} is not there on this worker: give image_dir= a folder that all of them "
                "see, or a table that names images by their addresses"
            )

    def _keys(self, rows: Iterable[LabelRow]) -> Iterator[str]:
        return self._stored.keys()


@dataclass(frozen=True)
class ShadowWork:
    """A shadow run."""

    table: LabelTable | StoredLabels
    """The session's own rows where it is gone on with by its name alone."""
    classifier: Classifier
    client: ModelClient | None
    settings: ShadowSettings
    origin: Mapping[str, Any]
    """What is written down for going on."""

    @property
    def is_given(self) -> bool:
        """Whether there is a table."""
        return isinstance(self.table, LabelTable)

    def whole(self) -> ShadowJob:
        """Return the classification of the whole table."""
        return self._whole

    @cached_property
    def _whole(self) -> ShadowJob:
        # Once: it goes through the table, and says what is odd about it.
        if isinstance(self.table, LabelTable):
            return ShadowJob(self.table, self.classifier, settings=self.settings, origin=self.origin)
        return ShardShadowJob(self.table, self.classifier, settings=self.settings)

    def cutter(self) -> Cutter:
        """Return what cuts the table."""
        return Cutter(self._pairs)

    def _pairs(self) -> Pairs:
        for record in self.whole().records():
            shown: ReadRow = record.payload
            yield record, asdict(shown.row)

    def as_it_is(self, cutter: Cutter, folder: Path, told: Callable[[int], None]) -> Cut | None:
        """Return that a table is cut."""
        return None

    def lay_beside(self, cutter: Cutter, folder: Path, store: SessionStore, earlier: SessionPaths | None) -> None:
        """Write what the table says of itself."""
        table = self.table
        told = {
            "name": table.name,
            "where": table.where,
            "folder": table.folder and str(table.folder),
            "context": [name for _, name in table.layout.context],
        }
        LOCAL.write(child(folder, LABELS), encode(told))

    def orders(self) -> Mapping[str, Any]:
        """Return the settings, with what is answered and sent along as the whole table has it."""
        job = self.whole()
        return {"shadow": self.settings.model_copy(update={"classes": job.classes, "context": job.context})}
