"""What an admin sees and may do."""
