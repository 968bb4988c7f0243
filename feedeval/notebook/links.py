"""Files to take away, as links that work in every page that shows widgets."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

from feedeval.html import Markup, escape

LINK_BYTES = 5_000_000
"""Most bytes of a file that a link holds: browsers take addresses of 32 MB and more, but the page has to stay light."""
_PACKED_BYTES = 20 * LINK_BYTES
"""Larger files are not even tried to be compressed to that."""
_TYPES = {
    ".csv": "text/csv;charset=utf-8",
    ".html": "text/html;charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


def offered(path: Path, what: str) -> Markup:
    """Return a link that saves a file, and where it lies on the machine that runs the kernel.

    Neither Jupyter's page nor Voilà's can be relied on to serve the output folder, so the link holds the file itself;
    one that is too large is compressed, and one that is too large even so is named by its path alone.
    """
    size = path.stat().st_size
    place = f'<span style="opacity:.72;overflow-wrap:anywhere">also at {escape(path.absolute())}</span>'
    if size <= LINK_BYTES:
        return Markup(f"<div>{_link(path.name, path.read_bytes(), what)} {place}</div>")
    packed = _zipped(path) if size <= _PACKED_BYTES else b""
    if packed and len(packed) <= LINK_BYTES:
        return Markup(f"<div>{_link(f'{path.stem}.zip', packed, what)} {place}</div>")
    return Markup(
        f"<div><b>{escape(what)}</b> ({megabytes(size)}) is too large for a link in the page. It lies on the machine "
        f"that runs this, at <code>{escape(path.absolute())}</code></div>"
    )


def megabytes(size: int) -> str:
    """Return a file's size for people."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{max(round(size / 1e3), 1):,} kB"


def _link(name: str, content: bytes, what: str) -> Markup:
    data = base64.b64encode(content).decode("ascii")
    kind = _TYPES.get(Path(name).suffix, "application/octet-stream")
    return Markup(
        f'<a download="{escape(name)}" href="data:{kind};base64,{data}" style="font-weight:600;'
        f'text-decoration:underline;color:var(--jp-content-link-color,#1976d2)">↓ {escape(what)}</a> '
        f"({escape(name)}, {megabytes(len(content))})"
    )


def _zipped(path: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    return buffer.getvalue()
