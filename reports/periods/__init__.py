"""The content of a report: facts of one user and one period, and what is worth saying about them."""
