"""The engine as Blender knows it: what is installed, and its jobs, one after the other. No `bpy` anywhere in here.

Calls `backend.contract` alone, whose `supervision` looks after a process. Start reading at `session`.
"""
