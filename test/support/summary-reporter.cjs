/** Says the outcome in one plain last line, for people and for machines that read logs. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numFailedTestSuites, numRuntimeErrorTestSuites }) {
    if (numRuntimeErrorTestSuites > 0) process.stdout.write(`${numFailedTestSuites} suites could not run\n`);
    process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed\n`);
  }
};
