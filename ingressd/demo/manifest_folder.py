"""Where the bundled manifests are."""

from __future__ import annotations

from pathlib import Path


def manifest_folder() -> Path:
    """Return the folder with the example's manifests; they are files of the package, to be read and copied."""
    return Path(__file__).with_name("manifests")
