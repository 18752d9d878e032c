"""The API for programs: the same lists, accounts and feedback as the pages, as JSON."""
