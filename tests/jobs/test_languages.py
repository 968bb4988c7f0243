"""Which language a text is in: by its script, by letters of its own, by a model, by what the shop usually writes."""

from __future__ import annotations

import pytest

from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.languages import language_name, language_of

STOPWORDS = load_bank().stopwords

TEXTS = {
    "ar": "كوب خزفي مصنوع يدويًا ويمكن غسله في غسالة الصحون.",
    "bg": "Ръчно изработена керамична чаша, която може да се мие в съдомиялна машина.",
    "cs": "Ručně vyráběný keramický hrnek, který je vhodný do myčky i do mikrovlnné trouby, objem tři decilitry.",
    "da": "Håndlavet keramikkrus, som tåler opvaskemaskine og mikrobølgeovn, og som rummer tre deciliter kaffe.",
    "el": "Χειροποίητη κεραμική κούπα που πλένεται στο πλυντήριο πιάτων.",
    "fa": "لیوان سرامیکی دست‌ساز که می‌توان آن را در ماشین ظرفشویی شست.",
    "fi": "Käsintehty keraaminen muki, joka sopii astianpesukoneeseen ja mikroaaltouuniin, tilavuus on iso.",
    "he": "ספל קרמיקה בעבודת יד, מתאים למדיח כלים ולמיקרוגל.",
    "hi": "हाथ से बना सिरेमिक मग, डिशवॉशर में धोया जा सकता है।",
    "hu": "Kézzel készített kerámia bögre, amely mikrohullámú sütőben és mosogatógépben is használható.",
    "it": "Tazza in ceramica fatta a mano, adatta alla lavastoviglie e al microonde, con una grande capacità.",
    "ja": "手作りの陶器マグカップで、食器洗い機と電子レンジで使えます。",
    "kk": "Қолдан жасалған керамикалық кесе, ыдыс жуғыш машинада жууға болады.",
    "ko": "식기세척기와 전자레인지에 사용할 수 있는 수제 도자기 머그컵입니다.",
    "pl": "Ręcznie wykonany kubek ceramiczny, który można myć w zmywarce i używać w kuchence mikrofalowej.",
    "ro": "Cană din ceramică lucrată manual, potrivită pentru mașina de spălat vase și cuptorul cu microunde.",
    "ru": "Керамическая кружка ручной работы, которую можно мыть в посудомоечной машине.",
    "sr": "Ручно рађена керамичка шоља која може да се пере у машини за судове, њена запремина је велика.",
    "th": "แก้วเซรามิกทำมือ ใช้กับเครื่องล้างจานและไมโครเวฟได้",
    "tr": "El yapımı seramik kupa, bulaşık makinesinde yıkanabilir ve mikrodalgada kullanılabilir.",
    "uk": "Керамічна чашка ручної роботи, яку можна мити в посудомийній машині.",
    "vi": "Cốc gốm làm thủ công, có thể rửa bằng máy rửa bát và dùng trong lò vi sóng, dung tích ba trăm mililit.",
    "zh": "手工陶瓷杯，可放入洗碗机和微波炉，容量三百毫升。",
}


@pytest.mark.parametrize("usual", ["", "en", "ru", "ja"])
@pytest.mark.parametrize("language", [name for name in TEXTS if name not in ("da", "zh")])
def test_a_sentence_tells_its_language_whatever_the_shop_usually_writes(language: str, usual: str) -> None:
    assert language_of(TEXTS[language], "", STOPWORDS, usual=usual) == language


def test_danish_and_norwegian_are_told_from_what_is_read() -> None:
    assert language_of(TEXTS["da"], "", STOPWORDS) in ("da", "no", "nn", "nb")


@pytest.mark.parametrize(("usual", "language"), [("", "zh"), ("en", "zh"), ("ja", "ja")])
def test_han_without_kana_is_chinese_unless_the_shop_writes_japanese(usual: str, language: str) -> None:
    assert language_of("陶器湯呑 三百毫升", "", STOPWORDS, usual=usual) == language


@pytest.mark.parametrize(
    ("text", "usual", "language"),
    [
        ('Телевизор 85" Crystal UHD 4K U8000F (2025)', "", "ru"),
        ("Чехол Galaxy", "kk", "kk"),
        ("Чехол Galaxy", "en", "ru"),
        ("Galaxy Tab S11 Ultra 5G", "ru", ""),
        ("Galaxy Tab S11 Ultra 5G", "ja", ""),
        ("Galaxy Tab S11 Ultra 5G", "cs", "cs"),
        ("Galaxy Tab S11 Ultra 5G", "", ""),
        ("Baterie Dell Vostro 1310, 1320. kapacita: 5200 mAh, napeti: 11.1V, typ: notebook, konektor", "cs", "cs"),
        ("This sturdy cup is made by hand and is safe in the dishwasher. 手作りの陶器", "ja", "en"),
    ],
)
def test_short_texts_are_in_what_their_letters_and_the_shop_allow(text: str, usual: str, language: str) -> None:
    assert language_of(text, "", STOPWORDS, usual=usual) == language


def test_no_russian_and_no_kazakh_text_is_japanese() -> None:
    mixed = "Совместимость: * Сымсыз зарядтау: Galaxy S6 және одан кейінгі нұсқалары // беспроводная зарядка Galaxy S6"
    assert language_of(mixed, "", STOPWORDS, usual="ru") in ("kk", "ru")


def test_a_language_is_called_by_its_name() -> None:
    assert [language_name(code) for code in ("ja", "kk", "?")] == ["Japanese", "Kazakh", "?"]
