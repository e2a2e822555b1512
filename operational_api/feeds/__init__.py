"""The personal calendar feed: plan, due tasks and habits under a secret address."""
