"""Where: estate files to places and rulebook, with every mistake at once."""
