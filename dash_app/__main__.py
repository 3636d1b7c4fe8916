"""Operator's commands: ``python -m dash_app COMMAND --help``.

Exit codes: 0 done, 1 refused (one message), 2 usage.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from dash_app.errors import PadError


class _Commands(click.Group):
    """Turns the product's own errors into exit code 1 and one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except PadError as error:
            click.echo(f"error: {error.detail}", err=True)
            sys.exit(1)


@click.group(cls=_Commands)
def cli() -> None:
    """Look after the server: its settings and what it would serve."""


@cli.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here instead of to the terminal (docs/settings.md).",
)
def settings(output: Path | None) -> None:
    """Table of every setting, as in docs/settings.md."""
    from dash_app.settings import settings_page

    if output is None:
        click.echo(settings_page(), nl=False)
    else:
        output.write_text(settings_page(), encoding="utf-8")
        click.echo(f"wrote {output}")


@cli.command()
def check() -> None:
    """Read the settings, verify what is in force, open the store; start nothing."""
    from dash_app.champion import Champion
    from dash_app.settings import load_settings
    from dash_app.store.engine import Store

    loaded = load_settings()
    serving = Champion(loaded.paths, currency=loaded.currency).current()
    Store(loaded.store_path).prepare()
    clients = len(serving.book) if serving.book else 0
    click.echo(f"ready: bundle {serving.bundle.digest[:12]}, {clients} clients, store {loaded.store_path}")


if __name__ == "__main__":
    cli(prog_name="python -m dash_app")
