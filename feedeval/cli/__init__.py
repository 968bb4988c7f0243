"""The same from a terminal: `feedeval run feed.xml` and its companions."""

from feedeval.cli.main import main

__all__ = ["main"]
