"""One page as a witness: what its data, its words and its pictures say of the products that link to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from feedeval.feed.pages.structured import Offered, structured
from feedeval.feed.pages.turned_away import Turned, shown_first, turned_away
from feedeval.feed.pages.visible import canonical_of, html_text, not_too_deep, pictures_of, text_of, title_of


@dataclass(frozen=True, slots=True)
class Page:
    """What is known of the page behind one link."""

    link: str
    """As the feed has it; empty where a saved page was found by its product's id."""
    final_url: str = ""
    """Where redirects led."""
    status: int = 0
    """HTTP status; 0 where there was no answer, and for saved pages."""
    fetched: str = ""
    """When, in ISO 8601 (UTC); empty for pages that were given."""
    title: str = ""
    text: str = ""
    """The visible text of the main part, a line a block."""
    structured: tuple[Offered, ...] = ()
    canonical: str = ""
    """The address that its canonical link names."""
    pictures: tuple[str, ...] = ()
    problem: str = ""
    """Why there is no page, as a sentence; empty where there is one."""
    notes: tuple[str, ...] = field(default=())
    """What could not be read of it."""
    says_gone: bool = False
    """It says in words that there is no such product."""

    @property
    def is_read(self) -> bool:
        """Whether there is a page that says something."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Stored:
    """A page as it came, before anything was read of it."""

    link: str
    content: bytes | str = b""
    content_type: str = ""
    final_url: str = ""
    status: int = 0
    fetched: str = ""
    problem: str = ""
    cut: bool = False
    """It is longer than what was kept."""
    passing: bool = False
    """The problem may pass: the page is worth another try."""


def read(stored: Stored) -> Page:
    """Read a page: never runs what is in it, and takes the text of whoever wrote it for text."""
    # Loaded here: only who reads pages waits for it.
    from selectolax.lexbor import LexborHTMLParser

    where = stored.final_url or stored.link
    if stored.problem:
        return Page(stored.link, where, stored.status, stored.fetched, problem=stored.problem)
    content = stored.content
    html = content if isinstance(content, str) else html_text(content, stored.content_type)
    shallow = not_too_deep(html)
    tree = LexborHTMLParser(shallow)
    notes = ["the page is longer than what was read of it"] if stored.cut or shallow is not html else []
    offered = tuple(structured(tree, notes))
    canonical, _ = canonical_of(tree, where)
    pictures, title = tuple(pictures_of(tree, where)), title_of(tree)
    shown = shown_first(tree)
    text = text_of(tree)
    problem = "" if text or offered else "the page is empty"
    turned = turned_away(shown, text, offered)
    if turned is not None:
        problem = turned[1]
    return Page(
        link=stored.link,
        final_url=where,
        status=stored.status,
        fetched=stored.fetched,
        title=title,
        text=text,
        structured=offered,
        canonical=canonical,
        pictures=pictures,
        problem=problem,
        notes=tuple(notes),
        says_gone=turned is not None and turned[0] is Turned.GONE,
    )
