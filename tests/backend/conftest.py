"""Fixtures that several files share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_videos import Messages

from backend.data.context import Context
from backend.head.embedding import landmark_embedding as embedding


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Registrations are kept in a folder of this test run, not in the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding, "cache_folder", lambda: folder)
        yield folder


@pytest.fixture
def messages() -> Messages:
    """What a stage told its user."""
    return Messages()


@pytest.fixture
def context(tmp_path: Path, messages: Messages) -> Context:
    """What the stage Video is run with."""
    return Context("video", messages, lambda: False, tmp_path / "work", tmp_path / "models")
