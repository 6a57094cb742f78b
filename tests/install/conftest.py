"""Workshops for the tests: see `install_workshop`."""

from __future__ import annotations

from pathlib import Path

import pytest
from install_workshop import Workshop, new_workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """An empty workshop."""
    return new_workshop(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop with a complete environment; a test that uses it leaves it complete."""
    workshop = new_workshop(tmp_path_factory.mktemp("installed"))
    run = workshop.install()
    assert run.returncode == 0, run.stdout + run.stderr
    return workshop
