"""Reports over HTTP, and unsubscribing from emails."""
