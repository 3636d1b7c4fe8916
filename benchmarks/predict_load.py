"""Requests a second of ``POST /api/predict`` with random ids, record included.

Starts the server as the Procfile does, with a store of its own, and drives it from this
process over keep-alive connections, one thread each. Load generator and server share the
machine's cores: the figure is a lower bound of the server's own.

    python -m benchmarks.predict_load HOME [--seconds 15] [--connections 16] [--workers 2]
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from benchmarks.server import running
from model.home import Home
from model.pointer import read_pointer

WARM_SECONDS = 2.0


@dataclass
class Tally:
    """What one connection saw."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@click.command()
@click.argument("home", type=click.Path(exists=True, file_okay=False, path_type=Path), default="var")
@click.option("--seconds", default=15.0, show_default=True)
@click.option("--connections", default=16, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--route", type=click.Choice(["predict", "explain"]), default="predict", show_default=True)
def main(home: Path, seconds: float, connections: int, workers: int, route: str) -> None:
    """Measure predictions a second on what is in force in HOME."""
    found = measure(home, seconds=seconds, connections=connections, workers=workers, route=route)
    load = f"{workers} workers, {connections} connections, {seconds:.0f} s"
    click.echo(
        f"/api/{route}: {found['rate']:.0f} requests/s, p50 {found['p50']:.1f} ms, "
        f"p99 {found['p99']:.1f} ms, {found['errors']} errors ({load})"
    )


def measure(
    home: Path, *, seconds: float, connections: int, workers: int, route: str = "predict"
) -> dict[str, float]:
    """Rate, latencies in milliseconds, and the number of answers that were not 200."""
    clients = _clients(home)
    with running(home, workers=workers) as server:
        _drive(server.port, route, clients, connections, WARM_SECONDS)
        tallies, elapsed = _drive(server.port, route, clients, connections, seconds)
    milliseconds = np.array([1000 * took for tally in tallies for took in tally.seconds])
    errors = [error for tally in tallies for error in tally.errors]
    for error in errors[:3]:
        click.echo(error, err=True)
    return {
        "rate": len(milliseconds) / elapsed,
        "p50": float(np.percentile(milliseconds, 50)),
        "p99": float(np.percentile(milliseconds, 99)),
        "errors": len(errors),
    }


def _clients(home: Path) -> list[int]:
    pointer = read_pointer(Home(home.resolve()))
    if pointer is None or pointer.book is None:
        raise click.ClickException(f"nothing is in force in {home}: run `make run` first")
    return np.load(home / "books" / pointer.book / "ids.npy").tolist()


def _drive(
    port: int, route: str, clients: list[int], connections: int, seconds: float
) -> tuple[list[Tally], float]:
    tallies = [Tally() for _ in range(connections)]
    begun = time.perf_counter()
    threads = [
        threading.Thread(target=_call, args=(port, route, clients, begun + seconds, seed, tally))
        for seed, tally in enumerate(tallies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tallies, time.perf_counter() - begun


def _call(port: int, route: str, clients: list[int], until: float, seed: int, tally: Tally) -> None:
    """One keep-alive connection, spoken by hand: the generator must not cost more than the server."""
    draw = random.Random(seed)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        while time.perf_counter() < until:
            body = json.dumps({"client_id": draw.choice(clients)}).encode()
            begun = time.perf_counter()
            connection.sendall(
                b"POST /api/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (route.encode(), port, len(body), body)
            )
            status, answer = _read(stream)
            if status == 200:
                tally.seconds.append(time.perf_counter() - begun)
            else:
                tally.errors.append(f"{status} {answer[:200]!r}")


def _read(stream: object) -> tuple[int, bytes]:
    readline, read = stream.readline, stream.read  # type: ignore[attr-defined]
    status = int(readline().split()[1])
    length = 0
    while (line := readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return status, read(length)


if __name__ == "__main__":
    main()
