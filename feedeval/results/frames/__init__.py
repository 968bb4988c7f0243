"""Batch files to frames and arrays, fast: only what is asked for is decoded.

- `decoding`: batch files to columns, fast: only what is asked for is decoded, and nothing passes through nested dicts
- `judgement_arrays`: what each question was worth and what came of it: an audit's judgements as arrays, for sums over
  a whole feed
- `judgements`: batch files to the frame of judgements, which has twelve times the rows of the results
- `lazytext`: A text column that stays on disk until it is looked at
- `results`: batch files to the frame of results and its companions: the columns that `Session` shows and exports
  write
- `scores`: batch files to what each question scored: numbers alone, for figures over a whole feed
- `shadow`: batch files of a shadow run to frames: a row a row of the table of labels
"""
