"""The HTML report: one self-contained page about a session or a comparison.

- `bars`: plots of a report as HTML: bars with their figures, which read as text and need no second picture in the dark
- `compare`: the report of a comparison: what became better, what became worse, and how sure that is
- `findings`: the part of a report that needs no model: the feed is read again and checked
- `listing`: all products of a report, worst first: a table that reads without a script, and one that is searched with
  one
- `page`: the page around a report: one HTML document that runs nothing and loads nothing, or one script that it names
- `parts`: what the parts of a report share: what the session holds, tables, and text of a feed
- `products`: the products of a report: what the worst of them say, in the words of the feed, and what they leave open
- `report`: one self-contained HTML file about a session or a comparison, to send to a client
- `sections`: the parts of a report, each a function of what a session holds
"""
