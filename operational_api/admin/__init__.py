"""Administration of accounts, audit log and pipeline."""
