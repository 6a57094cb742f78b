"""Python interfaces of PeizhiYan/flame-head-tracker 1.01 and 4: configuration, dictionaries, files.

Their fits are made in square crops with an angle of view of their own, and start from dictionaries and codes of
scripts, which no stage takes: so they call landmarks and fit themselves, and keep nothing for another run.

Floor 15: may call every lower one. Start with `base_tracker`; scripts enter by `backend.flame_head_tracker` and
`backend.flame_head_tracker_v4`.
"""
