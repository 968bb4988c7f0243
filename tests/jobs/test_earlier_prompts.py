from __future__ import annotations

import hashlib

from feedeval.jobs import earlier_prompts, prompts
from feedeval.jobs.engine import VERSIONS
from feedeval.jobs.prompts import JudgePrompt
from feedeval.model.schema import schema_text
from feedeval.records import Context, ContextField, Question, Taxonomy

TENT = Context(category="Tents", fields=(ContextField(name="title", text="Tent"),))
ASKED = [Question(text="How heavy is it?", taxonomy=Taxonomy.SPECS)]


def digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def test_what_version_1_sent_is_sent_letter_by_letter() -> None:
    judged = earlier_prompts.judge_prompt(TENT, ASKED, "en-GB")
    asked = earlier_prompts.questions_prompt("Tents", [TENT], 14, "en-GB", ["title"])
    assert digest(judged.system, judged.user) == "2e9c58d57760ba66"
    assert digest(asked.system, asked.user) == "51fc88e563579075"
    assert digest(schema_text(earlier_prompts.judge_reply(1))) == "1328e30235ab242b"
    assert not judged.cache_key


def test_versions_are_told_apart_by_what_stands_in_a_fingerprint() -> None:
    extra = JudgePrompt(extra="Be strict.")
    assert list(VERSIONS) == ["2", "1"]
    assert [version.version_of(JudgePrompt()) for version in VERSIONS.values()] == ["2", "1"]
    assert earlier_prompts.version_of(extra).startswith("1+") and prompts.version_of(extra).startswith("2+")
    assert earlier_prompts.judge_prompt(TENT, ASKED, "en-GB", extra).system.endswith("\n\nBe strict.")
