"""Files of people by SFTP, each shut into a folder of their own on the shard's files."""

from titanicarus.sftp.folder import NotHere, prepare

__all__ = ["NotHere", "prepare"]
