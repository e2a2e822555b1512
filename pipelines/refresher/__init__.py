"""The resident refresher: brings all tables up to what has landed, as soon as it has landed."""
