"""Tables of other libraries: pandas, polars, Arrow, DuckDB, and the files that hold such tables.

- `columnar_files`: products of Parquet and Arrow files, some rows at a time
- `kinds`: which library's table a thing is, told without loading that library
- `raw_values`: a cell of a table as text, a list or a dict; numbers keep their digits
- `rows`: products of a table in memory or on its way, some rows at a time
"""
