"""Audits side by side and over time: what became better, what became worse, and how sure that is.

- `compare`: two audits of the same products side by side: what became better, what became worse, and how sure that is
- `comparison`: A comparison of two audits, in words: for a terminal, and as static HTML
- `history`: many audits of one shop, one after the other
- `large`: one side of a comparison, read from the tables that shards leave
- `pairing`: two audits as columns of numbers, paired by product and question
"""
