"""Images as a classifier gets them: checked, upright, of a bounded size, without metadata."""

from __future__ import annotations

import base64
import binascii
import io
import struct
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from feedeval.errors import BadImage
from feedeval.jobs.shadow.classifier import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_IMAGE_BYTES = 20_000_000
"""Largest file that is read as an image."""
MAX_PIXELS = 50_000_000
"""Largest image that is unpacked: a small file can hold a picture that fills the memory."""
LONGEST_SIDE = 4096
SHORTEST_SIDE = 16

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What is read, by Pillow's names; every further format is a decoder that a stranger's file can reach."""

_LOSSLESS = ("PNG", "GIF", "BMP")
"""Formats of drawings and screenshots, whose edges and colours JPEG would blur."""
_PNG_BYTES = 1_000_000
"""Above this size also a lossless image is sent as JPEG."""
_JPEG_QUALITY = 90
_WHITE = (255, 255, 255)


def picture_of(data: bytes, max_side: int, *, on_white: bool = True) -> Picture:
    """Return an image file as a classifier gets it.

    Args:
        data: The file's content.
        max_side: Longest side in pixels; larger images are shrunk, smaller ones stay as they are.
        on_white: Put white behind what is transparent; else that stays transparent.

    Raises:
        BadImage: It is empty, too large, broken, or no image of a kind that is read.
    """
    if not data:
        raise BadImage("the image is empty (0 bytes)")
    if len(data) > MAX_IMAGE_BYTES:
        raise BadImage(f"the image is larger than {MAX_IMAGE_BYTES / 1e6:g} MB")
    # Imported here: only sessions that look at images need it.
    from PIL import Image, UnidentifiedImageError

    try:
        with _opened(data) as image:
            width, height, kind = *image.size, str(image.format)
            if width * height > MAX_PIXELS:
                raise BadImage(
                    f"the image has {width:,} x {height:,} pixels, more than {MAX_PIXELS / 1e6:g} million: shrink it"
                )
            image.verify()
        # Verifying uses an image up.
        with _opened(data) as image:
            return _encoded(_on_ground(_upright(image, max_side), on_white), kind)
    except UnidentifiedImageError as exc:
        raise BadImage(f"not an image that can be read ({_looks_like(data)}); read are {', '.join(FORMATS)}") from exc
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise BadImage(f"the image has more than {MAX_PIXELS / 1e6:g} million pixels: shrink it") from exc
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError, struct.error, MemoryError) as exc:
        # What Pillow's decoders raise on damaged files.
        raise BadImage(f"the image is broken: {str(exc)[:200] or type(exc).__name__}") from exc


def _opened(data: bytes) -> Image:
    from PIL import Image

    return Image.open(io.BytesIO(data), formats=FORMATS)


def _upright(image: Image, max_side: int) -> Image:
    from PIL import Image, ImageOps

    image = _eight_bits(image)
    # A palette cannot be shrunk smoothly.
    if image.mode in ("P", "PA", "1"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if max(image.size) > max_side:
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return ImageOps.exif_transpose(image)


def _eight_bits(image: Image) -> Image:
    """Return grey values of 16 bits as 8 bits, which Pillow would cut off at 255 instead.

    Raises:
        BadImage: The values have no agreed range, so that nobody can tell which of them is white.
    """
    if image.mode in ("I", "F"):
        raise BadImage("the image has grey values of 32 bits, of which nobody can tell which is white: save it with 8")
    if not image.mode.startswith("I;16"):
        return image
    return image.convert("I").point(lambda value: value / 256).convert("L")


def _on_ground(image: Image, on_white: bool) -> Image:
    """Return the image in colours, on white where it is transparent if that is wanted."""
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    if not on_white:
        return layer
    ground = Image.new("RGB", layer.size, _WHITE)
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _encoded(image: Image, kind: str) -> Picture:
    width, height = image.size
    # Pillow writes comments and profiles of the original into the new file.
    image.info = {}
    see_through = image.mode == "RGBA"
    if kind in _LOSSLESS or see_through:
        out = io.BytesIO()
        image.save(out, "PNG")
        if out.tell() <= _PNG_BYTES or see_through:
            return Picture(out.getvalue(), "image/png", width, height)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_JPEG_QUALITY)
    return Picture(out.getvalue(), "image/jpeg", width, height)


def _looks_like(data: bytes) -> str:
    start = data[:200].lstrip().lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in data[:2000].lower()):
        return "it is an SVG drawing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is an HTML page"
    return f"{len(data):,} bytes that begin with {data[:8]!r}"


def local_image(folder: Path, name: str) -> Path:
    """Return the file of an image that a table names, which has to lie in `folder` or below it.

    Raises:
        BadImage: It is not there, is no file, or lies elsewhere, also by way of a symbolic link.
    """
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        inside = path.is_relative_to(root)
        # Whether a file outside is there is nobody's business.
        is_file, exists = inside and path.is_file(), inside and path.exists()
    except (OSError, ValueError, RuntimeError) as exc:
        # Characters that no path has, names that are too long, links that go round in circles.
        raise BadImage(f"{name[:200]!r} cannot be a path: {getattr(exc, 'strerror', None) or exc}") from exc
    if not is_file and "\\" in name:
        # Written on a system whose paths have them.
        return local_image(folder, name.replace("\\", "/"))
    if not inside:
        raise BadImage(
            f"{name[:200]!r} lies outside the folder of the images: put the image below it, or name another folder "
            "with image_dir="
        )
    if not is_file:
        raise BadImage(f"{name[:200]!r} is not a file" if exists else f"there is no image {name[:200]!r}")
    return path


def read_image(path: Path) -> bytes:
    """Return the content of an image's file.

    Raises:
        BadImage: It is too large, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_IMAGE_BYTES + 1)
    except OSError as exc:
        raise BadImage(f"{path.name!r} cannot be read: {exc.strerror or exc}") from exc
    if len(data) > MAX_IMAGE_BYTES:
        raise BadImage(f"{path.name!r} is larger than {MAX_IMAGE_BYTES / 1e6:g} MB")
    return data


def data_of_uri(uri: str) -> bytes:
    """Return the content of a `data:` URI.

    Raises:
        BadImage: It holds no image, is broken, or too large.
    """
    head, comma, body = uri.partition(",")
    media, *parameters = head[len("data:") :].lower().split(";")
    if not comma:
        raise BadImage("the data URI is broken: there is no comma in it, after which the image would stand")
    if not media.strip().startswith("image/"):
        raise BadImage(f"the data URI holds {media[:40].strip() or 'nothing'!r}, not an image")
    if len(body) > 4 * MAX_IMAGE_BYTES:
        raise BadImage(f"the image is larger than {MAX_IMAGE_BYTES / 1e6:g} MB")
    if "base64" not in (parameter.strip() for parameter in parameters):
        return urllib.parse.unquote_to_bytes(body)
    try:
        return base64.b64decode("".join(urllib.parse.unquote(body).split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadImage(f"the data URI is broken: {exc}") from exc
