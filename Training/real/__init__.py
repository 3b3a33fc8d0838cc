"""Looking at real video: an obstacle pasted into it, the run of it drawn, and what the model says of both."""


class Unusable(Exception):
    """Input that cannot be used; its text is the one line that says what, where and why."""
