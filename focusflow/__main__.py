"""`python -m focusflow` is the `focusflow` command. It is run by name, because the kernel imports nothing above it."""

import runpy

runpy.run_module("cli", run_name="__main__", alter_sys=True)
