"""Keys and certificates: which are where, and when each ends."""
