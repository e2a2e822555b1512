"""The HTTP API: each change commits its row and its event together. What is computed from them is computed elsewhere."""
