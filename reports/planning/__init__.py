"""Plans a day around its appointments."""
