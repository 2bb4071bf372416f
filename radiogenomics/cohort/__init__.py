"""Who is who, who is in, and why not."""
