"""What several drills need: processes to start, figures to print, and the programs on the other side of the proxy."""
