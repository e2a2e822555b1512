"""How a person sorts their tasks and goals."""
