"""Judges looked at: two of them side by side, and one on known cases.

- `compare_judges`: two judges side by side, on the same questions about the same products
- `judge_comparison`: what another judge says, as text for a terminal and as static HTML
- `probe`: how often a judge is right on known cases
- `probe_report`: what probes found of a judge, as text for a terminal and as static HTML
"""
