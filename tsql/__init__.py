"""Tenants' T-SQL as text: what its bytes say, where its batches end, and what in it a reviewer must see. Pure."""
