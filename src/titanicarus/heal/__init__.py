"""The fleet heals itself: news of hosts, one pure decision about each, and a ledger of everything (docs/healing.md).

On every host: `here` (what can be seen without starting a program), `watch` (what is worth saying), `parts` (what no
unit tells of), `claims`, `holds`. On control hosts: `report` and `sight` (what is believed of others), `decide` (what
follows), `guard` (the loop around it), `ledger` and `incidents` (what was done, and why).
What is only told has a loop of its own, `teller`: of hosts and islands that are away (`observer`, `presence`,
`absence`, `outlook`), and of parts that are ill (`ailment`, `ward`). Islands go out and come back by `shares`,
`reentry`, `returns`.
"""
