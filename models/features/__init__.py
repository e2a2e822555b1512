"""What is known of a task at a moment, as numbers. Nothing here looks at what happened later."""
