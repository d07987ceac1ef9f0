"""Backing services in a process of their own, for services that nobody vouches for.

What a graded notebook sends to its Redis, its downstream and its database file is interpreted in that process, which is
locked up as a kernel is. The judge asks it for plain, bounded data over one connection:

    messages.py  what goes over the connection
    child.py     the process: holds the real Database, CacheServer and Downstream
    host.py      the judge's end of the connection
    remote.py    stand-ins with the methods of the real ones, for the fixtures of checks
"""
