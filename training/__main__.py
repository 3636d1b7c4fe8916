"""Command line of the training room: ``python -m training COMMAND --help``.

Exit codes: 0 done, 1 refused or failed (one message), 2 usage. Each command ends with
one line that names what it wrote. Modules are imported inside the commands, so that
``--help`` and skipped steps cost nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from model.errors import PadError
from model.home import Home


def _home() -> Home:
    """``PAD_HOME`` of the environment or of a ``.env`` file, as the server reads it."""
    from dotenv import dotenv_values

    return Home.from_environment({**dotenv_values(".env"), **os.environ})


class _Commands(click.Group):
    """Turns the product's own errors, and those of the disk, into exit code 1 and one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PadError as error:
            click.echo(f"error: {error.detail}", err=True)
            ctx.exit(1)
        except OSError as error:  # a full disk, a folder of another user
            if not error.filename:
                raise
            click.echo(f"error: {error.filename}: {error.strerror}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands)
def cli() -> None:
    """Make the score: ingest, features, training, registry, bundle, client book."""


@cli.command("run")
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--clients", default=20_000, show_default=True, help="Size of the fictional portfolio.")
@click.option("--seed", default=7, show_default=True, help="Seed of the fictional portfolio.")
@click.option("--allow-missing", multiple=True, metavar="TABLE", help="A table that the archive may lack.")
def run_command(source: Path | None, clients: int, seed: int, allow_missing: tuple[str, ...]) -> None:
    """Do the whole line for SOURCE (a zip or folder; default: the fictional portfolio).

    Steps whose inputs did not change are skipped; a stopped run goes on where it was.
    """
    from training.pipeline import run
    from training.progress import spoken

    home = _home()
    closing = run(home, source, clients=clients, seed=seed, allow_missing=allow_missing, progress=spoken())
    click.echo(closing)


@cli.command("ingest")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--allow-missing", multiple=True, metavar="TABLE", help="A table that the archive may lack.")
def ingest_command(source: Path, allow_missing: tuple[str, ...]) -> None:
    """Read SOURCE (a zip, or a folder of CSV or Parquet) into typed tables, or refuse it whole.

    The message of a refusal names table, line and column. The former tables stay until the
    new ones are complete.
    """
    from training.ingest import ingest
    from training.lock import exclusive
    from training.progress import spoken

    home = _home()
    with exclusive(home, "ingest"):
        report = ingest(source, home, allow_missing=allow_missing, progress=spoken())
    click.echo(f"wrote {home.lake}: {len(report.tables)} tables, {report.rows:,} rows")


@cli.command("portfolio")
@click.option("--clients", default=20_000, show_default=True, help="Number of fictional clients.")
@click.option("--seed", default=7, show_default=True, help="Same seed and number, same portfolio.")
def portfolio_command(clients: int, seed: int) -> None:
    """Write a fictional archive of the seven tables, to be ingested like a real one."""
    from training.portfolio import write_portfolio
    from training.progress import spoken

    home = _home()
    write_portfolio(home.portfolio, clients=clients, seed=seed, progress=spoken())
    click.echo(f"wrote {home.portfolio}: {clients:,} fictional clients")


@cli.command("features")
def features_command() -> None:
    """Compute the feature matrix of every client of the lake, and the vocabulary of its text columns."""
    from training.lock import exclusive
    from training.matrix import build_matrix
    from training.progress import spoken

    home = _home()
    with exclusive(home, "features"):
        written = build_matrix(home, progress=spoken())
    click.echo(f"wrote {written}")


@cli.command("train")
@click.option("--seed", default=0, show_default=True, help="Same seed and data, same model.")
def train_command(seed: int) -> None:
    """Cross-validate, calibrate, evaluate, refit; register the version with its bundle.

    The first version becomes champion; later ones wait as candidate until `promote`.
    """
    from training.progress import spoken
    from training.train import train

    home = _home()
    click.echo(f"registered {train(home, seed=seed, progress=spoken())}")


@cli.command("pull")
def pull_command() -> None:
    """Put the champion in force here: download, verify, check, client book, pointer."""
    from training.progress import spoken
    from training.registry import pull

    home = _home()
    click.echo(f"wrote {home.pointer}: {pull(home, progress=spoken())}")


@cli.command("clients")
def clients_command() -> None:
    """Make a new client book from the lake for the model in force, and put it in force."""
    from training.clients import make_book
    from training.progress import spoken

    home = _home()
    pointer = make_book(home, progress=spoken())
    click.echo(
        f"wrote {home.pointer}: bundle {pointer.bundle[:12]}, client book {(pointer.book or 'none')[:12]}"
    )


@cli.command("promote")
@click.argument("version")
@click.option(
    "--force", metavar="REASON", help="Promote it although the rule refuses it; the reason is kept."
)
@click.option("--dry-run", is_flag=True, help="Show the comparison and change nothing.")
def promote_command(version: str, force: str | None, dry_run: bool) -> None:
    """Make VERSION the champion and put it in force; `rollback` returns to the one before.

    It is compared with the champion out of fold. A version that is not better is refused, and one
    that reads an excluded group always is. Who, when and why is kept with the version.
    """
    from training.progress import spoken
    from training.registry import compare_with_champion, promote

    home = _home()
    if dry_run:
        click.echo(compare_with_champion(home, version).table())
        return
    click.echo(f"wrote {home.pointer}: {promote(home, version, force=force, progress=spoken())}")


@cli.command("compare")
@click.argument("version")
def compare_command(version: str) -> None:
    """Compare VERSION with the champion as `promote` would, and change nothing."""
    from training.registry import compare_with_champion

    click.echo(compare_with_champion(_home(), version).table())


@cli.command("rollback")
@click.option("--reason", default="rollback", show_default=True, help="Why; kept with the version.")
def rollback_command(reason: str) -> None:
    """Put the champion before this one back in force (`demote` is the same command)."""
    from training.progress import spoken
    from training.registry import rollback

    home = _home()
    click.echo(f"wrote {home.pointer}: {rollback(home, because=reason, progress=spoken())}")


cli.add_command(rollback_command, "demote")


@cli.command("challenger")
@click.option("--seed", default=0, show_default=True, help="The champion's seed gives the champion's folds.")
def challenger_command(seed: int) -> None:
    """Train the kernel as it was beside the champion; registered for comparison, never put in force."""
    from training.challenger import REPLICA, train_challenger
    from training.progress import spoken

    version = train_challenger(_home(), seed=seed, progress=spoken())
    click.echo(f"registered credit-scoring version {version} ({REPLICA}), alias challenger")


@cli.command("release")
@click.option(
    "--repeats", default=3, show_default=True, type=click.IntRange(1, 10), help="Of the pruning curve."
)
def release_command(repeats: int) -> None:
    """Search what a release rests on: pruning, alternatives, age, stability. Long; goes on when run again.

    Writes the number of features that the rule chooses to recipe.json; everything else is tabled
    for the lender and never applied.
    """
    from training.progress import spoken
    from training.recipe import RECIPE
    from training.release import release, table

    home = _home()
    result = release(home, seeds=tuple(range(repeats)), progress=spoken())
    click.echo("\n".join(table(result)))
    click.echo(f"wrote {home.root / RECIPE}: {result['pruning']['chosen']} features")


@cli.command("compare-imbalance")
@click.option("--only", type=click.Choice(["models", "imbalance"]), help="One of the two tables.")
@click.option("--repeats", type=click.IntRange(1, 10), default=3, show_default=True, help="Of the models.")
@click.option("--skip", multiple=True, metavar="TREATMENT", help="A row to leave out, e.g. smotenc.")
def compare_imbalance_command(only: str | None, repeats: int, skip: tuple[str, ...]) -> None:
    """Compare models, and treatments of class imbalance, in the same folds.

    Two tables, each an MLflow run with one nested run a row: dummy, logistic regression, the
    champion's recipe and the kernel's whole matrix; then weights, under- and over-sampling,
    SMOTE and SMOTENC (slow) against no treatment, once. What was computed is not computed
    again: a stopped comparison goes on where it was.
    """
    from training.progress import spoken

    home = _home()
    if only != "imbalance":
        from training import comparison

        found = comparison.compare_models(home, seeds=range(repeats), progress=spoken())
        click.echo("\n".join(comparison.table(found)))
    if only != "models":
        from training import imbalance

        found = imbalance.compare_imbalance(home, skip=skip, progress=spoken())
        click.echo("\n".join(imbalance.table(found)))
    click.echo(f"wrote {home.mlflow}: runs and result.json (`make mlflow`)")


@cli.command("tune")
@click.option("--trials", default=60, show_default=True, help="Trials that the study shall hold in all.")
@click.option("--minutes", default=30.0, show_default=True, help="After which no further trial begins.")
@click.option("--seed", default=0, show_default=True, help="Of the search.")
def tune_command(trials: int, minutes: float, seed: int) -> None:
    """Search the parameters of the trees; adopt them for the next training if surely better.

    Every trial is kept in tuning/optuna.db: a stopped search goes on where it was, also after
    Ctrl-C; other data start another study.
    """
    from training.progress import spoken
    from training.tuning import summary, tune

    home = _home()
    found = tune(home, trials=trials, minutes=minutes, seed=seed, progress=spoken())
    click.echo("\n".join(summary(found)))
    written = home.root / "recipe.json" if found["adopted"] else home.root / "tuning"
    click.echo(f"wrote {written}")


@cli.command("report")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder.  [default: report/ in PAD_HOME]"
)
def report_command(out: Path | None) -> None:
    """Set the papers of the champion: methodological note, slides, model card.

    Every figure is read from its MLflow run, its bundle and the newest searches of its data.
    """
    from training.progress import spoken
    from training.report import make_report

    home = _home()
    folder = out or home.root / "report"
    made = make_report(home, folder, progress=spoken())
    click.echo(f"wrote {folder}: {', '.join(path.name for path in made)}")


if __name__ == "__main__":
    cli(prog_name="python -m training")
