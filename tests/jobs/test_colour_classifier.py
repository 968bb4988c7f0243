"""The embedded engine of shadow mode names colours, says when it cannot, and refuses what is no colour."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from feedeval.errors import InputError
from feedeval.jobs.shadow.classifier import UNSURE, Picture, Prediction, ShadowItem
from feedeval.jobs.shadow.colour_classifier import ColourClassifier, name_colour
from feedeval.jobs.shadow.colour_names import (
    MULTICOLOUR,
    Palette,
    colour_name,
    colour_names,
    distance,
    distances,
    lab,
    lab_of,
    squeeze,
)

BASIC = ("black", "white", "red", "green", "yellow", "blue", "brown", "orange", "pink", "purple", "grey")
WHITE = (255, 255, 255)
Colour = tuple[int, ...]


def file_of(image: Image.Image, format: str = "PNG") -> bytes:
    held = io.BytesIO()
    image.save(held, format)
    return held.getvalue()


def disc(colour: Colour | str, *, background: Colour | str = WHITE, mode: str = "RGB", size: int = 256) -> Image.Image:
    image = Image.new(mode, (size, size), background)
    ImageDraw.Draw(image).ellipse((size // 5, size // 5, size - size // 5, size - size // 5), fill=colour)
    return image


def stripes(*colours: str) -> Image.Image:
    image = Image.new("RGB", (200, 200), WHITE)
    height = 160 / len(colours)
    for n, colour in enumerate(colours):
        ImageDraw.Draw(image).rectangle((20, 20 + n * height, 180, 20 + (n + 1) * height - 1), fill=colour)
    return image


def named(image: Image.Image, *classes: str) -> Prediction:
    return name_colour(file_of(image), Palette(classes or BASIC))


@pytest.mark.parametrize("row", colour_names(), ids=lambda row: row.name)
def test_every_example_of_the_table_is_named_as_the_table_names_it(row: Any) -> None:
    classes = [each.name for each in colour_names()]
    background = (
        (255, 255, 255) if row.name not in ("white", "cream", "light grey", "beige", "light pink") else (40, 90, 60)
    )
    for rgb in row.examples:
        found = named(disc(rgb, background=background), *classes)
        assert found.predicted_class == row.name, (rgb, found)
        assert found.confidence > 0.5 and f"100 % {row.name}" in found.evidence


def test_a_name_that_is_no_class_counts_as_its_kind() -> None:
    assert named(disc("#0a1a4a")).predicted_class == "blue"
    assert named(disc("#0a1a4a"), "blue", "navy").predicted_class == "navy"
    assert named(disc("#1565c0"), "blue", "navy").predicted_class == "blue"
    assert named(disc("#800020"), "red", "green").predicted_class == "red"


def test_a_colour_that_is_none_of_the_classes_is_not_made_to_fit() -> None:
    found = named(disc("#1565c0"), "red", "green")
    assert (found.predicted_class, found.confidence) == (UNSURE, 0)
    assert "100 % blue" in found.evidence and "none of the classes" in found.evidence


def test_classes_are_understood_in_other_languages_and_come_back_as_they_were_given() -> None:
    assert named(disc("#e00000"), "Rot", "GRÜN", "Dunkel-Blau").predicted_class == "Rot"
    assert named(disc("#14213d"), "Rot", "GRÜN", "Dunkel-Blau").predicted_class == "Dunkel-Blau"
    words = ("Gray", "grau", "marrón", "weiß", "Bleu Marine", "off-white", "Черный", "bunt")
    assert [colour_name(word) for word in words] == [
        *("grey", "grey", "brown", "white", "navy", "cream", "black", MULTICOLOUR),
    ]
    assert colour_name("See product page") is None and colour_name(None) is None  # type: ignore[arg-type]


def test_what_is_no_colour_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'sofa', 'T-shirt'") as refused:
        ColourClassifier().check(["red", "sofa", "T-shirt"])
    assert "burgundy" in str(refused.value) and "model" in str(refused.value)
    with pytest.raises(InputError, match="'gray' and 'grey' are the same colour"):
        ColourClassifier().check(["gray", "red", "grey"])
    ColourClassifier().check([*BASIC, "multicolour"])


def test_no_word_means_two_colours() -> None:
    words = [(squeeze(word), row.name) for row in colour_names() for word in {row.name, *row.words}]
    owners: dict[str, set[str]] = {}
    for word, name in words:
        assert word, name
        owners.setdefault(word, set()).add(name)
    assert {word: names for word, names in owners.items() if len(names) > 1} == {}
    names = {row.name for row in colour_names()}
    assert set(BASIC) <= names and {row.kind for row in colour_names()} - {""} <= names


def test_an_object_of_two_colours_is_the_larger_one_with_less_confidence() -> None:
    both = named(stripes("#e00000", "#e00000", "#1565c0"))
    assert both.predicted_class == "red" and "66 % red, 34 % blue" in both.evidence
    assert both.confidence == pytest.approx(2 / 3 * named(disc("#e00000")).confidence, abs=0.02)


def test_many_colours_are_unsure_or_multicoloured_where_that_is_a_class() -> None:
    image = stripes("#e00000", "#1565c0", "#fdd835", "#2e7d32")
    assert named(image).predicted_class == UNSURE and "no class makes up half" in named(image).evidence
    assert named(image, *BASIC, "Multi").predicted_class == "Multi"
    assert named(disc("#e00000"), *BASIC, "Multi").predicted_class == "red"


def test_the_border_is_the_background_whatever_its_colour() -> None:
    for background in ("#ffffff", "#000000", "#1565c0", "#d0d2d5"):
        assert named(disc("#e00000", background=background)).predicted_class == "red"
    assert named(disc("#ffffff", background="#1565c0")).predicted_class == "white"
    assert named(disc("#000000", background="#1565c0")).predicted_class == "black"


def test_an_object_may_touch_the_border() -> None:
    image = Image.new("RGB", (200, 200), WHITE)
    ImageDraw.Draw(image).rectangle((60, 80, 140, 200), fill="#e00000")
    assert named(image).predicted_class == "red"


def test_shadow_gradient_and_noise_change_no_name() -> None:
    rng = np.random.default_rng(0)
    pixels = np.full((256, 256, 3), (21, 101, 192), dtype=float) * np.linspace(0.75, 1.15, 256)[:, None, None]
    mask = np.asarray(disc("#ffffff", background="#000000"))[..., :1] > 0
    light = np.full((256, 256, 3), 250.0) - np.linspace(0, 14, 256)[None, :, None]
    noisy = np.where(mask, pixels, light) + rng.normal(0, 3, (256, 256, 3))
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    assert name_colour(file_of(image, "JPEG"), Palette(BASIC)).predicted_class == "blue"


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (Image.new("RGB", (100, 100), "#e00000"), "nothing stands out"),
        (disc("#fdfdfd"), "nothing stands out"),
        (Image.new("RGBA", (50, 50), (255, 0, 0, 0)), "transparent throughout"),
        (Image.new("RGB", (1, 1), "#e00000"), "nothing stands out"),
        (
            Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)),
            "no plain background",
        ),
    ],
    ids=["one colour", "white on white", "transparent", "one pixel", "no background"],
)
def test_where_nothing_can_be_told_it_says_why(image: Image.Image, reason: str) -> None:
    found = named(image)
    assert (found.predicted_class, found.confidence) == (UNSURE, 0) and reason in found.evidence


def test_an_outline_is_not_taken_for_the_object() -> None:
    image = Image.new("RGB", (200, 200), WHITE)
    ImageDraw.Draw(image).ellipse((30, 30, 170, 170), outline="#808080", width=6)
    found = named(image)
    assert found.predicted_class == UNSURE and "the object or a hole" in found.evidence


def test_transparency_is_background_and_what_it_hides_is_not_read() -> None:
    image = disc((224, 0, 0, 255), background=(0, 0, 255, 0), mode="RGBA")
    assert named(image).predicted_class == "red"
    white = disc((255, 255, 255, 255), background=(255, 255, 255, 0), mode="RGBA")
    assert named(white).predicted_class == "white"


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_every_kind_of_image_is_read(mode: str) -> None:
    image = disc("#000000").convert(mode)
    data = file_of(image, "TIFF" if mode == "CMYK" else "PNG")
    assert name_colour(data, Palette(BASIC)).predicted_class == "black"


def test_confidence_falls_from_an_example_to_the_middle_between_two_names() -> None:
    red, orange = np.array((224, 0, 0)), np.array((255, 128, 0))
    found = [named(disc(tuple(map(int, red + t * (orange - red))))) for t in (0, 0.25, 0.45)]
    confidences = [each.confidence for each in found]
    assert confidences[0] > 0.9 and confidences == sorted(confidences, reverse=True) and confidences[-1] < 0.75


def test_the_look_up_is_the_distance_to_the_nearest_example() -> None:
    bins = np.array([0, 12_345, 32_767])
    table = distances(bins)
    for column, row in enumerate(colour_names()):
        expected = distance(lab_of(bins)[:, None], lab(row.examples)).min(axis=1)
        np.testing.assert_allclose(table[:, column], expected, rtol=1e-5)


async def test_the_classifier_answers_as_the_protocol_asks() -> None:
    classifier = ColourClassifier()
    picture = Picture(data=file_of(disc("#e00000")), media_type="image/png", width=256, height=256)
    item = ShadowItem(picture=picture, address="", classes=BASIC, context={"title": "say blue"})
    first, second = [await classifier.classify(item, None) for _ in range(2)]  # type: ignore[arg-type]
    assert first == second and first.predicted_class == "red" and not first.critical
    unopened = await classifier.classify(
        ShadowItem(picture=None, address="https://shop.example/a.png", classes=BASIC, context={}),
        None,  # type: ignore[arg-type]
    )
    assert unopened.predicted_class == UNSURE
    assert (classifier.name, classifier.needs_picture) == ("offline", True)
    assert "No vision model was asked" in classifier.note
    assert {"model", "endpoint", "prompts"} <= set(classifier.fingerprint())
    await classifier.backend.probe()
    await classifier.backend.aclose()
