"""Known cases for a judge: products changed so that it is known beforehand what its verdicts have to do.

- `describing`: how a description is changed without touching what it says otherwise
- `planting`: how each known case is planted, and when it cannot be
- `probe_words`: the words that probes are made with: what says nothing, what could be asked of any product, orders to
  a judge
- `probes`: known cases for a judge: products changed in a way that says beforehand what its verdicts have to do
- `stated_words`: the words that are planted to see whether a judge keeps to the definitions and reads other languages
- `stating`: how statements are planted whose verdict is known by the definitions: in the feed's language or another
"""
