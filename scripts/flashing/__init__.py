"""Preparing a card for a Raspberry Pi: an image, its boot partition, and what is written there.

Python's own library and mtools are all it needs, so that it runs on the laptop that has the card reader.
"""
