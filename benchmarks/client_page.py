"""Server side of one change of client: every callback that the browser sends, through the whole stack.

    PAD_HOME=var python benchmarks/client_page.py [--clients 200]

For each of random waiting and labelled files: the router, the frame's standing, the page of the
file. Requests go through Flask with guard, record, JSON and compression; the network and the
browser are not counted. Prints median, p95 and the compressed weight.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import time
from typing import Any

from flask.testing import FlaskClient

import wsgi
from dash_app.settings import load_settings

ORIGIN = {"Origin": "http://127.0.0.1", "Host": "127.0.0.1", "Accept-Encoding": "br, zstd, gzip"}
URL = "/_dash-update-component"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--language", choices=["fr", "en"], default="fr")
    asked = parser.parse_args()

    server = wsgi.build(load_settings())
    browser = server.test_client()
    browser.post("/sign-in/demo", data={"role": "advisor"}, headers=ORIGIN)
    ids = server.extensions["pad_champion"].current().clients().ids
    chosen = random.Random(4).choices(ids.tolist(), k=asked.clients + 10)
    gc.collect()
    gc.freeze()  # as gunicorn.conf.py does before the fork
    times, busy, weights = [], [], []
    for client_id in chosen:
        start, work = time.perf_counter(), time.process_time()
        weight = sum(send(browser, body) for body in bodies(client_id, asked.language))
        times.append(1000 * (time.perf_counter() - start))
        busy.append(1000 * (time.process_time() - work))
        weights.append(weight)
    times, busy, weights = times[10:], busy[10:], weights[10:]
    print(f"clients            {len(times)}")
    print(f"median             {statistics.median(times):.1f} ms")
    print(f"p95                {p95(times):.1f} ms")
    print(f"p95 of CPU time    {p95(busy):.1f} ms (what a quiet machine would need)")
    print(f"compressed weight  {max(weights) / 1000:.1f} kB at most")


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values)) - 1]


def send(browser: FlaskClient, body: dict[str, Any]) -> int:
    """Send one callback; the compressed size of its answer."""
    answer = browser.post(URL, data=json.dumps(body), content_type="application/json", headers=ORIGIN)
    if answer.status_code != 200:
        raise SystemExit(
            f"{body['output']} answered {answer.status_code}: {answer.get_data(as_text=True)[:300]}"
        )
    return len(answer.get_data())


def bodies(client_id: int, language: str) -> list[dict[str, Any]]:
    """The callbacks of one change of client, as the browser sends them."""
    path = f"/client/{client_id}"
    return [
        callback(
            ["_pages_content.children", "_pages_store.data"],
            [
                ("_pages_location", "pathname", path),
                ("_pages_location", "search", ""),
                ("language", "data", language),
            ],
        ),
        callback(
            ["fiction.children", "banner.children", "side-count.children", "menu-count.children"],
            [("_pages_location", "pathname", path)],
            [("language", "data", language)],
        ),
        callback(
            ["client-body.children"],
            [("client-asked", "data", {"client_id": client_id})],
            [("language", "data", language)],
        ),
    ]


def callback(
    outputs: list[str],
    inputs: list[tuple[str, str, Any]],
    state: list[tuple[str, str, Any]] | None = None,
) -> dict[str, Any]:
    """Body of one callback request."""
    parts = [dict(zip(("id", "property"), output.split("."), strict=True)) for output in outputs]
    several = len(outputs) > 1
    return {
        "output": f"..{'...'.join(outputs)}.." if several else outputs[0],
        "outputs": parts if several else parts[0],
        "inputs": [{"id": i, "property": p, "value": v} for i, p, v in inputs],
        "state": [{"id": i, "property": p, "value": v} for i, p, v in state or []],
        "changedPropIds": [f"{inputs[0][0]}.{inputs[0][1]}"],
    }


if __name__ == "__main__":
    main()
