"""What all tests share."""

from pipelines.quiet import hush_at_exit

hush_at_exit()
