"""Exit codes that tell `focusflow up` whether restarting a process can help."""

FAILED = 1  # a message says what to do; a restart does not help
USAGE = 2  # of click: the command line is wrong
DEFECT = 70  # EX_SOFTWARE: an unexpected error, with its traceback
TEMPORARY = 75  # EX_TEMPFAIL: something that can pass, such as a database that is away

PERMANENT = frozenset({FAILED, USAGE})
