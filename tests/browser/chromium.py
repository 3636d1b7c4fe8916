"""Find a Chromium for the browser tests, or get one.

Order: ``PAD_CHROMIUM``, the system's, the one Playwright has, Playwright's own download,
Debian's package when run as root. Otherwise one message says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of a usable Chromium, or ``None``."""
    named = os.environ.get("PAD_CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    for name in _NAMES:
        path = shutil.which(name)
        if path:
            return path
    return _playwright_browser()


def _playwright_browser() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and Path(path).exists() else None


def install() -> str | None:
    """Get a Chromium by Playwright, else by the system's packages; its path or ``None``."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    for command in attempts:
        subprocess.run(command, check=False, capture_output=True, timeout=600)
        found = find()
        if found:
            return found
    return None


def main() -> int:
    path = find() or install()
    if path is None:
        sys.stderr.write(
            "No Chromium for the browser tests. Install one (apt-get install chromium) "
            "or set PAD_CHROMIUM to its path.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
