"""One module per command of `focusflow`. Other packages are imported inside a command, so that `--help` stays quick."""
