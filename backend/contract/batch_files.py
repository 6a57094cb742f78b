"""Files in the folder of a batch, and settings that the batch itself gives to its shots."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = 1
"""Of the manifest."""

MANIFEST: Final = "batch.json"
PAGE: Final = "batch.html"

GIVEN_BY_BATCH: Final = frozenset(
    {("video", "path"), ("track", "path"), ("report", "folder"), ("texture", "path"), ("export", "folder")}
)
"""Kind and name of settings that follow from a shot's file and folder."""

MOST_WORKERS: Final = 64
