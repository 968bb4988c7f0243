"""Sentences of the app that stand for themselves: what closing the page does, and how far an audit came."""

from __future__ import annotations

from feedeval.formatting import counted
from feedeval.results.session import Session

GOES_ON = (
    "You can work on in other cells, or close the page: the audit goes on for as long as the kernel runs, and this app "
    "finds it again."
)
SO_FAR = "These are the results so far; “Start the audit” goes on from here."
# Voilà's own request to end the kernel of a page that is closed is refused by the server; `notebooks/voila.json` ends
# kernels that neither a page nor an audit needs.
GOES_ON_IN_VOILA = (
    "You can close this page: what was started goes on to its end, and the page finds it again when it is opened. To "
    "end it sooner, press Stop. An audit that needs you (a key, a budget) while no page is open is saved and stopped."
)
WITHOUT_PAGE = (
    "The feedeval app: upload a feed, choose, start, download the results. It needs a notebook or Voilà with a running "
    "kernel; if nothing else appears here, run this cell again."
)


def through(session: Session) -> str:
    """Return that an audit is finished, and what failed of it."""
    failed = session.progress.counts.failed
    if not failed:
        return "All products are audited."
    again = "“Retry failed” in the panel tries again"
    return f"All products were tried; {counted(failed, 'product')} failed, and {again}."
