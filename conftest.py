"""What pytest needs for every room: pytester, and the blocks of the documentation as tests."""

pytest_plugins = ["pytester"]
