"""Keeping a box well: checks, repairs, backups, alarms, supervision in a checkout."""
