"""What the site shows and a machine makes.

    python -m docs.made                  draw and list all of it, from what is committed
    python -m docs.made measure [NAME]   run what is measured first; each its file in docs/data

Nothing of it happens while the site is built. A test makes all of it again and compares.
"""
