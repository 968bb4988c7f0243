"""Writers of feeds for the round trips, one a format; none of them uses the code that reads.

- `documents`: the Agentic Commerce Protocol's feed and JSON-LD, with the products that they can carry
- `google_xml`: RSS and Atom with Google's elements
- `made`: random products: every attribute with values of its kind, in many scripts
- `plain_json`: JSON and JSON Lines with the attributes' own names
- `tables`: CSV and TSV, with the text forms of repeated and nested values
- `workbooks`: Excel and OpenDocument sheets, with the same text forms
"""
