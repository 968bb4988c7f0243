"""feedeval for assistants: feeds and audits, looked at by a program that speaks MCP.

Nothing is written and nothing fetched; only the folders that were named at start are read.

- `answers`: an answer: our words, the feed's words marked as data, a limit of length, and where the whole is
- `audits`: the sessions of a folder, looked at with care: a file that leads elsewhere is not followed
- `desk`: what can be asked: scan a feed, check it, open a product, what to add first, compare
- `places`: the folders that may be read, and nothing beyond them
- `product_answers`: the parts of an answer about one product: its fields, its findings, its verdicts
- `server`: the same as tools of an MCP server on standard input and output
"""
