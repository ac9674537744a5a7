# GlusterFS with all of the files: one of two.
include:
  - filer
