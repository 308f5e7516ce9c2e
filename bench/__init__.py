"""Measured numbers: the product, bare huey and procrastinate side by side, as one JSON document."""
