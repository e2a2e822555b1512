"""Labels, training sets, and fitting. scikit-learn is imported here only."""
