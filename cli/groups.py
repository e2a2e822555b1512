"""A command with commands below it."""

import click


class Group(click.Group):
    """Shows each command with its whole first sentence, wrapped. click cuts it at the end of the line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        loaded = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, command.get_short_help_str(limit=1_000)) for name, command in loaded.items() if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
