"""Who brasa is measured against, and how each peer runs in a process of its own."""
