"""Files in the folder of a batch, settings that the batch itself gives to its shots, and words in its events."""

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

WHOLE: Final = "batch"
"""Name and kind of the stage that has the progress of all shots."""

SOME_FAILED: Final = "batch-shots-failed"
"""Code of the failure of a batch that went through all its shots, some of which could not be tracked."""
