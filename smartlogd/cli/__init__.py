"""What a person types, and what they read.

Takes: words, options, files.  Gives: tables, one JSON object a line, exit codes.
Keeps: nothing.  Never: thinks; it reads settings, asks the rooms or the daemon, and prints.
"""
