"""What the model server answers: the asked schema, filled from a seed, with audit and image prompts understood."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

PRODUCT = re.compile(r"<<<PRODUCT ([0-9a-f]{8})\n(.*?)\n\1 PRODUCT>>>", re.DOTALL)
CATEGORY = re.compile(r"<<<CATEGORY ([0-9a-f]{8})\n(.*?)\n\1 CATEGORY>>>", re.DOTALL)
QUESTIONS = re.compile(r"^QUESTIONS$", re.MULTILINE)
NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
HOW_MANY = re.compile(r"Write exactly (\d+) questions")
TAXONOMY = ("Use", "Compatibility", "Specs", "Fit", "InBox", "Materials", "Care", "Warranty", "Safety")


@dataclass
class Asked:
    """A request, taken apart."""

    system: str
    user: str
    image_url: str | None
    schema: dict[str, Any] | None
    purpose: str
    """`judge`, `questions`, `image` or `other`."""
    characters: int
    images: int


def take_apart(body: dict[str, Any]) -> Asked:
    """Read prompt, image and schema out of a chat completion request."""
    system, user, image_url, characters, images = "", "", None, 0, 0
    for message in body.get("messages", ()):
        content = message.get("content")
        text = content if isinstance(content, str) else ""
        if isinstance(content, list):
            for part in content:
                if part.get("type") == "text":
                    text += part["text"]
                elif part.get("type") == "image_url":
                    image_url = part["image_url"]["url"]
                    images += 1
        characters += len(text)
        if message.get("role") == "system":
            system += text
        elif message.get("role") == "user":
            user += text
    schema = _schema(body, system)
    return Asked(system, user, image_url, schema, _purpose(user, image_url), characters, images)


def _schema(body: dict[str, Any], system: str) -> dict[str, Any] | None:
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        found = wanted["json_schema"].get("schema")
        return found if isinstance(found, dict) else None
    at = system.find('{"')
    if at < 0:
        return None
    try:
        found = orjson.loads(system[at : system.rfind("}") + 1])
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _purpose(user: str, image_url: str | None) -> str:
    if image_url is not None:
        return "image"
    if "<<<PRODUCT " in user and QUESTIONS.search(user):
        return "judge"
    if HOW_MANY.search(user):
        return "questions"
    return "other"


@dataclass
class Answerer:
    """Makes replies that depend on the seed and the prompt alone, not on order or time."""

    seed: int = 0
    truth: dict[str, str] = field(default_factory=dict)
    """Image URL (or its last part, or the SHA-256 of a data URL) -> class that is right."""
    error_rate: float = 0.0
    """Share of images that get another class than the right one."""
    false_quote_rate: float = 0.0
    """Share of `yes` verdicts that quote words which are not in the product."""

    def answer(self, asked: Asked) -> str:
        """Return the reply's text."""
        if asked.purpose == "judge":
            value: Any = self._judge(asked)
        elif asked.purpose == "questions":
            value = self._questions(asked)
        elif asked.schema is not None:
            value = self._fill(asked.schema, asked.schema, f"{asked.user}|{asked.image_url}", asked)
        else:
            return f"Answer {self._number(asked.user):08x}."
        return orjson.dumps(value).decode()

    def _number(self, *parts: object) -> int:
        text = "\x1f".join(str(part) for part in (self.seed, *parts))
        return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).digest(), "big")

    def _share(self, *parts: object) -> float:
        return self._number(*parts) / 2**32

    def _judge(self, asked: Asked) -> dict[str, Any]:
        found = PRODUCT.search(asked.user)
        product = found[2] if found else ""
        # Before the product or after it: what looks like questions inside it is part of its text.
        around = asked.user if found is None else asked.user[: found.start()] + asked.user[found.end() :]
        questions = NUMBERED.findall(around[QUESTIONS.search(around).start() :])  # type: ignore[union-attr]
        lines = [line for line in product.split("\n") if line.strip()]
        judged = [self._verdict(int(n), text, product, lines) for n, text in questions]
        return {"judgements": [_in_order(judgement, asked.schema) for judgement in judged]}

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        draw = self._share(product, question)
        verdict = "yes" if draw < 0.5 else "partial" if draw < 0.7 else "no"
        evidence, attribute = "", "product_detail"
        if verdict != "no" and lines:
            name, _, value = lines[self._number("line", product, question) % len(lines)].partition(": ")
            attribute, evidence = (name, value[:80]) if value else ("description", name[:80])
        if verdict == "yes" and self.false_quote_rate and self._share("lie", product, question) < self.false_quote_rate:
            evidence = f"certified quantum flux {draw:.6f}"
        return {
            "number": number,
            "evidence": evidence.strip(),
            "attribute": attribute,
            "verdict": verdict,
            "reason": f"Drawn {draw:.3f} for question {number}.",
        }

    def _questions(self, asked: Asked) -> dict[str, Any]:
        found = HOW_MANY.search(asked.user)
        category = CATEGORY.search(asked.user)
        about = category[2] if category else "this product"
        questions = []
        for i in range(int(found[1]) if found else 1):
            taxonomy = TAXONOMY[self._number(about, i) % len(TAXONOMY)]
            text = f"What about point {i + 1} ({taxonomy.lower()}) of {about}?"
            questions.append({"text": text, "taxonomy": taxonomy, "required": i % 3 == 0})
        return {"questions": questions}

    def _fill(self, schema: dict[str, Any], root: dict[str, Any], path: str, asked: Asked) -> Any:
        if "$ref" in schema:
            target: Any = root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return self._fill(target, root, path, asked)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            options = schema["enum"]
            return options[self._number(path) % len(options)]
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._fill(schema[union][0], root, path, asked)
        if "properties" in schema:
            return {
                name: self._class(inner, root, asked)
                if name == "predicted_class"
                else self._fill(inner, root, f"{path}/{name}", asked)
                for name, inner in schema["properties"].items()
            }
        return self._leaf(schema, root, path, asked)

    def _leaf(self, schema: dict[str, Any], root: dict[str, Any], path: str, asked: Asked) -> Any:
        kind = schema.get("type", "string")
        if kind == "array":
            count = max(schema.get("minItems", 1), 1)
            return [self._fill(schema.get("items", {}), root, f"{path}/{i}", asked) for i in range(count)]
        if kind == "integer":
            low = schema.get("minimum", 0)
            return low + self._number(path) % (schema.get("maximum", low + 10) - low + 1)
        if kind == "number":
            low = schema.get("minimum", 0.0)
            return round(low + self._share(path) * (schema.get("maximum", low + 1.0) - low), 3)
        if kind == "boolean":
            return self._number(path) % 2 == 0
        if kind == "null":
            return None
        return f"text {self._number(path):08x}"

    def _class(self, schema: dict[str, Any], root: dict[str, Any], asked: Asked) -> str:
        while "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        options = schema.get("enum") or ([schema["const"]] if "const" in schema else sorted(set(self.truth.values())))
        options = options or ["unknown"]
        url = asked.image_url or asked.user
        short = hashlib.sha256(url.encode()).hexdigest() if url.startswith("data:") else url.rsplit("/", 1)[-1]
        right = self.truth.get(url, self.truth.get(short))
        if right is None:
            return str(options[self._number("class", url) % len(options)])
        others = [option for option in options if option != right]
        if others and self._share("wrong", url) < self.error_rate:
            return str(others[self._number("other", url) % len(others)])
        return right


def _in_order(judgement: dict[str, Any], schema: dict[str, Any] | None) -> dict[str, Any]:
    """Return a judgement with the properties in the schema's order, as a model that is held to it writes them."""
    wanted = list((schema or {}).get("$defs", {}).get("DraftJudgement", {}).get("properties", judgement))
    # A judge that is asked for the verdict first gives its reason each time, as the first prompts wanted it.
    if wanted.index("verdict") > wanted.index("evidence") and judgement["verdict"] in ("yes", "no"):
        judgement = {**judgement, "reason": ""}
    return {name: judgement[name] for name in wanted}
