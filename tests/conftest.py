"""What all tests share."""

from pipelines.cli import hush_at_exit

hush_at_exit()
