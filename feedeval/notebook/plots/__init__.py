"""Plots: frame in, Axes out; a file for each thing that is looked at, and what all plots share.

- `agreement`: how far predictions agree with people, as plots: an agreement or the results of a shadow run in, Axes
  out
- `axes`: what all plots share: axes of the right size, rows of bars, titles with units, a sentence in place of no
  data
- `colours`: colours and hatches of the plots
- `compare`: what changed between audits, as plots: two of them by category, many over time
- `coverage`: what a feed answers and what it leaves open, as plots: one callable a question, frame in, Axes out
- `gallery`: plots: frame in, Axes out
- `health`: how well a run went, as plots: its memory and its health over the time that was spent working
- `pictures`: plots as pictures inside an HTML file: one for light pages, one for dark ones, and their content in
  words
- `run`: how a run went, as plots: what failed, how fast it was and what it cost
- `text`: text in plots: neutralised, and made to fit
- `timeline`: time as an axis: when the batches of a run were worked on, with long pauses cut out
"""
