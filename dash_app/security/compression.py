"""Compressed answers; the static files of Dash are compressed once a process, not once a request."""

from __future__ import annotations

import threading

from dash.fingerprint import check_fingerprint
from flask import Flask, Request
from flask_compress import Compress

_DYNAMIC = "-"


class StaticCache:
    """Compressed static files by algorithm and versioned address; anything else is never kept."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(_DYNAMIC) and key not in self._kept:
            with self._lock:
                self._kept[key] = value


def cache_key(request: Request) -> str:
    """The path of a fingerprinted file of Dash, else the mark of what must not be kept."""
    if request.path.startswith("/_dash-component-suites/") and check_fingerprint(request.path)[1]:
        return request.path
    return _DYNAMIC


def register_compression(server: Flask) -> None:
    """Compress answers of 500 bytes or more by brotli or gzip."""
    server.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "deflate"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_CACHE_BACKEND=StaticCache,
        COMPRESS_CACHE_KEY=cache_key,
        COMPRESS_STREAMING_ENDPOINT_CONDITIONAL=["_dash_assets.static"],
    )
    Compress(server)
