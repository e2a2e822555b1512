"""Demo users with a believable history, written through the same contract as real writes."""

from ingestion.demo.personas import PASSWORD
from ingestion.demo.writer import Written, write_demo

__all__ = ["PASSWORD", "Written", "write_demo"]
