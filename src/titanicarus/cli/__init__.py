"""The saguire command: parsing and printing only. What it does lives in the rooms fleet, lab and control."""
