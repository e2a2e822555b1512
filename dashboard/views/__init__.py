"""One page a module: a filter, its questions, its charts, and what it says when there is nothing to show.

Not a folder called `pages`: Streamlit takes one beside the script for its own kind of pages, and a first visit to `/goals` would be blank.
"""
