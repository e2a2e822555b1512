"""What to do today and now, what stands out, and what it cost to say so."""
