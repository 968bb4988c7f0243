"""People's labels on a session's verdicts: which verdicts to look at, and what was said of them.

- `book`: the cases of a session that a person labels, one after the other, and the file that keeps the labels
- `draw`: which verdicts are put to a person, each with the probability with which it could have been drawn
- `sheet`: cases as a table to be labelled in a spreadsheet, and that table read back
"""
