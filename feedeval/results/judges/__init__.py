"""Judges looked at: two of them side by side, several as a panel, and one on known cases.

- `compare_judges`: two judges side by side, on the same questions about the same products
- `judge_comparison`: what another judge says, as text for a terminal and as static HTML
- `jury`: what several models say of an audit's questions together, as text for a terminal and as static HTML
- `krippendorff`: how far several judges agree beyond chance: Krippendorff's alpha, with an interval that draws products
- `probe`: how often a judge is right on known cases
- `probe_report`: what probes found of a judge, as text for a terminal and as static HTML
- `votes`: several judges' verdicts on the same questions, side by side, and the one that they come to together
"""
