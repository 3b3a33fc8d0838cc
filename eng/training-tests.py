"""Runs unit tests below Training for test.sh and notes each one's outcome. Run in Training: training-tests.py OUTCOMES FOLDER [TOP].

A line a test in OUTCOMES: name TAB Passed, Failed or NotExecuted TAB message. Ends with 0 when none failed.
"""

import sys
import unittest


class Noted(unittest.TextTestResult):
    """Keeps the worst that was said of each test: of subtests there are several answers."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.outcomes = {}

    def note(self, test, outcome, message=""):
        before, _ = self.outcomes.get(test.id(), ("", ""))
        if before != "Failed":
            self.outcomes[test.id()] = outcome, " ".join(message.split())

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "Passed")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.note(test, "Failed", str(error[1]))

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, "Failed", str(error[1]))

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.note(test, "Failed", str(error[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "NotExecuted", reason)

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.note(test, "Passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "Failed", "was expected to fail, and passed")


outcomes, folder, *top = sys.argv[1:]
sys.path.insert(0, ".")
tests = unittest.defaultTestLoader.discover(folder, top_level_dir=top[0] if top else None)
result = unittest.TextTestRunner(resultclass=Noted).run(tests)
with open(outcomes, "a") as file:
    for name, (outcome, message) in result.outcomes.items():
        file.write(f"Training: {name}\t{outcome}\t{message}\n")
sys.exit(0 if result.wasSuccessful() else 1)
