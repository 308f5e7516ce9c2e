"""The nouns of the product. Pure: imports nothing but the standard library, reads no clock, no file, no network."""
