"""What is reported: findings, where they were found, and the checks that were made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.checks.findings import PRACTICE, Check, Severity, checks
from feedeval.feed.parsing.sources import shown_address

_OF_PAGES = "page_"
"""How the checks begin that need a landing page."""
_OF_PICTURES = frozenset({"image_unreachable", "image_too_small", "image_too_large", "images_sampled"})
"""Checks that are made where pictures are looked at alone."""


@dataclass(frozen=True, slots=True)
class Report:
    """Findings of one feed, to be written for a machine."""

    findings: pd.DataFrame
    """Of `check_feed` or `check_pages`."""
    feed: str
    """As it was named: a path or an address."""
    found_by: str
    """The command: `check` or `pages`."""
    fails_from: str
    """The mildest severity that counts as failed."""

    @property
    def targets(self) -> list[str]:
        """The destinations that were checked, and "" for good practice, which is no destination's rule."""
        return [*self.findings.attrs["feedeval"]["targets"], ""]

    @property
    def rules(self) -> list[Check]:
        """All checks of the command, whether they found anything or not, in the order of the catalogue."""
        of_pages = self.found_by == "pages"
        return [check for check in checks().values() if check.name.startswith(_OF_PAGES) is of_pages]

    def made_for(self, target: str) -> list[Check]:
        """Return the checks that are shown for a destination: those with findings, and those that found nothing."""
        found = set(self.findings.loc[self.findings["target"] == target, "check"])
        practice = not target
        return [
            check
            for check in self.rules
            if check.name in found or ((check.source == PRACTICE) is practice and check.name not in _OF_PICTURES)
        ]

    def fails(self, severity: str) -> bool:
        """Whether a severity is at least as grave as the mildest that counts as failed."""
        order = [known.value for known in Severity]
        return order.index(severity) <= order.index(self.fails_from)

    @property
    def uri(self) -> str:
        """The feed as a URI: relative to the current folder, which is the root of the repository in a pipeline."""
        if self.feed.lower().startswith(("http://", "https://")):
            return quote(shown_address(self.feed), safe=":/?&=%@,;~+")
        path = Path(self.feed).expanduser().resolve()
        try:
            return quote(path.relative_to(Path.cwd().resolve()).as_posix())
        except ValueError:
            return path.as_uri()


def file_to_write(name: str) -> Path:
    """Return a file to write.

    Raises:
        InputError: Its folder is not there.
    """
    target = Path(name)
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is not a folder: make it first")
    return target
