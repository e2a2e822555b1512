"""`focusflow doctor`."""

import sys

import click


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Check this installation and say how to fix what is wrong. Exits with 0 only if everything is fine.

    Example: focusflow doctor
    """
    from cli.diagnostics import examine
    from focusflow.settings import load_settings

    findings = []
    for finding in examine(load_settings()):
        findings.append(finding)
        if not as_json:
            mark = click.style("✓", fg="green") if finding.is_well else click.style("✗", fg="red")
            click.echo(f"{mark} {finding.subject}: {' – '.join(filter(None, (finding.seen, finding.advice)))}")
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps([asdict(finding) | {"is_well": finding.is_well} for finding in findings], indent=2))
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)
