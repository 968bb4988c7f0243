"""Labelled images made to measure: what is right, what the model server will say, and rows that cannot be read."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from feedeval.jobs.shadow.pictures import MAX_IMAGE_BYTES, picture_of
from tests.server import Answerer
from tests.server.answers import Asked

CLASSES = ("blue", "green", "orange", "red", "violet")
HEADER = ("filename", "image_url", "true_class", "critical_hazard", "property_type", "region")
MAX_SIDE = 1024
"""The default of `max_image_side`."""


def drawing(number: int, colour: str, *, size: int = 24) -> Image.Image:
    """Draw a blob of a colour; no two numbers give the same picture."""
    image = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((3, 3, size - 4, size - 4), fill=colour)
    image.putpixel((0, 0), (255 - number % 251, 255 - number // 251, 254))
    return image


def png(image: Image.Image) -> bytes:
    """Return an image as a PNG file."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def data_uri(data: bytes) -> str:
    """Return a PNG as a data URI."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@dataclass
class Labels:
    """A table of labels on disk, with all that is known of it."""

    path: Path
    sent: dict[int, str] = field(default_factory=dict)
    """By line: the image as the model is sent it."""
    labels: dict[int, str] = field(default_factory=dict)
    """By line: what the table says of an image that can be read."""
    truth: dict[str, str] = field(default_factory=dict)
    """By image, as the server's `Answerer` takes it: what it shows."""
    defects: dict[int, tuple[str, str]] = field(default_factory=dict)
    """By line: the error type of a row that cannot be read, and words of its message."""

    def answers(self, answerer: Answerer, classes: Sequence[str] = CLASSES) -> dict[int, str]:
        """Return by line what the server will say."""
        options = {"enum": [*classes, "unsure"]}
        return {
            line: answerer._class(options, {}, Asked("", "", image, None, "image", 0, 1))
            for line, image in self.sent.items()
        }


def make_labels(folder: Path, count: int, *, defects: bool = False, wrong: int = 7) -> Labels:
    """Write images and a table of them: paths, data URIs and addresses; every `wrong`th label is not what it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Labels(folder / "labels.csv")
    planted = list(_defects(folder)) if defects else []
    every = max(count // (len(planted) + 1), 1)
    with made.path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HEADER)
        line = 1
        for number in range(count):
            if planted and number % every == 0:
                text, kind, words = planted.pop()
                file.write(f"{text}\n")
                line += 1
                made.defects[line] = (kind, words)
            line += 1
            shows = CLASSES[number % len(CLASSES)]
            label = CLASSES[(number + 1) % len(CLASSES)] if number % wrong == 0 else shows
            place, made.sent[line] = _placed(folder, number, shows)
            made.labels[line] = label
            key = made.sent[line]
            made.truth[hashlib.sha256(key.encode()).hexdigest() if key.startswith("data:") else key] = shows
            hazard = ("", "yes", "no", "TRUE", "0")[number % 5]
            rows.writerow(
                (f"image_{number}.png", place, label, hazard, f"flat {number}", ("north", "south")[number % 2])
            )
    assert not planted, "more defects than rows to stand between"
    return made


def _placed(folder: Path, number: int, colour: str) -> tuple[str, str]:
    """Return what the table says of where an image is, and what is sent of it."""
    if number % 10 == 3:
        address = f"https://images.example/{number}.jpg"
        return address, address
    data = png(drawing(number, colour))
    sent = picture_of(data, MAX_SIDE).data_uri
    if number % 10 == 7:
        return data_uri(data), sent
    name = f"sub/image_{number}.png" if number % 3 else f"image_{number}.png"
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return name, sent


def _defects(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield rows that cannot be read, each with its error type and words of its message."""
    good = "ok.png"
    (folder / good).write_bytes(png(drawing(90_000, "red")))
    outside = folder.parent / "secret.png"
    outside.write_bytes(png(drawing(90_001, "red")))
    yield f"x.png,{good}", "BadLabel", "2 of 6 columns: true_class is missing"
    yield f"x.png,{good},red,,flat,north,spare", "BadLabel", "has 7 columns, the header 6"
    yield f"x.png,{good},,,flat,north", "BadLabel", "true_class is empty"
    yield f"x.png,{good},   ,,flat,north", "BadLabel", "true_class is empty"
    yield "x.png,,red,,flat,north", "BadLabel", "image_url is empty"
    yield f",{good},red,,flat,north", "BadLabel", "filename is empty"
    yield f"x.png,{good},Purple,,flat,north", "BadLabel", "'Purple' is not among the classes"
    yield f"x.png,{good},Rad,,flat,north", "BadLabel", "did you mean 'red'"
    yield f"x.png,{good},unsure,,flat,north", "BadLabel", "'unsure' is not among the classes"
    yield f"x.png,{good},red,perhaps,flat,north", "BadLabel", "critical_hazard is 'perhaps'"
    yield "x.png,nowhere.png,red,,flat,north", "BadImage", "no image 'nowhere.png'"
    yield "x.png,.,red,,flat,north", "BadImage", "not a file"
    yield "x.png,../secret.png,red,,flat,north", "BadImage", "outside the folder"
    yield "x.png,sub/../../secret.png,red,,flat,north", "BadImage", "outside the folder"
    yield f"x.png,{outside},red,,flat,north", "BadImage", "outside the folder"
    (folder / "link.png").symlink_to(outside)
    yield "x.png,link.png,red,,flat,north", "BadImage", "outside the folder"
    yield f"x.png,{'a' * 300}.png,red,,flat,north", "BadImage", "cannot be a path|no image"
    yield "x.png,ftp://images.example/x.png,red,,flat,north", "BadImage", "http and https"
    yield "x.png,file:///etc/passwd,red,,flat,north", "BadImage", "http and https"
    yield "x.png,http://,red,,flat,north", "BadImage", "no http"
    yield "x.png,http://169.254.169.254/latest,red,,flat,north", "BadImage", "surroundings"
    yield 'x.png,"data:text/html;base64,QUJD",red,,flat,north', "BadImage", "not an image"
    yield 'x.png,"data:image/png;base64,@@@",red,,flat,north', "BadImage", "data URI is broken"
    yield 'x.png,"data:image/png;base64,QUJD",red,,flat,north', "BadImage", "not an image that can be read"
    yield from _broken_files(folder)


def _broken_files(folder: Path) -> Iterator[tuple[str, str, str]]:
    whole = png(drawing(90_002, "red"))
    bomb = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(bomb, "PNG")
    contents = {
        "empty.png": (b"", r"0 bytes"),
        "cut.png": (whole[: len(whole) // 2], "broken"),
        "flipped.png": (whole[:60] + bytes(b ^ 0xFF for b in whole[60:90]) + whole[90:], "broken"),
        "page.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        "bomb.png": (bomb.getvalue(), "more than 50 million"),
    }
    for name, (data, words) in contents.items():
        (folder / name).write_bytes(data)
        yield f"x.png,{name},red,,flat,north", "BadImage", words
    with (folder / "huge.png").open("wb") as file:
        file.truncate(MAX_IMAGE_BYTES + 1)
    yield "x.png,huge.png,red,,flat,north", "BadImage", "larger than 20 MB"
    os.mkfifo(folder / "pipe.png")
    yield "x.png,pipe.png,red,,flat,north", "BadImage", "not a file"
    # The same broken image twice: each row tells of its own line.
    yield "x.png,cut.png,blue,,flat,north", "BadImage", "broken"
