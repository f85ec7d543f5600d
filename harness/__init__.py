"""What grades any problem set of Python stubs. Nothing here names what one problem set asks for."""

from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).resolve().parent.parent
"""The repository's folder."""
