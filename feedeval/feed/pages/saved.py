"""Pages that somebody saved: a folder of files, or a table or mapping of link to HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.pages.page import Stored
from feedeval.feed.pages.visible import canonical_of, html_text, not_too_deep
from feedeval.feed.spec import first_text
from feedeval.feed.text import clean_url

_ENDINGS = (".html", ".htm", ".xhtml")
_HTML_COLUMNS = ("html", "content", "page", "body", "source")


class Source(Protocol):
    """Where pages are."""

    def page(self, product_id: str, link: str) -> Stored | None:
        """Return the page of a product as it came; None where there is none."""

    def name(self, product_id: str, link: str) -> str:
        """Return what tells its page from those of others; products with the same name share one."""


class SavedFolder:
    """Pages in the files of a folder, found by the product's id as their name, or by the address that they name inside.

    Args:
        folder: Its `.html`, `.htm` and `.xhtml` files are pages, those of folders inside it too.
        max_mb: So much of a file is read.

    Raises:
        InputError: It is no folder, or holds no page.
    """

    def __init__(self, folder: str | Path, *, max_mb: float) -> None:
        root = Path(folder)
        if not root.is_dir():
            raise InputError(f"folder={str(folder)!r} is no folder of saved pages")
        self._max_bytes = int(max_mb * 1e6)
        files = sorted(path for path in root.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file())
        if not files:
            raise InputError(f"folder={str(folder)!r} holds no saved page (.html, .htm or .xhtml)")
        self._by_name = {path.stem.casefold(): path for path in reversed(files)}
        self._files = files
        self._by_address: dict[str, Path] | None = None

    def page(self, product_id: str, link: str) -> Stored | None:
        """Return the page of a product as it was saved."""
        path = self._find(product_id, link)
        return None if path is None else self._stored(path, link)

    def name(self, product_id: str, link: str) -> str:
        """Return the file, or nothing."""
        return str(self._find(product_id, link) or "")

    def _find(self, product_id: str, link: str) -> Path | None:
        for name in (product_id, file_name(product_id)):
            if name and name.casefold() in self._by_name:
                return self._by_name[name.casefold()]
        if not link:
            return None
        address = comparable(link)
        # The page of all variants names itself without the one that a link chooses.
        return self._addresses().get(address) or self._addresses().get(address.partition("?")[0].rstrip("/"))

    def _addresses(self) -> dict[str, Path]:
        if self._by_address is None:
            from selectolax.lexbor import LexborHTMLParser

            self._by_address = {}
            for path in self._files:
                tree = LexborHTMLParser(not_too_deep(html_text(self._read(path)[: self._max_bytes])))
                for address in canonical_of(tree, ""):
                    if address:
                        self._by_address.setdefault(comparable(address), path)
        return self._by_address

    def _stored(self, path: Path, link: str) -> Stored:
        content = self._read(path)
        return Stored(link, content[: self._max_bytes], final_url=link, cut=len(content) > self._max_bytes)

    def _read(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(self._max_bytes + 1)
        except OSError as error:
            raise InputError(f"the saved page {path} cannot be read: {error.strerror or error}") from error


def file_name(product_id: str) -> str:
    """Return a product's id as file systems take it."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in product_id)


def comparable(link: str) -> str:
    """Return an address so that scheme, tracking and a slash at its end do not matter."""
    address = clean_url(link).partition("#")[0]
    return address.partition("://")[2].rstrip("/").casefold() or address


class GivenPages:
    """Pages that the caller holds: a mapping of link, or id, to HTML, or a frame with the columns `link` and `html`.

    Raises:
        InputError: It is neither.
    """

    def __init__(self, pages: Mapping[str, str | bytes] | pd.DataFrame) -> None:
        pairs = _pairs(pages) if isinstance(pages, pd.DataFrame) else getattr(pages, "items", dict)()
        self._pages: dict[str, str | bytes] = {}
        for name, html in pairs:
            if not isinstance(html, str | bytes):
                raise InputError(f"pages[{name!r}] is of type {type(html).__name__}; give the HTML as text or bytes")
            self._pages[str(name)] = html
        if not self._pages:
            raise InputError("pages= holds no page; give a mapping of link to HTML, or a frame with link and html")
        self._by_link = {comparable(name): name for name in reversed(self._pages)}

    def page(self, product_id: str, link: str) -> Stored | None:
        """Return the page of a product."""
        name = self.name(product_id, link)
        return Stored(link, self._pages[name], final_url=link) if name else None

    def name(self, product_id: str, link: str) -> str:
        """Return the name that the page was given under, or nothing."""
        for name in (link, product_id):
            if name and name in self._pages:
                return name
        return self._by_link.get(comparable(link), "") if link else ""


def _pairs(pages: pd.DataFrame) -> Iterable[tuple[str, Any]]:
    name = next((column for column in ("link", "url", "id", "product_id") if column in pages), None)
    html = next((column for column in _HTML_COLUMNS if column in pages), None)
    if name is None or html is None:
        said = ", ".join(map(str, pages.columns[:8]))
        raise InputError(f"the frame of pages needs the columns link (or id) and html; it has {said}")
    return ((first_text(key), value) for key, value in zip(pages[name], pages[html], strict=True) if first_text(key))
