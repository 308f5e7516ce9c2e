"""The edge that speaks HTTP: the API under /api/v1, its streams, its figures, and the server that carries them."""
