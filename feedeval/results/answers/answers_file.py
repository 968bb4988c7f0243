"""The file that is written, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from feedeval.formatting import plain
from feedeval.html import Markup, definitions, escape, section
from feedeval.results.answers.pairs import Wording


@dataclass(frozen=True)
class AnswersFile:
    """Questions with their answers, as they were written; stands for its path wherever a path is taken."""

    path: Path
    sources_path: Path
    """Each pair with the words that it rests on, where they are from and who worded it."""
    products: int
    """Rows."""
    pairs: int
    from_pages: int
    """Pairs whose answer stands on the page alone."""
    questions_by: Wording
    beside: int = 0
    """Products for which the feed has pairs already."""
    left_out: Mapping[str, int] | None = None
    """Answers that were left out, by the reason."""

    def __fspath__(self) -> str:
        return str(self.path)

    def facts(self) -> dict[str, str]:
        """Return what is in the file, by name."""
        by_model = self.questions_by is Wording.GENERATED
        facts = {
            "Supplement": str(self.path),
            "Products": f"{self.products:,}",
            "Pairs": f"{self.pairs:,}, {self.from_pages:,} of them answered on the page alone",
            "Words": "answers as they stand in feed or page; questions "
            + ("worded by a model" if by_model else "of the embedded engine"),
            "Where from": str(self.sources_path),
        }
        if self.beside:
            facts["Beside"] = (
                f"{self.beside:,} of the products have pairs already, whose place a supplement takes: "
                "apply_fixes and write_supplement keep them"
            )
        if self.left_out:
            facts["Left out"] = "; ".join(f"{count:,}: {reason}" for reason, count in self.left_out.items())
        return facts

    def text(self) -> str:
        """Return what is in the file, a line each."""
        facts = self.facts()
        return "\n".join(f"{name:<{max(map(len, facts))}}  {plain(value)}" for name, value in facts.items())

    __str__ = __repr__ = text

    def _repr_html_(self) -> str:
        call = f"fe.apply_fixes(feed, {escape(repr(str(self.path)))})"
        hint = Markup(f"<p>To lay it over the feed: <code>{call}</code></p>")
        return section("Questions with answers", definitions(self.facts()), hint)
