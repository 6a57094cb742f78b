"""Pictures for people: the head over the footage, landmark lines, the lit and textured head.

Floor 5: may call every lower one. Start with `overlay`; `differentiable` draws in torch, with nvdiffrast or PyTorch3D
where they are installed.
"""
