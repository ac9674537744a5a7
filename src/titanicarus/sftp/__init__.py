"""Files of people and of sites by SFTP, each shut into a folder of its own on the shard's files."""

from titanicarus.sftp.folder import NotHere, check_site, prepare

__all__ = ["NotHere", "check_site", "prepare"]
