# The keeper, which says who may write.
include:
  - keeper
