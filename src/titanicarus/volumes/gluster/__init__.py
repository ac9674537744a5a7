"""GlusterFS: two bricks with the content and an arbiter, in one island. docs/files.md and docs/adr/0070."""
