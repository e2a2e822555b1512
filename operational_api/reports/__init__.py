"""Reports over HTTP, and the end of their mails."""
