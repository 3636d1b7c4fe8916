"""How gunicorn serves the product; used by the Procfile, ``make serve`` and the tests.

LightGBM and fork live together under one rule: one OpenMP thread, set before the library is
loaded. The application, the bundle and the client book are loaded once before the fork, so
that workers share their pages; nothing is scored before the fork.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before anything imports LightGBM

from dash_app.lean import import_lightgbm_alone
from dash_app.settings import load_settings
from model.errors import PadError

import_lightgbm_alone()
try:
    _settings = load_settings()
except PadError as error:
    sys.stderr.write(f"error: {error.detail}\n")
    sys.exit(1)

wsgi_app = "wsgi:server"
bind = f"{_settings.bind_host}:{_settings.port}"
workers = _settings.workers
threads = _settings.threads
worker_class = "gthread"
preload_app = True
control_socket_disable = True
keepalive = 30
timeout = 60
graceful_timeout = 20
limit_request_line = 8_190
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
loglevel = _settings.log_level.lower()
accesslog = None


def when_ready(_server: Any) -> None:
    """Before the fork: what lives now is never collected, so its pages stay shared."""
    gc.collect()
    gc.freeze()
