import ArgumentParser
internal import Glibc

/// Exit codes that scripts rely on: 0 ok; 1 it ran and the answer is no; 2 wrong usage; 3 the environment can't.
extension ExitCode {
    static let answerIsNo = ExitCode(1)
    static let wrongUsage = ExitCode(2)
    static let environment = ExitCode(3)

    /// Ends the process for an error of parsing: help and version go to stdout with 0, the rest to stderr with 2.
    static func finishParsing(_ error: any Error) -> Never {
        let message = Root.fullMessage(for: error)
        guard Root.exitCode(for: error) != .success else {
            Output.print(message)
            exit(0)
        }
        Output.warn(message)
        exit(wrongUsage.rawValue)
    }

    /// Ends the process for an error that a subcommand threw.
    static func finish(_ error: any Error) -> Never {
        switch error {
        case let code as ExitCode:
            exit(code.rawValue)
        case let usage as UsageError:
            Output.warn("swiftlet: \(usage)")
            exit(wrongUsage.rawValue)
        case let refusal as ManifestRefusal:
            Output.warn("\(refusal)")
            exit(wrongUsage.rawValue)
        case let environment as EnvironmentError:
            Output.warn("swiftlet: \(environment)")
            exit(Self.environment.rawValue)
        case let failure as BackgroundFailure:
            // It has said it in this program's own words already.
            Output.warn(failure.said.isEmpty ? "swiftlet: the process in the background ended before it was ready" : failure.said)
            exit(failure.status == 0 ? answerIsNo.rawValue : failure.status)
        case is CleanExit, is ValidationError:
            finishParsing(error)
        case _ where Root.exitCode(for: error) == .success:
            finishParsing(error)  // help, which the parser hands on as a command that throws it
        default:
            Output.warn("swiftlet: \(error)")
            exit(answerIsNo.rawValue)
        }
    }
}

/// The command line or a file it names is wrong.
struct UsageError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// The question was right, and the answer is no.
struct Refusal: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// The machine can't do it; the text says what would mend it.
struct EnvironmentError: Error, CustomStringConvertible {
    var problem: String
    var mend: String
    var description: String { "\(problem): \(mend)" }
}
