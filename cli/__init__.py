"""The entry layer: the `focusflow` command and the supervisor of `focusflow up`. It may import every other package."""
