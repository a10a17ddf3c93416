"""Skazano: a voice note in Telegram becomes finished work."""

__version__ = "0.1.0"
