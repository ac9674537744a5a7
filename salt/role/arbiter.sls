# GlusterFS with names and attributes only: the third opinion.
include:
  - filer
