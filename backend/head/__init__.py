"""Head models: FLAME files, the built-in head, skinning, landmark embeddings."""
