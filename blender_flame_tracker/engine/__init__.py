"""The engine as another program: its processes, what they say, what is installed. No `bpy` anywhere in here.

Calls `backend.contract` alone. Start reading at `supervisor` (one process from start to end),
then `process` below it and `session` above it (jobs, one after the other).
"""
