"""What all formats share: records, the reading of files and values, and the writing of an import."""
