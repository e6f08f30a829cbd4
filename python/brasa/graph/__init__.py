"""From recorded ops to a plan: symbols, and small passes that each do one thing."""
