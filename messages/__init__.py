"""Telling people: put into the outbox with the move that a message tells of, and sent until it arrives."""
