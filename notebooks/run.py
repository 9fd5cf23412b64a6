"""Execute the five notebooks in order, and report on each: `python notebooks/run.py`.

By default the pages go to build/ with an index; --outputs rewrites the notebooks' stored outputs
instead, --check compares new outputs with the stored ones (nbval), strictly or, with --lax,
where a cell asks for it.
"""
