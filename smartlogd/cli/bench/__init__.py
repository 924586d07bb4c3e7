"""Measuring this machine: how quick, how light, how soon.

Each measure says what it compares with, and runs long enough or often enough to be repeated.
"""
