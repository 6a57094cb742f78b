"""Finding faces and their 478 landmarks: MediaPipe's networks, run directly, with our own crops."""
