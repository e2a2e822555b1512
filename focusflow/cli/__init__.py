"""Commands of `focusflow`. Other parts are imported inside a command, so that --help stays quick."""
