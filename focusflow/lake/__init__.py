"""The lake: Delta tables, their durability on disk, and the views that queries read them by."""
