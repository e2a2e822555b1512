"""What client apps track."""
