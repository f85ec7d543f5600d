"""Let a warm server run the command ``pytest`` on the suites, before this process imports anything heavy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.catalog import SUITES
from harness.warm import client

__all__ = ["exit_code"]

COLD = ("usepdb", "trace", "in_process", "numprocesses", "inifilename", "rootdir", "help", "version")
"""The options of pytest, by their names in its namespace, with which the run stays in this process."""


def exit_code(config: pytest.Config) -> int | None:
    """Run pytest's command line on the warm server.

    Args:
        config: the configuration before conftest.py files are read.

    Returns:
        pytest's exit code. None if there is no server, if other tests than the suites' are named, or if an option needs
        this process, such as ``--pdb``. Also None if a program has called pytest.
    """
    call = config.invocation_params
    options = config.known_args_namespace
    if call.plugins or [*call.args] != sys.argv[1:] or any(getattr(options, name, None) for name in COLD):
        return None
    if {*options.plugins} - {"harness.pytest_hooks"}:
        return None
    named = options.file_or_dir or (config.getini("testpaths") if call.dir == config.rootpath else ["."])
    if not all(Path(call.dir, one.partition("::")[0]).resolve().is_relative_to(SUITES) for one in named):
        return None
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.suspend_global_capture(in_=True)  # the server gets the files of the terminal, not pytest's
    try:
        return client.run(["-m", "pytest", *call.args])
    finally:
        capture.resume_global_capture()
