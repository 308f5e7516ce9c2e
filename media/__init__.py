"""Recognition of uploaded database files from their own bytes, before any server sees them."""
