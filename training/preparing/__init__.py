"""From what someone brought to the files of a dataset version, in a process of its own.

`look` tells what came: columns, first rows, what it could be. `build` makes the files once a
person has chosen. No Django here.
"""
