"""The folders that may be read, and nothing beyond them."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedeval.assistant.places import Places
from feedeval.errors import InputError


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "secret.csv").write_text("id,title\nKEY,sk-secret\n")
    shop = tmp_path / "shop"
    (shop / "feeds").mkdir(parents=True)
    (shop / "feeds" / "feed.csv").write_text("id,title\n1,Kettle\n")
    (shop / ".env").write_text("KEY=sk-secret\n")
    (shop / ".git").mkdir()
    (shop / ".git" / "config.csv").write_text("id,title\n")
    (shop / "out.csv").symlink_to(tmp_path / "secret.csv")
    (shop / "up").symlink_to(tmp_path)
    (shop / "inner.csv").symlink_to(shop / "feeds" / "feed.csv")
    (tmp_path / "shop-two").mkdir()
    (tmp_path / "shop-two" / "feed.csv").write_text("id,title\n")
    return Places([shop])


def test_a_file_inside_is_found_by_either_name(places: Places) -> None:
    feed = places.folders[0] / "feeds" / "feed.csv"
    for name in ("feeds/feed.csv", str(feed), "./feeds/feed.csv", "inner.csv"):
        assert places.file(name) == feed
    assert places.short(feed) == "feeds/feed.csv"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.csv",
        "feeds/../../secret.csv",
        "feeds/..",
        "..\\secret.csv",
        "/etc/passwd",
        "/etc/there-is-no-such-file",
        "{outside}/secret.csv",
        "{outside}/shop-two/feed.csv",
        "out.csv",
        "up/secret.csv",
        ".env",
        ".git/config.csv",
        "~/feed.csv",
        "feeds",
        "none.csv",
        "",
        "feed.csv\0.xml",
        "http://127.0.0.1:9/feed.csv",
        "HTTPS://shop.example/feed.csv",
        "file:///etc/passwd",
        "ftp://shop.example/feed.csv",
        "//host/share/feed.csv",
        "\\\\host\\share\\feed.csv",
        "data:text/csv,id",
        "/proc/self/environ",
        "/dev/stdin",
        "x" * 5_000,
    ],
)
def test_all_else_is_refused(places: Places, name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        places.file(name.replace("{outside}", str(tmp_path)))
    assert "sk-secret" not in str(caught.value) and len(str(caught.value)) < 400


def test_nothing_is_said_of_whether_something_outside_is_there(places: Places, tmp_path: Path) -> None:
    said = set()
    for name in ("secret.csv", "none.csv"):
        with pytest.raises(InputError) as caught:
            places.file(str(tmp_path / name))
        said.add(str(caught.value).replace(name, ""))
    assert len(said) == 1


def test_feeds_are_listed_without_what_is_hidden_or_leads_outside(places: Places) -> None:
    assert [places.short(path) for path in places.feeds()] == ["inner.csv", "feeds/feed.csv"]


def test_a_pipe_is_no_file(places: Places) -> None:
    import os

    os.mkfifo(places.folders[0] / "pipe.csv")
    with pytest.raises(InputError, match="no file"):
        places.file("pipe.csv")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        Places([tmp_path / "none"])
