"""How a verdict of the embedded engine is held against the one that a sentence deserves."""


def is_wrong(found: str, expected: str) -> bool:
    """Say whether a verdict is wrong.

    Where a text says nothing, *no* and *not judged* are both true: the engine may hold that the words speak of it in a
    way that it cannot read. How often it may is held in `test_topics.py`.
    """
    return found != expected and (found, expected) != ("not_judged", "no")
