"""Faults on purpose: the rows of docs/faults.md as drills, a storm of them within limits, and what came of each.

What is planned, allowed and judged is pure; `lab_world` breaks, watches and mends.
"""
