"""Which way of showing a run suits the place where it runs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from feedeval.errors import InputError
from feedeval.notebook.panel.html_reporter import HtmlReporter
from feedeval.notebook.panel.output import kernel_shell
from feedeval.notebook.panel.reporter import PanelReporter
from feedeval.run.progress import Reporter
from feedeval.run.reporters import choose_reporter

WAYS = ("widgets", "html", "tqdm", "text", "none")


def reporters_for(progress: str | None = None, *, blocking: bool = False) -> Sequence[Reporter]:
    """Return the reporters for `progress`.

    Args:
        progress: One of `WAYS`; None means widgets in a Jupyter kernel, elsewhere a line that is redrawn on a terminal,
            else a line every 10 % or 30 s.
        blocking: The call that starts the run waits for its end, so the panel has to be shown when the run starts; else
            displaying the run shows it.

    Raises:
        InputError: `progress` is not known, or asks for a page where there is none.
    """
    in_kernel = kernel_shell() is not None
    if progress is None and in_kernel:
        progress = "widgets" if find_spec("ipywidgets") is not None else "html"
    if progress in ("widgets", "html") and not in_kernel:
        raise InputError(f'progress={progress!r} needs a notebook; choose "tqdm", "text", "none" or None here.')
    if progress == "widgets":
        return (PanelReporter(show=blocking),)
    if progress == "html":
        return (HtmlReporter(),)
    if progress is not None and progress not in WAYS:
        raise InputError(f"progress={progress!r} is not known; choose one of {', '.join(WAYS)}, or None.")
    return choose_reporter(progress)
