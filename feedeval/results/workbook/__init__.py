"""An audit as a workbook: what to do, what it rests on, and a sheet to fill in.

- `filling`: what the sheet to fill in asks for: its products, those that gain most first, and a column an action
- `sheets`: what the other sheets say: summary, actions, products and answers, as plain rows
- `workbook`: the file itself, and what is in it
"""
