"""The pages a person looks at. They read the lake and never write to it."""
