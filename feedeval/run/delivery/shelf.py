"""The parts of a session as they stand, on disk and where the run is shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from feedeval.records.delivery import Part, PartState
from feedeval.run.context import RunContext
from feedeval.run.delivery.packing import Package
from feedeval.storage.parts import PartFiles, hashes_in


class Shelf:
    """All parts of a run's session.

    Args:
        context: The run.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self.files = PartFiles(context.store.paths, context.store)
        self._parts: dict[int, Part] = {}
        self._last_number = 0
        self.most_tokens: int | None = context.settings.part_tokens
        """What a part may hold, as far as it was said or found out."""

    def load(self) -> list[int]:
        """Read what is on disk; return the numbers of files that have no entry."""
        parts, self._last_number, found = self.files.load()
        self._parts = {part.number: part for part in parts}
        if self.most_tokens is None:
            self.most_tokens = found
        self.show()
        strays = []
        for number in self.files.numbers():
            if number not in self._parts:
                strays.append(number)
            elif self._parts[number].state is PartState.ENDED:
                # Its entry was written, and then the process died.
                self.files.remove(number)
        return strays

    def __iter__(self) -> Iterator[Part]:
        return iter(list(self._parts.values()))

    def __getitem__(self, number: int) -> Part:
        return self._parts[number]

    @property
    def out(self) -> list[Part]:
        """Those that the endpoint works on."""
        return [part for part in self if part.is_out]

    @property
    def unsent(self) -> list[Part]:
        """Those that wait to be sent."""
        return [part for part in self if part.state in (PartState.WRITTEN, PartState.UPLOADED)]

    def add(self, package: Package) -> Part:
        """Put a part down: its file first, then its entry."""
        part = package.part(self._last_number + 1)
        self.files.write(part.number, package.data)
        return self.put(part)

    def put(self, part: Part) -> Part:
        """Write an entry down, and show it."""
        self._parts[part.number] = part
        self._last_number = max(self._last_number, part.number)
        self._save()
        return part

    def change(self, part: Part, **changes: Any) -> Part:
        """Write down what has changed."""
        changed = self._parts[part.number].model_copy(update=changes)
        return part if changed == self._parts[part.number] else self.put(changed)

    def drop(self, part: Part) -> None:
        """Forget a part that was never sent."""
        del self._parts[part.number]
        self._save()
        self.files.remove(part.number)

    def remember_room(self, most_tokens: int) -> None:
        """Write down how many tokens a part may have."""
        self.most_tokens = most_tokens
        self._save()

    def where(self, part: Part) -> dict[str, int]:
        """Return the requests of a part that has not ended, each with the batch that it belongs to."""
        numbers = (number for batch, count in part.batches for number in repeat(batch, count))
        return dict(zip(hashes_in(self.files.read(part.number)), numbers, strict=True))

    def spoken_for(self) -> set[str]:
        """Return the requests that are not to be sent: they are in a part, or are to be asked live."""
        hashes: set[str] = set()
        for part in self:
            hashes.update(part.live if part.state is PartState.ENDED else hashes_in(self.files.read(part.number)))
        return hashes

    def _save(self) -> None:
        self.files.save(self._parts.values(), self._last_number, self.most_tokens)
        self.show()

    def show(self) -> None:
        """Let whoever shows the run know."""
        state = self._context.state
        with state.lock:
            state.parts = tuple(self._parts.values())
        self._context.reporter_thread.touch()
