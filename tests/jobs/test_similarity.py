from __future__ import annotations

from itertools import combinations

import pytest

from feedeval.jobs.questions import edit_questions
from feedeval.jobs.similarity import SAME_SHARE, Likeness
from feedeval.records import Question, Taxonomy

SETS = {
    "en": "How much does it weigh?|What is it made of?|What is the width?|What is the height?|Is it microwave-safe?|"
    "Is it dishwasher-safe?|How long is the warranty?|What colour is the product?|Where is the product made?|"
    "Can the product be recycled?|Is it suitable for dogs?|Is it suitable for cats?",
    "de": "Wie viel wiegt es?|Aus welchem Material besteht es?|Ist es spülmaschinenfest?|Wie lange hält der Akku?|"
    "Wie lange gilt die Garantie?|Welche Farbe hat das Produkt?|Wo wird das Produkt hergestellt?|"
    "Wie hoch ist die maximale Belastung?|Wie hoch ist die maximale Temperatur?|Ist ein Ladegerät enthalten?",
    "fr": "Combien pèse-t-il ?|Quelles sont ses dimensions ?|Passe-t-il au lave-vaisselle ?|Que contient la boîte ?|"
    "De quelle couleur est le produit ?|Où le produit est-il fabriqué ?|Le produit est-il recyclable ?|"
    "Quelle est la largeur du siège ?|Quelle est la hauteur du siège ?|Le chargeur est-il fourni ?",
    "es": "¿Cuánto pesa?|¿Cuáles son sus medidas?|¿Es apto para perros?|¿Es apto para gatos?|¿Cuánto dura la batería?|"
    "¿Cuánto dura la garantía?|¿De qué color es el producto?|¿Dónde se fabrica el producto?|"
    "¿El producto es reciclable?|¿Cuál es la carga máxima?|¿Cuál es la temperatura máxima?",
    "it": "Quanto pesa?|Quali sono le dimensioni?|Quanto dura la batteria?|Quanto dura la garanzia?|"
    "Di che colore è il prodotto?|Dove è fabbricato il prodotto?|Il prodotto è riciclabile?|"
    "Quanto è largo il sedile?|Quanto è alto il sedile?|È adatto ai cani?|È adatto ai gatti?",
    "nl": "Hoeveel weegt het?|Is het vaatwasserbestendig?|Hoe lang gaat de accu mee?|Hoe lang is de garantie?|"
    "Welke kleur heeft het product?|Waar wordt het product gemaakt?|Is het product recyclebaar?|"
    "Hoe breed is de zitting?|Hoe hoog is de zitting?|Is het geschikt voor honden?|Is het geschikt voor katten?",
    "pl": "Ile to waży?|Czy można myć w zmywarce?|Jak długo działa bateria?|Jak długa jest gwarancja?|"
    "Jaki kolor ma produkt?|Gdzie wyprodukowano produkt?|Czy produkt nadaje się do recyklingu?|"
    "Jaka jest szerokość siedziska?|Jaka jest wysokość siedziska?|Jaka jest moc silnika?",
    "ja": "重さはどれくらいですか？|素材は何ですか？|食洗機で洗えますか？|セット内容は何ですか？|商品の色は何ですか？|"
    "この商品はどこで作られましたか？|商品はリサイクルできますか？|犬用として使えますか？|猫用として使えますか？|"
    "座面の幅はどれくらいですか？|座面の高さはどれくらいですか？",
}
"""Questions as a model writes them for one category, each for another fact."""

SAME = [
    ("en", "Is assembly required?", "Does it require assembly?"),
    ("en", "Is it waterproof?", "Is the product waterproof?"),
    ("de", "Für welche Altersgruppe ist es geeignet?", "Für welche Altersgruppen ist das Produkt geeignet?"),
    ("de", "Welche Spannung benötigt es?", "Welche Spannung benötigt das Produkt?"),
    ("fr", "Est-il étanche ?", "Le produit est-il étanche ?"),
    ("fr", "Est-il garanti et pendant combien de temps ?", "Pendant combien de temps est-il garanti ?"),
    ("es", "¿Requiere montaje?", "¿El producto requiere montaje?"),
    ("es", "¿Qué accesorios incluye?", "¿Qué accesorio incluye el producto?"),
    ("it", "È necessario il montaggio?", "Il montaggio è necessario?"),
    ("it", "Di quali materiali è fatto il prodotto?", "Di quale materiale è fatto?"),
    ("nl", "Van welke materialen is het product gemaakt?", "Van welk materiaal is het product gemaakt?"),
    ("nl", "Is montage nodig?", "Is er montage nodig?"),
    ("pl", "Czy wymaga montażu?", "Czy produkt wymaga montażu?"),
    ("pl", "Jaka jest waga produktu?", "Jaka jest waga?"),
    ("ja", "重量は何kgですか？", "商品の重量は何kgですか？"),
    ("ja", "組み立ては必要ですか？", "商品の組み立ては必要ですか？"),
]
OTHER = [
    ("en", "What is the inner diameter?", "What is the outer diameter?"),
    ("en", "Does it fit a 15-inch laptop?", "Does it fit a 17-inch laptop?"),
    ("en", "How long does the battery last?", "How long does the battery take to charge?"),
    ("en", "Is the battery included?", "Is the charger included?"),
    ("de", "Wie breit ist der Sitz?", "Wie breit ist die Lehne?"),
    ("de", "Wie lange hält der Akku?", "Wie lange lädt der Akku?"),
    ("fr", "Quelle est la puissance du moteur ?", "Quelle est la puissance sonore ?"),
    ("es", "¿Incluye cargador?", "¿Incluye cable?"),
    ("it", "Qual è la capacità del serbatoio?", "Qual è la capacità della batteria?"),
    ("nl", "Is er een oplader inbegrepen?", "Is er een kabel inbegrepen?"),
    ("pl", "Czy nadaje się dla psów?", "Czy nadaje się dla kotów?"),
    ("ja", "充電器は付属していますか？", "ケーブルは付属していますか？"),
    ("ja", "バッテリーの持続時間はどれくらいですか？", "バッテリーの充電時間はどれくらいですか？"),
]


def likeness(language: str, *pair: str) -> Likeness:
    return Likeness([*pair, *(text for text in SETS[language].split("|") if text not in pair)])


@pytest.mark.parametrize(("language", "one", "other"), SAME)
def test_two_wordings_of_one_fact_are_found(language: str, one: str, other: str) -> None:
    assert likeness(language, one, other).share(0, 1) > SAME_SHARE


@pytest.mark.parametrize(("language", "one", "other"), OTHER)
def test_different_facts_in_like_words_are_kept(language: str, one: str, other: str) -> None:
    assert likeness(language, one, other).share(0, 1) < SAME_SHARE


@pytest.mark.parametrize("language", SETS)
def test_a_set_without_repetitions_loses_nothing(language: str) -> None:
    texts = SETS[language].split("|")
    alike = Likeness(texts)
    assert not [pair for pair in combinations(range(len(texts)), 2) if alike.same(*pair)]


@pytest.mark.parametrize("text", ["What is it?", "何ですか？", "这件可以机洗吗？", "กันน้ำได้ไหม", "방수가 되나요?", "?!"])
def test_a_question_is_like_itself_in_any_script(text: str) -> None:
    assert Likeness([text, text, "How much does it weigh?"]).same(0, 1)


def test_scripts_without_spaces_are_told_apart_by_what_they_say() -> None:
    assert not Likeness(["这件外套可以机洗吗？", "这件外套可以烘干吗？", "产品的重量是多少？"]).same(0, 1)
    assert not Likeness(["กันน้ำได้ไหม", "น้ำหนักเท่าไร", "ทำจากอะไร"]).same(0, 1)


def test_a_set_keeps_the_first_of_two_wordings() -> None:
    texts = ["Ist eine Montage nötig?", "Aus welchem Holz ist es?", "Ist Montage nötig?", "Passt es in einen Flur?"]
    kept = edit_questions([Question(text=text, taxonomy=Taxonomy.USE) for text in texts], 4)
    assert [question.text for question in kept] == [texts[0], texts[1], texts[3]]
