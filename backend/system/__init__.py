"""The computer as the engine uses it: files, folders, locks, devices, processes, and its own source code.

May call `contract` alone. Start with `source_code` (what makes kept results void) and `pictures` (reading, writing).
"""
