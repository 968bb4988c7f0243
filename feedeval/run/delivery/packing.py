"""Requests into parts, as large as they may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from feedeval.records.delivery import Letter, Part


@dataclass(frozen=True, slots=True)
class Limits:
    """What a part may hold at most; None: there is no limit."""

    requests: int
    size_bytes: int
    tokens: int | None = None
    most_usd: float | None = None


@dataclass(slots=True)
class Package:
    """A part that is being filled."""

    lines: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    tokens: int = 0
    most_usd: float | None = 0.0
    batches: list[tuple[int, int]] = field(default_factory=list)

    def add(self, batch_number: int, letter: Letter) -> None:
        """Take one request in."""
        self.lines.append(letter.line)
        self.size_bytes += len(letter.line) + 1
        self.tokens += letter.tokens
        self.most_usd = None if self.most_usd is None or letter.most_usd is None else self.most_usd + letter.most_usd
        if self.batches and self.batches[-1][0] == batch_number:
            self.batches[-1] = (batch_number, self.batches[-1][1] + 1)
        else:
            self.batches.append((batch_number, 1))

    def fits(self, letter: Letter, limits: Limits) -> bool:
        """Say whether one more request stays within the limits; the first always does."""
        if not self.lines:
            return True
        usd = (self.most_usd or 0.0) + (letter.most_usd or 0.0)
        return (
            len(self.lines) < limits.requests
            and self.size_bytes + len(letter.line) + 1 <= limits.size_bytes
            and (limits.tokens is None or self.tokens + letter.tokens <= limits.tokens)
            and (limits.most_usd is None or usd <= limits.most_usd)
        )

    @property
    def data(self) -> bytes:
        """The content of the part's file."""
        return b"\n".join([*self.lines, b""])

    def part(self, number: int) -> Part:
        """Return the entry of the part."""
        return Part(
            number=number,
            requests=len(self.lines),
            size_bytes=self.size_bytes,
            tokens=self.tokens,
            most_usd=self.most_usd,
            batches=tuple(self.batches),
        )
