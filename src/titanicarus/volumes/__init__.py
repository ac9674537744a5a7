"""Mirrored files: bricks that find each other and heal, mounts that are tried and repaired.

`filesystem` is what the rest of the platform asks of a mirrored file system; `gluster` is the one that there is.
"""
