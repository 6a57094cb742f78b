"""MediaPipe's 478 landmarks on the mesh of a head: as measured, or by registration of the face mesh."""
