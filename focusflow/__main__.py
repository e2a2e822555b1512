"""`python -m focusflow` is the `focusflow` command."""

from focusflow.cli.main import main

main()
