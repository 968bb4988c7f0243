"""Upload a feed, choose, start: the whole audit as one widget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedeval.app.desk import App


def app(output_dir: str | Path = "output", *, places: bool = True) -> App:
    """Return the app: the whole audit for someone who writes no code, in a notebook or served by Voilà.

    Args:
        output_dir: Folder of the sessions; made when the first audit starts.
        places: Let a feed be named by its path or address, and an endpoint by its address. Switch it off where
            strangers use the page: they could reach files and servers that only the machine of the page can reach.
    """
    # Imported where it is needed: whoever writes code has no use for the widgets.
    from feedeval.app.desk import App

    return App(Path(output_dir), places=places)
