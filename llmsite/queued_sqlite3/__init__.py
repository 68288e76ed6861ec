"""Django's SQLite, but the threads of a process write in the order in which they asked.

SQLite lets one connection write at a time and has the others look again every tenth of a second:
whoever looks at the right moment is next, and among fifty some wait for a minute.
"""
