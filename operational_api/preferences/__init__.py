"""When and how a person wants to hear of things."""
