"""One self-contained HTML file about a session or a comparison, to send to a client."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.html import Markup
from feedeval.notebook.report import findings, listing, sections
from feedeval.notebook.report.compare import comparison_page
from feedeval.notebook.report.page import document
from feedeval.notebook.report.parts import Material
from feedeval.notebook.report.products import worst_products
from feedeval.results.certify.certified import Certified
from feedeval.results.compare.comparison import Comparison
from feedeval.results.session import Session
from feedeval.storage.atomic import write_atomic

SUFFIXES = (".html", ".htm")


def report(
    about: Session | Comparison,
    path: str | Path = "report.html",
    *,
    feed: Any = None,
    check: bool = True,
    interactive: bool = False,
    certified: Certified | None = None,
) -> Path:
    """Write a report of an audit (result, what to do first, findings, products, questions) or of a comparison.

    The file needs nothing but itself: it runs no script and loads nothing, reads well in light and dark, on a phone and
    on paper. Everything that comes from the feed is shown as text.

    Args:
        about: The session, or what `compare` returned; a report of an audit that is still going on says so.
        path: Where to write; a file that is there is replaced, whole or not at all.
        feed: The feed of the session, to be checked without a model; None: read again from where it came.
        check: Whether to check the feed; without it the report has no findings. A comparison has none.
        interactive: Put all products (of a long feed the 20,000 with the lowest coverage) into a table that is
            searched, filtered by what is to be done, and sorted, and show their pictures. The page then runs one
            script, its own, and loads pictures from the addresses that the feed names; mail programs refuse such files.
            A comparison has no such table.
        certified: What `certify` returned for the session: its figure stands at the top and is explained at the end.

    Returns:
        The path.

    Raises:
        InputError: The session is no audit, the path is not that of an HTML file, or `certified` is of something else.
        StorageError: The file cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES or target.is_dir():
        raise InputError(f"{target}: a report is an HTML file; give a name that ends in .html")
    if certified is not None and (isinstance(about, Comparison) or certified.session != about.id):
        raise InputError(f"certified= is of session {certified.session}: give the session that it is of")
    if isinstance(about, Comparison):
        made = comparison_page(about, now=datetime.now(UTC))
    elif about.is_audit:
        checked = findings.check_again(about, feed) if check else findings.Checked(None, "The feed was not checked.")
        return write_report(Material.of(about, certified), checked, target, interactive=interactive)
    else:
        raise InputError(f"session {about.id} is of the kind {about.progress.kind}: a report tells of a feed audit")
    write_atomic(target, made.encode("utf-8", "replace"))
    return target


def write_report(material: Material, checked: findings.Checked, target: Path, *, interactive: bool = False) -> Path:
    """Write the report of an audit whose feed has been checked already, and return its path.

    Args:
        material: What the session holds.
        checked: What checking the feed without a model found.
        target: Where to write.
        interactive: With all products in a table that is searched.
    """
    made = page(material, checked, interactive=interactive)
    write_atomic(target, made.encode("utf-8", "replace"))
    return target


def page(
    material: Material, checked: findings.Checked, *, interactive: bool = False, now: datetime | None = None
) -> str:
    """Return the report as an HTML document.

    Args:
        material: What the session holds.
        checked: What checking the feed without a model found.
        interactive: With all products in a table that is searched.
        now: The moment that stands under the report; None takes the present.
    """
    shown = listing.products(material, interactive=interactive)
    blocks = [
        ("actions", "What to do first", sections.what_to_do(material, checked)),
        ("findings", checked.heading, findings.section(checked)),
        ("products", "Products, worst first", Markup(shown + worst_products(material)) if shown else shown),
        ("questions", "How much the feed answers", sections.questions(material)),
        ("run", "How the audit ran", sections.run(material)),
        ("reading", "How to read the scores", sections.how_to_read(material)),
    ]
    made = (now or datetime.now(UTC)).astimezone(UTC)
    footer = f"Made with feedeval {material.session.progress.feedeval_version} on {made:%d %B %Y, %H:%M} UTC."
    script = listing.script() if interactive and shown else ""
    lead = (sections.head(material, checked), Markup(""))
    return document(sections.title(material), lead, blocks, footer, script=script)
