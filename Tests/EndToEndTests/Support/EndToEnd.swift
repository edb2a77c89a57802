import Testing

/// All end-to-end suites. One after the other: some take stock of the whole machine, and all of them share two processors.
@Suite(.enabled(if: Program.isRunnable), .serialized)
enum EndToEnd {}
