internal import CRI
internal import ImageStore
internal import LinuxSystem
internal import PodNetwork

extension NativeRuntime {
    /// Runs blocking work on a thread that may block.
    func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await executor.run(body)
    }

    /// One verb: whatever it throws becomes one error with the verb in front.
    func verb<Value: Sendable>(
        _ operation: @autoclosure () -> String, _ body: () async throws -> Value
    ) async throws(RuntimeError) -> Value {
        do {
            return try await body()
        } catch {
            throw RuntimeError(wrapping: error, operation())
        }
    }
}

extension RuntimeError {
    /// Puts what was tried in front of an error and keeps what a caller may branch on.
    init(wrapping error: any Error, _ operation: String) {
        self.init(Self.code(of: error), operation, cause: error)
    }

    init(_ error: ImageError) { self.init(Self.code(of: error), error.description) }

    private static func code(of error: any Error) -> Code {
        switch error {
        case let error as RuntimeError: error.code
        case is SpecError: .invalidArgument
        case let error as ImageError: code(of: error)
        case let error as PodNetworkError: code(of: error)
        case let error as SystemError where error.errno == .noSpace: .resourceExhausted
        case is CancellationError: .deadlineExceeded
        default: .failed
        }
    }

    private static func code(of error: ImageError) -> Code {
        switch error.code {
        case .notFound: .notFound
        case .invalid, .ambiguous, .refused: .invalidArgument
        case .inUse: .failedPrecondition
        case .unavailable: .unavailable
        case .corrupted, .failed, .denied: .failed
        }
    }

    private static func code(of error: PodNetworkError) -> Code {
        switch error.code {
        case .invalidConfiguration: .invalidArgument
        case .exhausted: .resourceExhausted
        case .alreadyExists: .alreadyExists
        case .unavailable: .unavailable
        case .failed: .failed
        }
    }
}

extension NativeRuntime {
    func sandbox(_ id: String) throws(RuntimeError) -> Sandbox {
        guard let sandbox = registry.sandbox(id) else { throw RuntimeError(.notFound, "no sandbox \(id)") }
        return sandbox
    }

    func container(_ id: String) throws(RuntimeError) -> Container {
        guard let container = registry.container(id) else { throw RuntimeError(.notFound, "no container \(id)") }
        return container
    }
}
