"""One self-contained HTML file about a session, to send to a client."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.spec import DATA
from feedeval.html import escape
from feedeval.notebook import report_findings as findings
from feedeval.notebook import report_sections as sections
from feedeval.notebook.report_parts import Material
from feedeval.notebook.report_products import worst_products
from feedeval.results.session import Session
from feedeval.run.atomic import write_atomic

SUFFIXES = (".html", ".htm")

# Whatever a browser makes of the page, it runs nothing and loads nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def report(session: Session, path: str | Path = "report.html", *, feed: Any = None, check: bool = True) -> Path:
    """Write a report of an audit: summary, plots, products to work on, what to add, findings.

    The file needs nothing but itself: style and pictures are inside, it runs no script and loads nothing, reads well in
    light and dark, on a phone and on paper. Everything that comes from the feed is shown as text.

    Args:
        session: The session; a report of one that is still going on says so.
        path: Where to write; a file that is there is replaced, whole or not at all.
        feed: The feed, to be checked without a model; None: read again from where it came.
        check: Whether to check the feed; without it the report has no findings.

    Returns:
        The path.

    Raises:
        InputError: The session is no audit, or the path is not that of an HTML file.
        StorageError: The file cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES or target.is_dir():
        raise InputError(f"{target}: a report is an HTML file; give a name that ends in .html")
    if not session.is_audit:
        raise InputError(f"session {session.id} is of the kind {session.progress.kind}: a report tells of a feed audit")
    checked = findings.check_again(session, feed) if check else findings.Checked(None, "The feed was not checked.")
    write_atomic(target, page(Material.of(session), checked).encode("utf-8", "replace"))
    return target


def page(material: Material, checked: findings.Checked, *, now: datetime | None = None) -> str:
    """Return the report as an HTML document.

    Args:
        material: What the session holds.
        checked: What checking the feed without a model found.
        now: The moment that stands under the report; None takes the present.
    """
    blocks = [
        ("coverage", "How much the feed answers", sections.coverage(material)),
        ("add", "What to add", sections.what_to_add(material)),
        ("first", "Products to work on first", worst_products(material)),
        ("findings", "What destinations would object to", findings.section(checked)),
        ("run", "How the audit ran", sections.run(material)),
        ("reading", "How to read the scores", sections.how_to_read(material)),
    ]
    shown = [(anchor, title, body) for anchor, title, body in blocks if body]
    links = "".join(f'<a href="#{anchor}">{escape(title)}</a>' for anchor, title, _ in shown)
    body = "".join(f'<section id="{anchor}"><h2>{escape(title)}</h2>{part}</section>' for anchor, title, part in shown)
    style = (DATA.parent / "report.css").read_text(encoding="utf-8")
    made = (now or datetime.now(UTC)).astimezone(UTC)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">'
        f"<title>{escape(sections.title(material))}</title><style>{style}</style></head><body>"
        f"{sections.head(material)}<nav>{links}</nav>{sections.summary(material)}{body}"
        f"<footer>Made with feedeval {escape(material.session.progress.feedeval_version)} from session "
        f"{escape(material.session.id)} on {made:%d %B %Y, %H:%M} UTC.</footer></body></html>\n"
    )
