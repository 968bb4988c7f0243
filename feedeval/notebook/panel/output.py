"""Outputs of notebook cells that are changed later, by any thread.

A notebook keeps the last bundle of an output when it is saved. An output that is shown under a display id can be given
a new bundle as long as the page knows it, so that what is saved is the last state and not the first.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from typing import Any

Bundle = dict[str, Any]
"""Contents of an output by MIME type."""
NOTHING: Bundle = {"text/html": "", "text/plain": ""}


def kernel_shell() -> Any | None:
    """Return IPython's shell if this is a Jupyter kernel, else None. Imports nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None


class Output:
    """One place on a page: the output of the cell that is being executed when it is shown.

    Args:
        bundle: What to show first.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._id = uuid.uuid4().hex
        _publish(bundle, self._id)

    def change(self, bundle: Bundle) -> None:
        """Show `bundle` instead, on the page and in what is saved."""
        _publish(bundle, self._id, update=True)


def _publish(bundle: Bundle, display_id: str, *, update: bool = False) -> None:
    from IPython.display import publish_display_data

    publish: Callable[..., None] = publish_display_data
    publish(bundle, transient={"display_id": display_id}, update=update)
