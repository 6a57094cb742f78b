"""Head models as arrays: FLAME files, the built-in head, skinning, landmark embeddings, albedo.

Floor 4: may call every lower one. Start with `model` (the arrays), `library` (which heads there are), `skinning`.
"""
