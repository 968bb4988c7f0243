"""Draws the pictures of an invented shop, with a table of labels and a small feed: `python draw_products.py FOLDER`.

Sixty pictures of five products. What people said of them is right nearly everywhere: three labels contradict the
picture, one names no colour, one picture is damaged and one is missing. What a computer finds hard is there too: two
colours at once, shades between two names, white on white, an outline. The same pictures come out each time.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIDE = 200
LARGE = 4
"""Drawn so many times larger and shrunk, so that edges are smooth."""

COLOURS = {
    "red": ["#c62828", "#d32f2f", "#b3202c"],
    "blue": ["#1565c0", "#2f6db5", "#1e4fa3"],
    "green": ["#2e7d32", "#3c8d40", "#1f7a4d"],
    "yellow": ["#fdd835", "#f2c81e", "#ffe04d"],
    "black": ["#1c1c1f", "#26262b", "#141417"],
    "grey": ["#7d7f83", "#8d8f93", "#6c6e72"],
    "orange": ["#f57c00", "#ef6c00", "#ff8f1f"],
    "brown": ["#6d4c41", "#795548", "#7b4a2a"],
    "purple": ["#7b1fa2", "#8e24aa", "#6a1b9a"],
}
PRODUCTS = ("mug", "T-shirt", "bag", "lamp", "cushion")


def darker(colour: str, share: float = 0.8) -> tuple[int, ...]:
    return tuple(int(share * int(colour[n : n + 2], 16)) for n in (1, 3, 5))


def mug(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.ellipse((500, 280, 700, 540), outline=darker(colour), width=46)
    draw.rounded_rectangle((180, 180, 580, 640), 60, fill=colour)
    draw.ellipse((180, 150, 580, 230), fill=darker(colour, 0.6))


def shirt(draw: ImageDraw.ImageDraw, colour: str) -> None:
    body = [(250, 120), (330, 160), (470, 160), (550, 120), (720, 240), (640, 370), (570, 320), (570, 690)]
    draw.polygon([*body, (230, 690), (230, 320), (160, 370), (80, 240)], fill=colour)
    draw.line([(230, 320), (230, 400)], fill=darker(colour), width=8)
    draw.line([(570, 320), (570, 400)], fill=darker(colour), width=8)
    draw.arc((310, 80, 490, 220), 0, 180, fill=darker(colour), width=16)


def bag(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.arc((270, 100, 530, 460), 180, 360, fill=darker(colour, 0.7), width=34)
    draw.polygon([(170, 290), (630, 290), (690, 690), (110, 690)], fill=colour)
    draw.line([(170, 300), (630, 300)], fill=darker(colour), width=18)


def lamp(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.rectangle((385, 420, 415, 660), fill=darker(colour, 0.7))
    draw.ellipse((270, 630, 530, 700), fill=darker(colour, 0.7))
    draw.polygon([(300, 110), (500, 110), (650, 440), (150, 440)], fill=colour)


def cushion(draw: ImageDraw.ImageDraw, colour: str) -> None:
    draw.rounded_rectangle((130, 130, 670, 670), 120, fill=colour)
    draw.rounded_rectangle((160, 160, 640, 640), 100, outline=darker(colour, 0.85), width=10)


SHAPES = dict(zip(PRODUCTS, (mug, shirt, bag, lamp, cushion), strict=True))


def picture(product: str, colour: str, chance: random.Random, *, paper: str = "") -> Image.Image:
    """Return a product before a plain wall, with its shadow and the noise of a camera."""
    size = (SIDE * LARGE, SIDE * LARGE)
    wall = Image.new("RGB", size, paper or chance.choice(["#ffffff", "#f4f4f2", "#eceef0"]))
    if not paper:
        shadow = Image.new("L", size, 0)
        ImageDraw.Draw(shadow).ellipse((170, 650, 640, 730), fill=70)
        wall.paste("#9a9a9a", mask=shadow.filter(ImageFilter.GaussianBlur(22)))
    SHAPES[product](ImageDraw.Draw(wall), colour)
    small = wall.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    noise = Image.frombytes("L", small.size, bytes(chance.choices(range(125, 132), k=SIDE * SIDE)))
    return Image.blend(small, noise.convert("RGB"), 0.04)


def two_colours(product: str, upper: str, lower: str, chance: random.Random) -> Image.Image:
    image = picture(product, upper, chance, paper="#ffffff")
    image.paste(picture(product, lower, chance, paper="#ffffff").crop((0, 110, SIDE, SIDE)), (0, 110))
    return image


def outline(product: str, chance: random.Random) -> Image.Image:
    """Return a white product before a white wall, of which only the outline can be seen."""
    image = picture(product, "#8a8a8a", chance, paper="#ffffff")
    inner = picture(product, "#ffffff", chance, paper="#ffffff").resize((SIDE - 10, SIDE - 10))
    shape = image.convert("L").resize((SIDE - 10, SIDE - 10)).point(lambda tone: 255 * (tone < 200))
    image.paste(inner, (5, 5), shape)
    return image


def draw_all(folder: Path) -> list[dict[str, str]]:
    """Draw the pictures into a folder, and return the rows of their labels."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    plain = [(product, colour) for colour in COLOURS for product in PRODUCTS]
    rows = []
    for number, (product, colour) in enumerate([*plain, *plain[:8]], start=1):
        rows.append(_row(f"{number:02}_{product.lower()}.png", colour, product))
        picture(product, chance.choice(COLOURS[colour]), chance).save(folder / rows[-1]["filename"])
    hard = {
        "54_two_colours.png": ("red", "mug", two_colours("mug", "#c62828", "#1565c0", chance)),
        "55_two_colours.png": ("black", "T-shirt", two_colours("T-shirt", "#1c1c1f", "#fdd835", chance)),
        "56_in_between.png": ("red", "lamp", picture("lamp", "#e8501e", chance)),
        "57_in_between.png": ("green", "cushion", picture("cushion", "#3f7f86", chance)),
        "58_white_on_white.png": ("white", "cushion", outline("cushion", chance)),
        "59_damaged.png": ("blue", "bag", picture("bag", "#1565c0", chance)),
    }
    for name, (colour, product, image) in hard.items():
        rows.append(_row(name, colour, product))
        image.save(folder / name)
    damaged = folder / "59_damaged.png"
    damaged.write_bytes(damaged.read_bytes()[:900])
    rows.append(_row("60_missing.png", "green", "mug"))
    # Slips of whoever labelled: the picture shows something else.
    for number, said in ((4, "green"), (17, "black"), (41, "blue")):
        rows[number]["true_class"] = said
    rows[22]["true_class"] = "sofa"
    return rows


def _row(name: str, colour: str, product: str) -> dict[str, str]:
    return {"filename": name, "image_url": name, "true_class": colour, "product": product}


def write_tables(folder: Path, rows: list[dict[str, str]]) -> None:
    """Write the labels, and a feed of the same products in the words of a shop."""
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    names = {"grey": "Grau", "red": "Rot", "blue": "Blau", "green": "Grün", "yellow": "Gelb", "black": "Schwarz"}
    with (folder / "feed.tsv").open("w", newline="", encoding="utf-8") as file:
        feed = csv.writer(file, delimiter="\t")
        feed.writerow(["id", "title", "color", "image_link"])
        for row in rows[:50]:
            colour = names.get(row["true_class"], row["true_class"])
            feed.writerow([row["filename"][:2], f"{row['product']} {row['filename'][:2]}", colour, row["filename"]])


def sheet(folder: Path, rows: list[dict[str, str]], columns: int = 12) -> None:
    """Put all pictures on one sheet, those that cannot be opened as a blank."""
    side = 80
    whole = Image.new("RGB", (columns * side, -(-len(rows) // columns) * side), "white")
    for number, row in enumerate(rows):
        try:
            image = Image.open(folder / row["filename"]).convert("RGB").resize((side, side))
        except OSError:
            image = Image.new("RGB", (side, side), "#dddddd")
        whole.paste(image, (number % columns * side, number // columns * side))
    whole.save(folder / "sheet.png")


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "pictures")
    labelled = draw_all(target)
    write_tables(target, labelled)
    sheet(target, labelled)
    print(f"{len(list(target.glob('[0-9]*.png')))} pictures, labels.csv and feed.tsv in {target}")
