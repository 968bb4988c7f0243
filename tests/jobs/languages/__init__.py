"""Sentences of the languages that the embedded engine reads, with the verdict that each alone deserves."""
