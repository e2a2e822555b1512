"""Exit codes with which a process tells `focusflow up` whether starting it again can help."""

FAILED = 1  # a sentence says what to do; starting it again is of no use
USAGE = 2  # of click: the command line is wrong
DEFECT = 70  # EX_SOFTWARE: an unexpected error, with its traceback
TEMPORARY = 75  # EX_TEMPFAIL: something that can pass, such as a database that is away

PERMANENT = frozenset({FAILED, USAGE})
