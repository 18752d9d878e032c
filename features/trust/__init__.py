"""Table trust: what each table brought week by week, what its own history leads one to expect, and what is out."""
