"""Interfaces of other packages on top of this one: change the import line, and scripts run."""
