"""The tables: what is kept, in which unit, and why.

Takes: nothing but the words of the base.  Gives: the mapped classes, their history of migrations, the readable view.
Keeps: nothing.  Never: opens a database on its own, asks the network, knows of rooms.
"""
