"""Command line of the training room: ``python -m training COMMAND --help``.

Exit codes: 0 done, 1 refused or failed (one message), 2 usage. Each command ends with
one line that names what it wrote. Modules are imported inside the commands, so that
``--help`` and skipped steps cost nothing.
"""

from __future__ import annotations

import sys

import click

from model.errors import PadError


class _Commands(click.Group):
    """Turns the product's own errors into exit code 1 and one line."""

    def main(self, *args: object, **kwargs: object) -> None:  # type: ignore[override]
        try:
            super().main(*args, **kwargs)  # type: ignore[arg-type]
        except PadError as error:
            click.echo(f"error: {error.detail}", err=True)
            sys.exit(1)


@click.group(cls=_Commands)
def cli() -> None:
    """Make the score: ingest, features, training, registry, bundle, client book."""


if __name__ == "__main__":
    cli(prog_name="python -m training")
