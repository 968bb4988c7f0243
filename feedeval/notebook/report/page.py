"""The page around a report: one HTML document that runs nothing and loads nothing, or one script that it names."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from feedeval.feed.tables import DATA
from feedeval.html import Markup, escape

# Whatever a browser makes of the page, it runs nothing and loads nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

Blocks = Sequence[tuple[str, str, Markup]]
"""Anchor, title and body of each section; those without a body are left out."""


def policy(script: str) -> str:
    """Return the policy of a page that runs one script and nothing else, and loads pictures by https alone."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return _POLICY.replace("img-src data:", f"img-src https: data:; script-src 'sha256-{digest}'")


def document(title: str, lead: tuple[Markup, Markup], blocks: Blocks, footer: str, *, script: str = "") -> str:
    """Return an HTML document.

    Args:
        title: Of the page.
        lead: What stands before and after the links to the sections.
        blocks: The sections.
        footer: The last line.
        script: The one script that the page may run; nothing in it may come from a feed.
    """
    head, summary = lead
    shown = [(anchor, heading, body) for anchor, heading, body in blocks if body]
    links = "".join(f'<a href="#{anchor}">{escape(heading)}</a>' for anchor, heading, _ in shown)
    body = "".join(f'<section id="{anchor}"><h2>{escape(name)}</h2>{part}</section>' for anchor, name, part in shown)
    style = (DATA / "report.css").read_text(encoding="utf-8")
    code = f"<script>{script}</script>" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(script) if script else _POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f"{head}<nav>{links}</nav>{summary}{body}<footer>{escape(footer)}</footer>{code}</body></html>\n"
    )
