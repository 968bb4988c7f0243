"""Workbooks: which of their sheets is the feed, and what its cells say.

- `cell_text`: a cell of a sheet as the text that the same table has as CSV
- `extents`: how far the sheets of a workbook reach, and which of their cells are errors, before any is read
- `headers`: which row of a sheet names its columns, and how much of a product feed a sheet is
- `workbook`: products of a workbook: the sheet that is asked for, or the one that looks most like a feed
"""
