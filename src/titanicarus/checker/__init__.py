"""The checker of databases: clients that write through a fault, and a judge who looks whether anything was lost."""
