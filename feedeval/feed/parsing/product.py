"""What a product is once it has been read."""

from __future__ import annotations

FieldValue = str | list[str] | dict[str, str] | list[dict[str, str]]
"""A field's value: text, repeated text, a group of sub-attributes, or repeated groups."""

Product = dict[str, FieldValue]
"""One entry of a feed by standard attribute names; a field that the feed does not fill has no key.

Keys that begin with `_` are notes of the reader: `_double_escaped`, the fields whose entities were escaped twice;
`_understood`, attributes with what their values mean where they are written otherwise, such as `in_stock` for `true`.
"""


class BuiltProducts(list[Product]):
    """Products that were read already, by whatever names they were told to be: they are taken as they are."""


STRATUM = "_stratum"
"""Note on a product that `sample` drew: the group that it was drawn from."""
