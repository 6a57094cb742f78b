"""Installations for the tests: see `install_helpers`."""

from __future__ import annotations

from pathlib import Path

import pytest
from install_helpers import Installation, new_installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation of which nothing is there yet."""
    return new_installation(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with a complete environment; a test that uses it leaves it complete."""
    installation = new_installation(tmp_path_factory.mktemp("installed"))
    run = installation.install()
    assert run.returncode == 0, run.stdout + run.stderr
    return installation
