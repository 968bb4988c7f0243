"""`python -m feedeval` is the command `feedeval`."""

import sys

from feedeval.cli import main

if __name__ == "__main__":
    sys.exit(main())
