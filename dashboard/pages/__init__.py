"""One page a module: a filter, its questions, its charts, and what it says when there is nothing to show."""
