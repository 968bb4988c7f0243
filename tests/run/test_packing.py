from __future__ import annotations

from feedeval.records.delivery import Letter
from feedeval.run.delivery.packing import Limits, Package


def letter(name: str, size: int = 10, tokens: int = 5, most_usd: float | None = 0.1) -> Letter:
    return Letter(name, b"x" * size, tokens, most_usd)


def packed(count: int, limits: Limits) -> int:
    """How many of many letters go into one part."""
    package = Package()
    for number in range(count):
        if not package.fits(letter(str(number)), limits):
            break
        package.add(number // 3 + 1, letter(str(number)))
    return len(package.lines)


def test_each_limit_holds_by_itself() -> None:
    assert packed(20, Limits(7, 10_000)) == 7
    assert packed(20, Limits(100, 33)) == 3
    assert packed(20, Limits(100, 10_000, tokens=21)) == 4
    assert packed(20, Limits(100, 10_000, most_usd=0.25)) == 2
    assert packed(20, Limits(100, 10_000)) == 20


def test_one_request_is_a_part_however_large_it_is() -> None:
    assert packed(20, Limits(100, 3)) == 1


def test_a_part_knows_to_which_batch_each_line_belongs() -> None:
    package = Package()
    for number in (1, 1, 2, 1):
        package.add(number, letter("h"))
    part = package.part(4)
    assert part.batches == ((1, 2), (2, 1), (1, 1)) and part.requests == 4
    assert package.data == b"\n".join([b"x" * 10] * 4) + b"\n" and len(package.data) == part.size_bytes


def test_what_has_no_price_makes_the_whole_part_unpriced() -> None:
    package = Package()
    package.add(1, letter("a"))
    package.add(1, letter("b", most_usd=None))
    package.add(1, letter("c"))
    assert package.part(1).most_usd is None
