"""Every figure of ``docs/benchmarks.md``, one after the other.

    PAD_HOME=var python -m benchmarks [ARCHIVE]

Measures what is in force in ``PAD_HOME``; with ARCHIVE also ingest and features on it. Each
part is a process of its own and can be run alone; its module says how.
"""

from __future__ import annotations

import os
import subprocess
import sys

import click

from model.home import Home


@click.command()
@click.argument("archive", required=False, type=click.Path(exists=True))
def main(archive: str | None) -> None:
    """Run all benchmarks on PAD_HOME, and on ARCHIVE where one is given."""
    home = str(Home.from_environment().root)
    parts: list[tuple[str, list[str]]] = [
        ("Pages: server side of one change of client", ["benchmarks.client_page"]),
        ("API: predictions under load", ["benchmarks.predict_load", home]),
        ("Start and memory, 356,255 clients", ["benchmarks.startup", home, "--clients", "356255"]),
        ("Weight of the pages", ["benchmarks.weight", home]),
        ("Explanations: one client, 5,000 clients", ["benchmarks.explain", home]),
    ]
    if archive:
        parts += [
            ("Features: batch, oracle, one client", ["benchmarks.features", archive]),
            ("Ingest and fictional portfolio", ["benchmarks.ingest", archive]),
        ]
    failed = []
    for title, command in parts:
        click.echo(f"\n## {title}\n$ python -m {' '.join(command)}")
        ended = subprocess.run(
            [sys.executable, "-m", *command], check=False, env=os.environ | {"PAD_HOME": home}
        )
        if ended.returncode:
            failed.append(command[0])
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
