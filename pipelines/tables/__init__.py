"""The tables of the lake, a folder each, and the relations that several of them read."""
