"""Finding faces and their 478 landmarks: MediaPipe's networks, run directly, with our own crops.

Floor 6: may call every lower one. Start with `tracking` (one face over the clip) and `pipeline` (all frames through
the networks); `aligned_crop` and `crop_camera` are the square pictures of a face and their cameras.
"""
