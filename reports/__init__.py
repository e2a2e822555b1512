"""Facts of one person and one period, said in words: insights, and the weekly and monthly report."""
