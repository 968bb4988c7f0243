"""A person checks a session's verdicts: keyboard first, a case after the other.

- `label`: `fe.label()`: what is labelled, where it is shown, and what stands in its place without a page
- `render`: a case, the progress and what was said last, as static HTML; the judge's quote marked in the text
- `typed`: which keys were pressed, told from what a text box held before and holds now
- `view`: the widgets: layout and bindings
"""
