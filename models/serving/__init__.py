"""Scores open tasks with the model that serves, and gives the reasons."""
