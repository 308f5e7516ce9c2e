"""Asking: what comes from outside is parsed, decided, recorded, and only then rung for."""
