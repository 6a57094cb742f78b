"""The engine as another program: its processes, what they say, what is installed. No `bpy` anywhere in here.

Calls `backend.contract` alone. Start reading at `process` (one process), then `session` (jobs, one after the other).
"""
