"""Images as a classifier gets them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from feedeval.errors import BadImage
from feedeval.jobs.shadow.pictures import data_of_uri, local_image, picture_of

ORIENTATION = 0x0112


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def seen(data: bytes, max_side: int = 1024) -> Image.Image:
    """Return what a classifier sees."""
    return Image.open(io.BytesIO(picture_of(data, max_side).data))


def test_an_image_lying_on_its_side_is_turned_upright() -> None:
    image = Image.new("RGB", (60, 30), "white")
    image.paste("red", (0, 0, 30, 30))
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned by 90 degrees clockwise
    shown = seen(file_of(image, "JPEG", exif=exif, quality=95))
    red, blue_of_white = shown.convert("RGB").getpixel((15, 10)), shown.convert("RGB").getpixel((15, 50))
    assert shown.size == (30, 60) and red[0] > 200 > 60 > red[2] and blue_of_white[2] > 200  # type: ignore[index]
    assert not shown.getexif()


def test_where_it_was_taken_is_not_sent_along() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (TiffImagePlugin.IFDRational(50), TiffImagePlugin.IFDRational(6), 0)
    exif[0x010F] = "SecretCamera"
    data = file_of(Image.new("RGB", (20, 20)), "JPEG", exif=exif, comment=b"private words")
    assert b"SecretCamera" in data
    sent = picture_of(data, 1024).data
    assert b"SecretCamera" not in sent and b"private words" not in sent and b"Exif" not in sent


@pytest.mark.parametrize(("size", "shrunk"), [((400, 100), (64, 16)), ((100, 400), (16, 64)), ((64, 10), (64, 10))])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_large_images_are_shrunk_to_the_longest_side(size: tuple[int, int], shrunk: tuple[int, int], kind: str) -> None:
    picture = picture_of(file_of(Image.new("RGB", size, "blue"), kind), 64)
    assert (picture.width, picture.height) == shrunk
    assert picture.data_uri.startswith(f"data:{picture.media_type};base64,")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_images_stand_on_white(mode: str) -> None:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (5, 5, 15, 15))
    shown = seen(file_of(image.convert(mode) if mode != "P" else image.quantize(4)))
    assert shown.mode == "RGB" and shown.getpixel((0, 0)) == (255, 255, 255) != shown.getpixel((10, 10))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_transparency_is_kept_where_that_is_wanted(kind: str) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (100, 100, 300, 300))
    picture = picture_of(file_of(image, kind), 100, on_white=False)
    shown = Image.open(io.BytesIO(picture.data))
    assert picture.media_type == "image/png" and shown.size == (100, 100)
    assert shown.getpixel((5, 5))[3] == 0 and shown.getpixel((50, 50)) == (255, 255, 255, 255)  # type: ignore[index]
    opaque = picture_of(file_of(Image.new("RGB", (20, 20))), 100, on_white=False)
    assert Image.open(io.BytesIO(opaque.data)).mode == "RGB"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_that_is_promised_is_read_and_sent_as_jpeg_or_png(kind: str) -> None:
    picture = picture_of(file_of(Image.new("RGB", (32, 24), (10, 200, 30)), kind), 1024)
    assert picture.media_type == ("image/png" if kind in ("PNG", "GIF", "BMP") else "image/jpeg")
    red, green, blue = seen(picture.data).getpixel((5, 5))  # type: ignore[misc]
    assert abs(red - 10) < 6 and abs(green - 200) < 6 and abs(blue - 30) < 6


@pytest.mark.parametrize("mode", ["1", "L", "CMYK"])
def test_unusual_kinds_of_pixels_are_read(mode: str) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert seen(file_of(Image.new(mode, (20, 20), 0), kind)).mode == "RGB"


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF")])
def test_grey_of_sixteen_bits_stays_the_grey_it_is(mode: str, kind: str) -> None:
    image = Image.new(mode, (20, 20), 100 * 257)
    red, green, blue = seen(file_of(image, kind)).getpixel((10, 10))  # type: ignore[misc]
    assert red == green == blue and abs(red - 100) < 3


@pytest.mark.parametrize("mode", ["I", "F"])
def test_values_without_a_range_are_refused(mode: str) -> None:
    with pytest.raises(BadImage, match="32 bits"):
        picture_of(file_of(Image.new(mode, (20, 20), 7), "TIFF"), 1024)


def test_a_photograph_that_would_be_large_as_png_is_sent_as_jpeg() -> None:
    noise = Image.effect_noise((1000, 1000), 90).convert("RGB")
    picture = picture_of(file_of(noise), 1024)
    assert picture.media_type == "image/jpeg" and len(picture.data) < 1_000_000


def test_the_same_image_is_sent_the_same() -> None:
    data = file_of(Image.effect_noise((300, 200), 50), "JPEG")
    assert picture_of(data, 128) == picture_of(data, 128)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF"])
def test_damaged_files_are_refused_and_raise_nothing_else(kind: str) -> None:
    whole = file_of(Image.effect_noise((64, 64), 60).convert("RGB"), kind)
    refused = 0
    for start in range(0, len(whole), max(len(whole) // 40, 1)):
        for damaged in (whole[:start], whole[:start] + b"\xff\x00\xaa\x55" + whole[start + 4 :]):
            try:
                picture_of(damaged, 128)
            except BadImage as exc:
                refused += 1
                assert str(exc)
    assert refused >= 10


def test_paths_stay_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"x")
    (tmp_path / "secret.png").write_bytes(b"x")
    (folder / "inside").symlink_to(folder / "a.png")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "sub" / "b.png").write_bytes(b"x")
    (folder / "c\\d.png").write_bytes(b"x")
    assert local_image(folder, "sub/../a.png") == local_image(folder, "inside") == (folder / "a.png").resolve()
    assert local_image(folder, str(folder / "a.png")) == local_image(folder, "a.png")
    assert local_image(folder, "sub\\b.png") == (folder / "sub" / "b.png").resolve()
    assert local_image(folder, "c\\d.png") == (folder / "c\\d.png").resolve()
    for name in (
        "../secret.png",
        "..\\secret.png",
        str(tmp_path / "secret.png"),
        "sub/../../images/../secret.png",
        "loop",
        "a\0.png",
        "b.png",
    ):
        with pytest.raises(BadImage):
            local_image(folder, name)
    # Whether there is such a file outside is not told.
    with pytest.raises(BadImage) as there:
        local_image(folder, "../secret.png")
    with pytest.raises(BadImage) as not_there:
        local_image(folder, "../nosuch.png")
    assert str(there.value).replace("secret", "nosuch") == str(not_there.value)


@pytest.mark.parametrize(
    ("uri", "data"),
    [
        ("data:image/png;base64,QUJD", b"ABC"),
        ("DATA:IMAGE/PNG;charset=x;base64,QU\nJD", b"ABC"),
        ("data:image/png;base64,QUJD%3D".removesuffix("%3D"), b"ABC"),
        ("data:image/svg+xml,%41%42C", b"ABC"),
    ],
)
def test_data_uris_are_unpacked(uri: str, data: bytes) -> None:
    assert data_of_uri(uri) == data


@pytest.mark.parametrize("uri", ["data:image/png;base64", "data:,x", "data:text/plain,x", "data:image/png;base64,%%%"])
def test_data_uris_without_an_image_are_refused(uri: str) -> None:
    with pytest.raises(BadImage):
        data_of_uri(uri)
