"""Upload a feed, choose, start: the whole audit as one widget.

- `app`: the app: what its buttons set going, and what is shown of it
- `boxes`/: the widgets of the app
- `choices`: what somebody chose in the form, and what it means for an audit
- `downloads`: files to take away, as links that work in every page that shows widgets
- `feeds`: what somebody gave as a feed, and what the reader makes of it: all that is known before an audit starts
- `render`: what the app shows, as static HTML: sentences, the preview, the estimate, the results
"""

from __future__ import annotations

import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedeval.app.app import App


def app(output_dir: str | Path = "output", *, places: bool = True) -> App:
    """Return the app: the whole audit for someone who writes no code, in a notebook or served by Voilà.

    A process has one of them a folder: a cell that is run again shows the audit that goes on.

    Args:
        output_dir: Folder of the sessions; made when the first audit starts.
        places: Let a feed be named by its path or address, and an endpoint by its address. Switch it off where
            strangers use the page: they could reach files and servers that only the machine of the page can reach.
    """
    # Imported where it is needed: whoever writes code has no use for the widgets.
    from feedeval.app.app import App

    key = (Path(output_dir).resolve(), places)
    with _apps_lock:
        made = _apps.get(key)
        if made is None:
            made = _apps[key] = App(Path(output_dir), places=places)
        return made


_apps: weakref.WeakValueDictionary[tuple[Path, bool], App] = weakref.WeakValueDictionary()
_apps_lock = threading.Lock()
