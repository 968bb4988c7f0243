"""Findings as build servers and code hosts read them.

- `junit`: JUnit XML: a suite a destination, a test case a check
- `lines`: on which line of a feed's file each product begins to be named
- `report`: what is reported: findings, where they were found, and the checks that were made
- `sarif`: SARIF 2.1.0, as GitHub's code scanning takes it
"""
