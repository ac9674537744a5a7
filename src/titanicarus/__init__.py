"""Titanicarus: a self-healing hosting platform. This package is its core and knows nothing of Salt."""
