"""The person's identity from several shots at once.

Floor 9: may call every lower one. Start reading at `person`; the system that is solved stands in `joint_system`.
"""
