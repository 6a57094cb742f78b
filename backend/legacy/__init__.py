"""Python interfaces of PeizhiYan/flame-head-tracker 1.01 and 4: configuration, dictionaries, files.

May call everything up to `run`. Start with `tracker`; `backend.flame_head_tracker` and `backend.flame_head_tracker_v4`
are the doors.
"""
