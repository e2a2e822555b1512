"""What a person does again and again."""
