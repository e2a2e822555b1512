"""Facts of one user and one period, said in words: insights, and the weekly and monthly report."""
