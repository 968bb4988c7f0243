"""Where the answer to a question stands."""

from __future__ import annotations

from enum import StrEnum


class Standing(StrEnum):
    """Where the answer to a question stands: in the feed, on the product's page, or nowhere."""

    FEED = "feed"
    PAGE = "page"
    CONTRADICTED = "contradicted"
    NOWHERE = "nowhere"
    UNREAD = "unread"

    @property
    def words(self) -> str:
        """What it says, as a person reads it."""
        return _WORDS[self]


_WORDS = {
    Standing.FEED: "answered in the feed",
    Standing.PAGE: "answered on the page alone",
    Standing.CONTRADICTED: "contradicted",
    Standing.NOWHERE: "nowhere",
    Standing.UNREAD: "page not read",
}
