"""``python -m adapters.cli``: the command line from the source tree."""

from adapters.cli import main

main()
