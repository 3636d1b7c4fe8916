"""The server as it is started: gunicorn, workers, headers, caches, and what it refuses to do."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from model.home import Home
from model.pointer import read_pointer, replace_pointer
from tests.integration.conftest import Program, Visitor, make_home
from tests.integration.test_champion import damage, second_bundle
from tests.serving import ROOT, Server, served

PRODUCTION = {
    "PAD_ENV": "production",
    "PAD_SECRET_KEY": "kJ8s0-Vh3x_Qm2Zt7LrN5wYbD1cGfE9u",
    "PAD_ALLOWED_HOSTS": "127.0.0.1",
    "PAD_HOST": "127.0.0.1",
}


def call(server: Server, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
    """One request on its own connection; the answer has ``body``."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def predict(server: Server, client: int, **headers: str) -> Any:
    body = json.dumps({"client_id": client}).encode()
    return call(server, "POST", "/api/predict", body, Content_Type="application/json", **headers)


def raw(server: Server, request: bytes) -> bytes:
    """Bytes sent as they are; what comes back until the server closes."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def running(own_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(own_home, tmp_path_factory.mktemp("log") / "server.log", PAD_WORKERS="2") as server:
        yield server


def start(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start the server where it is expected to give up."""
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:server"],
        cwd=ROOT,
        env={**os.environ, "PAD_HOME": str(home), "PORT": "18999", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


# Starting -------------------------------------------------------------------------------


def test_the_procfile_and_the_tests_start_the_same_thing() -> None:
    assert (ROOT / "Procfile").read_text().strip() == (
        "web: OMP_NUM_THREADS=1 gunicorn -c gunicorn.conf.py wsgi:server"
    )


def test_a_demonstration_with_nothing_to_serve_starts_and_says_so(tmp_path: Path) -> None:
    with served(Home(tmp_path / "empty"), tmp_path / "log", ready=False) as server:
        ready = call(server, "GET", "/health/ready")
        asked = predict(server, 900001, Accept_Language="fr")

    assert (ready.status, json.loads(ready.body)["bundle"]) == (503, "missing")
    assert (asked.status, json.loads(asked.body)["code"]) == (503, "nothing_to_serve")


def test_FLT5_production_with_nothing_to_serve_exits_1_with_one_line(tmp_path: Path) -> None:
    ended = start(tmp_path, **PRODUCTION)

    errors = [line for line in ended.stderr.splitlines() if line.startswith("error:")]
    assert ended.returncode == 1
    assert len(errors) == 1 and "training" in errors[0]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"PAD_SECRET_KEY": ""}, "PAD_SECRET_KEY"),
        ({"PAD_ALLOWED_HOSTS": ""}, "PAD_ALLOWED_HOSTS"),
        ({"PAD_ENV": "demo", "PAD_HOST": "0.0.0.0"}, "loopback"),
        ({"PAD_WORKER": "3"}, "PAD_WORKERS"),
    ],
)
def test_a_setting_that_is_not_acceptable_exits_1_with_one_line(
    tmp_path: Path, changes: dict[str, str], name: str
) -> None:
    ended = start(tmp_path, **{**PRODUCTION, **changes})

    assert ended.returncode == 1
    assert name in ended.stderr and "Traceback" not in ended.stderr


def test_FLT17_a_store_of_another_version_exits_1_with_one_line(own_home: Home, tmp_path: Path) -> None:
    import sqlite3

    from dash_app.store.engine import Store

    path = tmp_path / "newer.db"
    Store(path).prepare()
    with sqlite3.connect(path) as store:
        store.execute("insert into schema_versions values (99, '2030-01-01T00:00:00.000000Z')")

    ended = start(own_home.root, PAD_DATABASE_URL=f"sqlite:///{path}")

    assert ended.returncode == 1
    assert "layout 99" in ended.stderr and "Traceback" not in ended.stderr


def test_production_has_no_demonstration_user_and_no_open_api(own_home: Home, tmp_path: Path) -> None:
    with served(own_home, tmp_path / "log", **PRODUCTION) as server:
        origin = {"Origin": server.url}
        signed = call(
            server,
            "POST",
            "/sign-in/demo",
            b"role=advisor",
            Content_Type="application/x-www-form-urlencoded",
            **origin,
        )
        api = predict(server, 900001)
        document = call(server, "GET", "/api/openapi.json")

    assert signed.status == 404 and "Set-Cookie" not in signed.headers
    assert api.status == 401
    assert document.status == 200
    assert "max-age=31536000" in document.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(("surface", "pages", "api"), [("pages", 302, 404), ("api", 404, 200)])
def test_each_surface_can_be_deployed_alone(
    own_home: Home, tmp_path: Path, surface: str, pages: int, api: int
) -> None:
    with served(own_home, tmp_path / "log", PAD_SURFACES=surface) as server:
        page = call(server, "GET", "/", Accept="text/html")
        model = call(server, "GET", "/api/model")
        callback = call(server, "POST", "/_dash-update-component", b"{}", Content_Type="application/json")

    assert page.status == pages
    assert model.status == api
    assert (callback.status == 404) == (surface == "api")


def _command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dash_app", *words],
        cwd=ROOT,
        env={**os.environ, "PAD_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_check_says_what_would_be_served_and_exits_0_or_1_or_2(own_home: Home, tmp_path: Path) -> None:
    good, nothing, usage = (
        _command(own_home.root, "check"),
        _command(tmp_path, "check"),
        _command(tmp_path, "chekc"),
    )

    assert (good.returncode, nothing.returncode, usage.returncode) == (0, 1, 2)
    assert good.stdout.startswith("ready: bundle ") and "2000 clients" in good.stdout
    assert nothing.stderr.count("\n") == 1 and nothing.stderr.startswith("error: nothing to serve")


WEB_PROCESS = """
import sys, json
from dash_app.lean import import_lightgbm_alone
import_lightgbm_alone()
import wsgi
program = wsgi.server.test_client()
answers = [
    program.post("/api/predict", json={"client_id": 900001}, base_url="http://127.0.0.1:8050").status_code,
    program.get("/api/model", base_url="http://127.0.0.1:8050").status_code,
    program.get("/api/docs", base_url="http://127.0.0.1:8050").status_code,
]
print(json.dumps({"answers": answers, "modules": sorted({name.split(".")[0] for name in sys.modules})}))
"""


def test_a_web_worker_loads_no_training_library(own_home: Home) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS],
        cwd=ROOT,
        env={**os.environ, "PAD_HOME": str(own_home.root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ended.stdout.splitlines()[-1])

    assert told["answers"] == [200, 200, 200]
    unwanted = {
        "mlflow",
        "shap",
        "imblearn",
        "matplotlib",
        "sklearn",
        "pandas",
        "duckdb",
        "optuna",
        "training",
    }
    assert not unwanted & set(told["modules"])
    assert "lightgbm" in told["modules"]


# Workers --------------------------------------------------------------------------------


def test_FLT45_forked_workers_answer_under_load_with_the_same_bits(running: Server) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda client: predict(running, 900001 + client % 5), range(120)))

    assert {answer.status for answer in answers} == {200}
    found = {json.loads(answer.body)["client_id"]: set() for answer in answers}
    for answer in answers:
        body = json.loads(answer.body)
        found[body["client_id"]].add(body["probability_of_default"])
    assert all(len(values) == 1 for values in found.values())


def test_no_connection_of_the_store_crosses_the_fork(running: Server) -> None:
    descriptors = Path(f"/proc/{running.process.pid}/fd")
    if not descriptors.is_dir():
        pytest.skip("no /proc here")

    assert [found for fd in descriptors.iterdir() if "store.db" in (found := os.readlink(fd))] == []


def test_every_request_has_its_own_id(running: Server) -> None:
    names = {call(running, "GET", "/health/live").headers["X-Request-Id"] for _ in range(20)}

    assert len(names) == 20 and all(re.fullmatch(r"[0-9a-f]{32}", name) for name in names)


def test_FLT7_the_model_is_swapped_under_load_without_a_restart_or_a_5xx(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    first = read_pointer(home)
    assert first is not None
    bundle, book = second_bundle(home)
    answers: list[Any] = []
    stop = threading.Event()

    with served(home, tmp_path / "log", PAD_WORKERS="2") as server:

        def load() -> None:
            while not stop.is_set():
                answers.append(predict(server, 900100))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        _until(lambda: len(answers) > 40)
        replace_pointer(home, bundle=bundle, book=book)
        _until(lambda: sum(_versions(answer)["model"] == "second" for answer in answers) > 40)
        stop.set()
        for thread in threads:
            thread.join()

    assert {answer.status for answer in answers} == {200}
    pairs = {(version["bundle"], version["clients"]) for version in map(_versions, answers)}
    assert pairs == {
        (f"sha256:{first.bundle}", f"sha256:{first.book}"),
        (f"sha256:{bundle}", f"sha256:{book}"),
    }


def test_FLT1_a_damaged_new_bundle_changes_nothing_but_what_ready_says(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    bundle, book = second_bundle(home)
    damage(home.bundles / bundle / "booster.txt")

    with served(home, tmp_path / "log", PAD_WORKERS="2") as server:
        before = predict(server, 900100)
        replace_pointer(home, bundle=bundle, book=book)
        after = [predict(server, 900100) for _ in range(12)]
        ready = call(server, "GET", "/health/ready")

    assert {_versions(answer)["bundle"] for answer in after} == {_versions(before)["bundle"]}
    assert (ready.status, json.loads(ready.body)["bundle"]) == (200, "refused")
    assert "booster.txt" in json.loads(ready.body)["detail"]


def _versions(answer: Any) -> dict[str, str]:
    return json.loads(answer.body).get("versions", {})


def _until(holds: Callable[[], bool], seconds: float = 40) -> None:
    import time

    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "the condition did not come true"
        time.sleep(0.02)


# Bodies over the wire -------------------------------------------------------------------


def test_THR7_a_chunked_body_is_411_and_nothing_is_stored(running: Server, own_home: Home) -> None:
    import sqlite3

    with sqlite3.connect(own_home.store) as store:
        before = store.execute("select count(*) from assessments").fetchone()
    body = b'{"client_id": 900001}'
    for path in (b"/api/predict", b"/api/predict/batch", b"/_dash-update-component"):
        answer = raw(
            running,
            b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (path, len(body), body),
        )
        assert answer.startswith(b"HTTP/1.1 411"), path

    with sqlite3.connect(own_home.store) as store:
        assert store.execute("select count(*) from assessments").fetchone() == before


def test_THR7_a_body_with_two_lengths_is_400(running: Server) -> None:
    answer = raw(
        running,
        b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 400")


def test_THR7_a_body_over_the_cap_is_413_before_it_is_read(running: Server) -> None:
    answer = raw(
        running,
        b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 8000001\r\nConnection: close\r\n\r\n{",
    )

    assert answer.startswith(b"HTTP/1.1 413")


# Headers --------------------------------------------------------------------------------

ADDRESSES = [
    "/",
    "/sign-in",
    "/nope",
    "/api/model",
    "/api/nope",
    "/api/docs",
    "/api/openapi.json",
    "/health/live",
    "/health/ready",
    "/assets/ux.css",
    "/assets/nope.css",
    "/_dash-layout",
    "/_dash-dependencies",
    "/_reload-hash",
    "/_favicon.ico",
    "/_dash-component-suites/dash/nope.js",
    "/_dash-component-suites/nope/x.js",
    "/_dash-component-suites/dash/../../etc/passwd",
]


@pytest.mark.parametrize("path", ADDRESSES)
def test_THR20_the_headers_are_on_every_answer_and_nothing_is_a_5xx(
    as_role: Callable[[str], Visitor], path: str
) -> None:
    for role in ("visitor", "advisor"):
        answer = as_role(role).get(path, headers={"Accept": "text/html"})

        assert answer.status_code < 500
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])


def test_THR21_the_script_policy_has_hashes_and_no_way_around_them(visitor: Visitor) -> None:
    policy = visitor.get("/sign-in").headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))

    assert "unsafe" not in scripts and "http" not in scripts and "*" not in policy
    assert policy.startswith("default-src 'none'")


def test_THR21_every_inline_script_of_a_page_is_in_the_policy(visitor: Visitor) -> None:
    import base64
    import hashlib

    answer = visitor.get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", answer.text, flags=re.S)
    executed = [text for attributes, text in inline if "application/json" not in attributes]

    assert executed
    for text in executed:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy, text[:80]


def test_THR21_data_may_run_nothing(program: Program) -> None:
    assert (
        program.get("/api/model").headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    )


@pytest.mark.parametrize(
    "path", ["/_dash-component-suites/dash/nope.js", "/_dash-component-suites/os/path.py"]
)
def test_THR22_an_unknown_file_of_a_suite_is_404(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_THR22_no_door_of_dash_is_open_beyond_the_table(app: Any) -> None:
    dash = app.extensions["pad_dash"]

    assert not dash._enable_mcp and not dash._dev_tools.ui
    assert {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/_")} == {
        "/_dash-layout",
        "/_dash-dependencies",
        "/_dash-update-component",
        "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
        "/_reload-hash",
        "/_favicon.ico",
    }


# First and second visit -----------------------------------------------------------------


def _scripts(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/(?:_dash-component-suites|assets)/[^"]+)"', page)


def test_a_second_visit_downloads_no_script_again(visitor: Visitor) -> None:
    addresses = _scripts(visitor.get("/sign-in").text)
    assert len(addresses) > 5
    for address in addresses:
        answer = visitor.get(address)
        assert answer.status_code == 200, address
        if "/fonts/" not in address and "favicon" not in address:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address


def test_a_file_without_a_version_in_its_address_is_revalidated_not_sent_again(visitor: Visitor) -> None:
    for address in ("/assets/ux.css", "/_dash-component-suites/dash/dcc/async-graph.js"):
        first = visitor.get(address, headers={"Accept-Encoding": "br"})
        assert first.status_code == 200 and "max-age=3600" in first.headers["Cache-Control"]

        again = visitor.get(
            address, headers={"Accept-Encoding": "br", "If-None-Match": first.headers["ETag"]}
        )

        assert again.status_code == 304 and not again.data


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_scripts_and_pages_travel_compressed(visitor: Visitor, encoding: str) -> None:
    page = visitor.get("/sign-in", headers={"Accept-Encoding": encoding})
    renderer = next(address for address in _scripts(visitor.get("/sign-in").text) if "renderer" in address)
    whole = visitor.get(renderer)
    packed = [visitor.get(renderer, headers={"Accept-Encoding": encoding}) for _ in range(2)]

    assert page.headers["Content-Encoding"] == encoding
    assert all(answer.headers["Content-Encoding"] == encoding for answer in packed)
    assert packed[0].data == packed[1].data and len(packed[0].data) < len(whole.data) / 2
    assert "Accept-Encoding" in packed[0].headers["Vary"]


def test_THR19_what_is_personal_is_kept_by_no_cache(
    as_role: Callable[[str], Visitor], program: Program
) -> None:
    browser = as_role("advisor")
    for path in ("/", "/_dash-layout", "/api/model", "/client/900001"):
        assert browser.get(path).headers["Cache-Control"] == "no-store"
    assert program.post("/api/predict", {"client_id": 900001}).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("cookie", "asked", "language"),
    [("en", "fr", "en"), ("fr", "en", "fr"), (None, "en", "en"), ("xx", "en", "en")],
)
def test_language_is_in_the_first_byte_of_the_document(
    visitor: Visitor, cookie: str | None, asked: str, language: str
) -> None:
    if cookie:
        visitor.client.set_cookie("pad_language", cookie, domain="127.0.0.1")

    assert f'<html lang="{language}"' in visitor.get("/sign-in", headers={"Accept-Language": asked}).text


@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', "light")])
def test_theme_is_in_the_first_byte_of_the_document(visitor: Visitor, cookie: str, theme: str) -> None:
    visitor.client.set_cookie("pad_theme", cookie, domain="127.0.0.1")

    page = visitor.get("/sign-in").text

    assert f'data-bs-theme="{theme}"' in page and '"><script>' not in page


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nope", 404), ("/client/42", 404), ("/client/x", 404), ("/client/900001", 200), ("/", 200)],
)
def test_an_unknown_page_or_file_is_404_in_the_frame(
    as_role: Callable[[str], Visitor], path: str, status: int
) -> None:
    answer = as_role("advisor").get(path, headers={"Accept": "text/html"})

    assert answer.status_code == status
    assert "react-entry-point" in answer.text


def test_an_error_page_of_a_document_is_html_in_the_language_asked(app: Any) -> None:
    visitor = Visitor(app)

    answer = visitor.client.get(
        "/assets/nope.css",
        base_url="http://127.0.0.1:8050",
        headers={"Accept-Language": "en", "Accept": "text/html"},
    )

    assert answer.status_code == 404 and answer.mimetype == "text/html"
    assert '<html lang="en"' in answer.text and "Traceback" not in answer.text


def test_nothing_was_left_behind(own_home: Home) -> None:
    """The pointer, the store and the key are all that serving writes beside the data."""
    written = {path.name for path in own_home.root.iterdir()}

    assert written <= {
        "bundles",
        "books",
        "current.json",
        "secret.key",
        "store.db",
        "store.db-wal",
        "store.db-shm",
        "store.lock",
    }
