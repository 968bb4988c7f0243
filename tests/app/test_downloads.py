from __future__ import annotations

import base64
import io
import os
import re
import zipfile
from pathlib import Path

from feedeval.app.downloads import LINK_BYTES, offered


def linked(html: str) -> tuple[str, bytes]:
    """The name and the content of the file that a link saves."""
    found = re.search(r'download="([^"]*)" href="data:[^"]*;base64,([^"]*)"', html)
    assert found is not None, html[:300]
    return found[1], base64.b64decode(found[2])


def test_a_small_file_is_in_its_link(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n")
    html = offered(path, "Save the table")
    assert linked(html) == ("results.csv", path.read_bytes())
    assert str(path) in html


def test_a_larger_file_is_compressed(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(b"all the same,\n" * (LINK_BYTES // 10))
    name, content = linked(offered(path, "Save the table"))
    assert name == "results.zip"
    assert zipfile.ZipFile(io.BytesIO(content)).read("results.csv") == path.read_bytes()


def test_what_is_too_large_for_a_link_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "<b>results.csv"
    path.write_bytes(os.urandom(LINK_BYTES + 100_000))
    html = offered(path, "Save the table")
    assert "href" not in html
    assert "&lt;b&gt;results.csv" in html
    assert "5.1 MB" in html
