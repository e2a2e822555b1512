"""The pages a user looks at. They read the lake and never write to it."""
