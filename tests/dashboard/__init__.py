"""The dashboard without a front end; what a person sees of it is in `tests/browser`."""
