"""`python -m cli` is the `focusflow` command."""

from cli.main import main

main()
