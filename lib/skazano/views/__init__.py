"""What only reads the spool: the loop of such programs, the pages, the index."""
