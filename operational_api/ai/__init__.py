"""Day plans, suggestions, insights and their AI usage."""
