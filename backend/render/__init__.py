"""Pictures for people: the head over the footage, landmark lines, the lit and textured head.

May call everything up to `head`. Start with `overlay`; `differentiable` draws in torch, with nvdiffrast or PyTorch3D
where they are installed.
"""
